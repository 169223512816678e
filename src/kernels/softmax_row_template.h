/* Softmax of one row of any length: maximum, terms with their sum, scaling. docs/bits.md, "Forward".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SOFTMAX_ROW_TEMPLATE_H
#define SMX_SOFTMAX_ROW_TEMPLATE_H

#include "../options/policy.h"

#include "row_fill_template.h"
#include "row_max_template.h"
#include "row_scale_template.h"
#include "row_terms_template.h"

static void softmax_row(size_t n, const real *x, real *y, struct policy policy) {
    real max = row_max(n, x);
    enum filling filling = row_filling(policy, max);
    if (filling != FILL_NOT) {
        row_fill(n, filling, y);
        return;
    }
    struct term_sum sum = empty_term_sum(n, n);
    add_terms(n, x, NULL, max, n, y, &sum);
    scale_by_sum(n, y, &sum, y);
}

#endif
