/* Cross-entropy of rows of any length, with whatever is asked of them: weights, smoothing, dense targets, z-loss,
 * masks. Short rows with a label and nothing else go to lanes (cross_entropy_transposed_template.h), all others one by
 * one (cross_entropy_row_template.h). Whole calls of plain labels have kernels of their own:
 * cross_entropy_labels_template.h. docs/bits.md, "Cross-entropy".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_CROSS_ENTROPY_ROWS_TEMPLATE_H
#define SMX_CROSS_ENTROPY_ROWS_TEMPLATE_H

#include "cross_entropy_parts_template.h"
#include "cross_entropy_row_template.h"
#include "cross_entropy_transposed_template.h"
#include "log_transposed_template.h"
#include "transpose_template.h"

/* loss = sum of A_c (-log p_c) + z_loss lse^2, and its gradients. In place allowed.
 *
 * Error: the loss is off by less than 2 ULP with labels alone, else by less than 4; dx by less than 3 ULP at the label
 * and 4 elsewhere, or by the bound in smx/cross_entropy.h with weights, smoothing or targets. The worst losses known
 * are 1.41 ULP (f64: 1.35), the cases worst-cross-entropy-loss-* in tests/vectors/worst.txt; the worst dx is 0.54 of
 * its bound, the case worst-cross-entropy-gradient-of-six-f32. */
NOT_INLINE static void cross_entropy_rows(size_t rows, const ce_row *row, size_t ldx, size_t lddx, ce_result *results) {
    for (size_t k = 0; k < rows;) {
        size_t some = rows - k < V_LANES ? rows - k : V_LANES;
#ifdef V_TRANSPOSE
        /* Rows without entries may have no address to step from. */
        bool fit = row[k].n > 0 && row[k].n <= LOG_TRANSPOSED_MOST && some >= TRANSPOSED_ROWS_LEAST;
        for (size_t i = k; i < k + some && fit; i++) {
            bool same_window = row[i].n == row[k].n && row[i].l.x == row[k].l.x + (i - k) * ldx;
            fit = same_window && plain_ce_row(&row[i]);
        }
        if (fit && cross_entropy_transposed(some, row + k, ldx, lddx, results + k)) {
            k += some;
            continue;
        }
#else
        (void)ldx;
        (void)lddx;
#endif
        for (size_t end = k + some; k < end; k++) {
            results[k] = cross_entropy_row(&row[k]);
        }
    }
}

#endif
