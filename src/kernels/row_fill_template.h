/* Rows that are not computed: what fills them; and a row without -0 and unusual NaN. Template: compiled once for each
 * instruction set and type. */
#ifndef SMX_ROW_FILL_TEMPLATE_H
#define SMX_ROW_FILL_TEMPLATE_H

#include "../options/policy.h"

#include <math.h>

#include "vector_helpers_template.h"

/* Whether a row with this maximum is computed, or what it is filled with. */
static enum filling row_filling(struct policy policy, real max) {
    if (max == (real)INFINITY) {
        return policy.plus_inf_limit ? FILL_NOT : FILL_NAN;
    }
    if (max == -(real)INFINITY) {
        return policy.minus_inf_row_zeros ? FILL_ZERO : FILL_NAN;
    }
    return isnan(max) ? FILL_NAN : FILL_NOT;
}

/* All entries alike: NaN, 0 or -inf. */
static void row_fill(size_t n, enum filling filling, real *y) {
    v_t value = v_set1(filling == FILL_NAN ? canonical_nan() : filling == FILL_ZERO ? 0 : -(real)INFINITY);
    size_t j = 0;
    for (; n - j >= V_LANES; j += V_LANES) {
        v_store(y + j, value);
    }
    v_store_n(y + j, value, n - j);
}

/* +0 for -0, and the canonical NaN for any. */
NOT_INLINE static void row_clean(size_t n, real *y) {
    v_t zero = v_set1(0);
    for (size_t j = 0; j < n; j += V_LANES) {
        size_t left = n - j < V_LANES ? n - j : V_LANES;
        v_store_n(y + j, canonical_nans(v_add(v_load_n(y + j, left, zero), zero)), left);
    }
}

#endif
