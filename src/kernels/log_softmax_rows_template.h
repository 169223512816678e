/* Log-softmax of rows of any length: each by the way that is quickest for it. Template: compiled once for each
 * instruction set and type. */
#ifndef SMX_LOG_SOFTMAX_ROWS_TEMPLATE_H
#define SMX_LOG_SOFTMAX_ROWS_TEMPLATE_H

#include "../policy.h"

#include "log_batch_template.h"
#include "log_softmax_row_template.h"
#include "log_transposed_template.h"
#include "mask_template.h"

static void log_softmax_rows(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                             struct policy policy, bool stream) {
    for (size_t k = 0; k < rows;) {
        bool lanes, done = false;
        size_t group = log_rows_together(rows - k, n, &lanes);
        const real *from = x + k * ldx;
        real *to = y + k * ldy;
#ifdef V_TRANSPOSE
        done = lanes && log_softmax_transposed(group, n, from, ldx, to, ldy, stream);
#endif
        done = done || (n < WIDE_FROM && !lanes && log_softmax_batch(group, n, from, ldx, to, ldy, stream));
        for (size_t i = 0; i < group && !done; i++) {
            logits l = {.x = from + i * ldx, .stride = 1, .scale = 1, .row_n = n};
            log_softmax_row(n, &l, to + i * ldy, policy);
        }
        k += group;
    }
    if (stream) {
        v_stream_end();
    }
}

#endif
