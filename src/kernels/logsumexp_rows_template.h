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
 * Error: at most 0.51 ULP + 2^-23 rho / (1 + rho) in f32, with 2^-52 in f64: a logsumexp near 0 is the difference of
 * the maximum and a logarithm. The worst known is 0.5 ULP, where rho vanishes (docs/accuracy.md). */
static void logsumexp_rows(size_t rows, size_t n, const real *x, size_t ldx, real *lse) {
    for (size_t k = 0; k < rows;) {
        bool lanes, done = false;
        size_t group = log_rows_together(rows - k, n, &lanes);
        const real *from = x + k * ldx;
#ifdef V_TRANSPOSE
        done = lanes && logsumexp_transposed(group, n, from, ldx, lse + k);
#endif
        done = done || (n < WIDE_FROM && !lanes && logsumexp_batch(group, n, from, ldx, lse + k));
        for (size_t i = 0; i < group && !done; i++) {
            logits l = {.x = from + i * ldx, .stride = 1, .scale = 1, .row_n = n};
            lse[k + i] = logsumexp_row(n, &l);
        }
        k += group;
    }
}

#endif
