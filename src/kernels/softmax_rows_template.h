/* Softmax of rows of any length: each by the way that is quickest for it. Template: compiled once for each instruction
 * set and type. */
#ifndef SMX_SOFTMAX_ROWS_TEMPLATE_H
#define SMX_SOFTMAX_ROWS_TEMPLATE_H

#include "../policy.h"

#include "softmax_batch_template.h"
#include "softmax_row_template.h"
#include "softmax_transposed_template.h"
#include "transpose_template.h"

/* The first of *rows rows by the way that suits them, and to *rows how many these are; false, with nothing written, if
 * they must go one by one. */
static bool softmax_rows_together(size_t *rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy) {
#ifdef V_TRANSPOSE
    if (n <= SOFTMAX_TRANSPOSED_MOST && *rows >= TRANSPOSED_ROWS_LEAST) {
        *rows = *rows < SOFTMAX_TRANSPOSED_ROWS ? *rows : SOFTMAX_TRANSPOSED_ROWS;
        return softmax_transposed(*rows, n, x, ldx, y, ldy);
    }
#endif
    *rows = softmax_batch_rows(*rows, n);
    return *rows > 1 && n <= SUM_BLOCK * V_LANES && softmax_batch(*rows, n, x, ldx, y, ldy);
}

static void softmax_rows(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy) {
    for (size_t k = 0; k < rows;) {
        size_t some = rows - k;
        bool done = softmax_rows_together(&some, n, x + k * ldx, ldx, y + k * ldy, ldy);
        for (size_t i = k; i < k + some && !done; i++) {
            softmax_row(n, x + i * ldx, y + i * ldy, policy);
        }
        k += some;
    }
}

#endif
