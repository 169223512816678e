/* Log-softmax of rows of any length. docs/bits.md, "Logarithms".
 *
 * A row goes one of three ways, all with the same bits:
 *
 *     transposed    short rows, V_LANES of them in the lanes of vectors: log_transposed_template.h
 *     batch         rows of middling length, some together, each along its own vectors: log_batch_template.h
 *     row           one by one: long rows, single rows, and rows with something special: log_softmax_row_template.h
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOG_SOFTMAX_ROWS_TEMPLATE_H
#define SMX_LOG_SOFTMAX_ROWS_TEMPLATE_H

#include "../options/policy.h"

#include "log_batch_template.h"
#include "log_softmax_row_template.h"
#include "log_transposed_template.h"
#include "mask_template.h"

/* y_j = (x_j - max) - log1p(rho), rho as in log_stats_template.h. `stream`: y goes past the caches, and is not in
 * place; else it may be.
 *
 * Error: below BOUND_LOG_SOFTMAX = 2.6 ULP (docs/accuracy.md). The worst known: 2.25 ULP in
 * worst-log-softmax-f32, 2.38 in worst-log-softmax-f64. */
static void log_softmax_rows(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                             struct policy policy, bool stream) {
    for (size_t k = 0; k < rows;) {
        bool lanes, done = false;
        size_t some = log_rows_together(rows - k, n, &lanes);
        const real *from = x + k * ldx;
        real *to = y + k * ldy;
#ifdef V_TRANSPOSE
        done = lanes && log_softmax_transposed(some, n, from, ldx, to, ldy, stream);
#endif
        done = done || (n < WIDE_FROM && !lanes && log_softmax_batch(some, n, from, ldx, to, ldy, stream));
        for (size_t i = 0; i < some && !done; i++) {
            logits l = {.x = from + i * ldx, .stride = 1, .scale = 1, .row_n = n};
            log_softmax_row(n, &l, to + i * ldy, policy);
        }
        k += some;
    }
    if (stream) {
        v_stream_end();
    }
}

#endif
