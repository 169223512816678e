/* Cross-entropy of rows of any length, with whatever is asked of them: weights, smoothing, dense targets, z-loss,
 * masks. Short rows with a label and nothing else go to lanes (cross_entropy_transposed_template.h), all others one by
 * one (cross_entropy_row_template.h), but for floats whose logits are made in registers, which go some at a time
 * (cross_entropy_batch_template.h). Rows of floats whose logits are their entries come here only where something is
 * out of range: see cross_entropy_labels_template.h. docs/bits.md, "Cross-entropy".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_CROSS_ENTROPY_ROWS_TEMPLATE_H
#define SMX_CROSS_ENTROPY_ROWS_TEMPLATE_H

#include "cross_entropy_batch_template.h"
#include "cross_entropy_parts_template.h"
#include "cross_entropy_row_template.h"
#include "cross_entropy_transposed_template.h"
#include "log_transposed_template.h"
#include "transpose_template.h"

/* loss = sum of A_c (-log p_c) + z_loss lse^2, and its gradients. In place allowed.
 *
 * Error of the loss: with a label alone that of log-softmax, whose bits log p of a label has, else below
 * BOUND_LOSS = 4 ULP. The worst known: 2.26 ULP in worst-cross-entropy-loss-f32, 2.35 in
 * worst-cross-entropy-loss-f64.
 *
 * Error of dx: with a label alone below BOUND_LABEL_GRADIENT = 3 ULP at the label and BOUND_OTHER_GRADIENT = 4.25 ULP
 * elsewhere, else at most BOUND_LOSS_GRADIENT = 2^-21 times |scale G| ((sum of |A_c| + 2 z_loss |lse|) p_i + |A_i|) in
 * f32, with 2^-50 in f64, and what smx/cross_entropy.h has besides. The worst known: 0.75 of it in
 * worst-cross-entropy-gradient-f32, 0.76 of it in worst-cross-entropy-gradient-f64. Of dtargets: below
 * BOUND_TARGET_GRADIENT = 6 ULP; the worst known is 1.78 (docs/accuracy.md). */
NOT_INLINE static void cross_entropy_rows(size_t rows, const ce_row *row, size_t ldx, size_t lddx, ce_result *results) {
    for (size_t k = 0; k < rows;) {
        size_t some;
#ifdef V_TRANSPOSE
        some = rows - k < V_LANES ? rows - k : V_LANES;
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
        some = cross_entropy_batch(rows - k, row + k, results + k);
        if (some == 0) {
            results[k] = cross_entropy_row(&row[k]);
            some = 1;
        }
        k += some;
    }
}

#endif
