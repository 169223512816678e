/* Logsumexp of rows of any length. docs/bits.md, "Logarithms".
 *
 * A row goes one of three ways, all with the same bits:
 *
 *     transposed    short rows, V_LANES of them in the lanes of vectors: log_transposed_template.h
 *     batch         rows of middling length, some together, each along its own vectors: log_batch_template.h
 *     row           one by one: long rows, single rows, and rows with something special: logsumexp_row_template.h
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOGSUMEXP_ROWS_TEMPLATE_H
#define SMX_LOGSUMEXP_ROWS_TEMPLATE_H

#include "log_batch_template.h"
#include "log_transposed_template.h"
#include "logsumexp_row_template.h"
#include "mask_template.h"

/* lse = max + log1p(rho), rho as in log_stats_template.h.
 *
 * Error: at most BOUND_LOGSUMEXP_ROUNDING = 0.51 ULP, and rho / (1 + rho) times BOUND_LOGSUMEXP = 2^-23 in f32, with
 * 2^-52 in f64: a logsumexp near 0 is the difference of the maximum and a logarithm. The worst known: 0.98 of it in
 * worst-logsumexp-sink-f32, 0.98 of it in worst-logsumexp-sink-f64: half an ULP, where rho vanishes. */
static void logsumexp_rows(size_t rows, size_t n, const real *x, size_t ldx, real *lse) {
    for (size_t k = 0; k < rows;) {
        bool lanes, done = false;
        size_t some = log_rows_together(rows - k, n, &lanes);
        const real *from = x + k * ldx;
#ifdef V_TRANSPOSE
        done = lanes && logsumexp_transposed(some, n, from, ldx, lse + k);
#endif
        done = done || (n < WIDE_FROM && !lanes && logsumexp_batch(some, n, from, ldx, lse + k));
        for (size_t i = 0; i < some && !done; i++) {
            logits l = {.x = from + i * ldx, .stride = 1, .scale = 1, .row_n = n};
            lse[k + i] = logsumexp_row(n, &l);
        }
        k += some;
    }
}

#endif
