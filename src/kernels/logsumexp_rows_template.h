/* Logsumexp of rows of any length: each by the way that is quickest for it. Template: compiled once for each
 * instruction set and type. */
#ifndef SMX_LOGSUMEXP_ROWS_TEMPLATE_H
#define SMX_LOGSUMEXP_ROWS_TEMPLATE_H

#include "log_batch_template.h"
#include "log_transposed_template.h"
#include "logsumexp_row_template.h"
#include "mask_template.h"

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
