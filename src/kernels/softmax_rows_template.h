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
static bool softmax_some(size_t *rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy) {
#ifdef V_TRANSPOSE
    if (n <= SHORT_ROW_SOFTMAX && *rows >= SHORT_GROUP) {
        *rows = *rows < SOFTMAX_LANES ? *rows : SOFTMAX_LANES;
        return softmax_groups(*rows, n, x, ldx, y, ldy);
    }
#endif
    *rows = rows_of_group(*rows, n);
    return *rows > 1 && n <= SUM_BLOCK * V_LANES && softmax_row_group(*rows, n, x, ldx, y, ldy);
}

static void softmax_rows(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy) {
    for (size_t k = 0; k < rows;) {
        size_t some = rows - k;
        bool done = softmax_some(&some, n, x + k * ldx, ldx, y + k * ldy, ldy);
        for (size_t i = k; i < k + some && !done; i++) {
            softmax_row(n, x + i * ldx, y + i * ldy, policy);
        }
        k += some;
    }
}

#endif
