/* Softmax of rows of any length. docs/bits.md, "Forward".
 *
 * A row goes one of four ways, all with the same bits:
 *
 *     transposed    short rows, V_LANES of them in the lanes of vectors: softmax_transposed_template.h
 *     folded        rows of some vectors, each along its own, but one in each lane in between:
 *                   softmax_folded_template.h
 *     batch         rows of middling length, some together, each along its own vectors: softmax_batch_template.h
 *     row           one by one: long rows, single rows, and rows with something special: softmax_row_template.h
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SOFTMAX_ROWS_TEMPLATE_H
#define SMX_SOFTMAX_ROWS_TEMPLATE_H

#include "../options/policy.h"

#include "softmax_batch_template.h"
#include "softmax_folded_template.h"
#include "softmax_row_template.h"
#include "softmax_transposed_template.h"
#include "transpose_template.h"

/* Tries to handle some rows together, from the first on, and sets *rows to how many. False, with nothing written, if
 * these must go one by one. */
static bool softmax_rows_together(size_t *rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy) {
#ifdef V_TRANSPOSE
    if (n <= SOFTMAX_TRANSPOSED_MOST && (n % V_LANES != 0 || n < SOFTMAX_FOLDED_LEAST) &&
        *rows >= TRANSPOSED_ROWS_LEAST) {
        *rows = *rows < SOFTMAX_TRANSPOSED_ROWS ? *rows : SOFTMAX_TRANSPOSED_ROWS;
        return softmax_transposed(*rows, n, x, ldx, y, ldy);
    }
#endif
#ifdef V_TRANSPOSE
    if (n <= SOFTMAX_FOLDED_MOST && *rows >= TRANSPOSED_ROWS_LEAST) {
        *rows = softmax_folded_rows(*rows, n);
        return softmax_folded(*rows, n, x, ldx, y, ldy);
    }
#endif
    *rows = softmax_batch_rows(*rows, n);
    return *rows > 1 && n <= SUM_BLOCK * V_LANES && softmax_batch(*rows, n, x, ldx, y, ldy);
}

/* y_j = exp(x_j - max) / sum of exp(x_k - max). In place allowed.
 *
 * Error: below BOUND_SOFTMAX = 3.75 ULP, and 2^-150 (f64: 2^-1075) more for results that small (docs/accuracy.md). The
 * worst known: 3.54 ULP in worst-forward-f32-n1000, 3.57 in worst-forward-f64-n1000; of rows of up to 16 entries 3.52
 * in worst-forward-f32, 3.51 in worst-forward-f64. */
static void softmax_rows(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy) {
    if (rows == 1) { /* asked in softmax_rows_together, it would take 57 -> 62 ns of a row of ten (AVX2) */
        softmax_row(n, x, y, policy);
        return;
    }
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
