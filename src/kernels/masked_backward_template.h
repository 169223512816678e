/* Softmax backward under masks and a scale; also forward mode, which is the same. docs/bits.md, "Derivatives".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_MASKED_BACKWARD_TEMPLATE_H
#define SMX_MASKED_BACKWARD_TEMPLATE_H

#include <string.h>

#include "backward_products_template.h"
#include "backward_row_template.h"
#include "exact_dot_template.h"
#include "mask_template.h"
#include "vector_helpers_template.h"

/* Two rows as factors of a dot product: a and b where kept, 0 elsewhere. */
struct masked_rows {
    const logits *l;
    const real *a, *b;
};

/* Makes those factors. */
static void masked_factors(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct masked_rows *r = row;
    memmove(a, kept_block(r->l, j, n, r->a, a), n * sizeof(real));
    memmove(b, kept_block(r->l, j, n, r->b, b), n * sizeof(real));
}

/* y (dy - s) with one rounding, as a scale adds its own: the difference as two reals (TwoSum). */
static ALWAYS_INLINE v_t gradient_to_scale(v_t y, v_t dy, v_t minus_high, v_t minus_low) {
    v_t error, d = two_sum(dy, minus_high, &error);
    return v_fma(y, d, v_mul(y, v_add(error, minus_low)));
}

/* As `gradients`, times a scale. */
static inline void scaled_gradients(size_t n, const real *y, const real *dy, const struct product_range *range,
                                    const real sum[2], real scale, real *dx) {
    real s[2];
    split_off_power(sum, s);
    v_t power = v_set1(s[0]), rest = v_set1(s[1]), minus_high = v_set1(-sum[0]), minus_low = v_set1(-sum[1]);
    v_t dy_scale = v_set1(range->dy_scale), out = v_set1(range->dx_scale * scale), zero = v_set1(0);
    for (size_t j = 0; j < n; j += V_LANES) {
        size_t left = n - j < V_LANES ? n - j : V_LANES;
        v_t yj = v_load_n(y + j, left, zero), dyj = v_mul(v_load_n(dy + j, left, zero), dy_scale);
        v_t value =
            scale == 1 ? unscaled_gradient(yj, dyj, power, rest) : gradient_to_scale(yj, dyj, minus_high, minus_low);
        v_store_n(dx + j, canonical_nans(scaled_result(value, out)), left); /* scale^2 may be infinite */
    }
}

/* out = scale a (b - s), s the dot product, for factors a and b; NaN if it is not finite. In place allowed. */
static void gradients_of_dot(size_t n, const logits *l, factors make, const void *row, const struct dot *dot,
                             real *out) {
    if (!dot_is_finite(dot)) {
        fill_kept(l, n, canonical_nan(), 0, out);
        return;
    }
    real s[2], a[LOGITS_BLOCK], b[LOGITS_BLOCK];
    struct product_range range = reals_of_dot(dot, s);
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        make(row, j, length, a, b);
        scaled_gradients(length, a, b, &range, s, l->scale, out + j);
        if (masked(l)) {
            clear_masked(l, j, length, out + j);
        }
    }
}

/* dx = scale y (dy - s), s = sum of y dy; also scale J v, as J is symmetric. In place allowed.
 *
 * Error: BOUND_BACKWARD, times |scale|; the worst known in forward mode is 0.98 of the bound (docs/accuracy.md). */
NOT_INLINE static void backward_logits_row(size_t n, const logits *l, const real *y, const real *dy, real *dx) {
    const struct masked_rows rows = {l, y, dy};
    struct dot dot = exact_dot(n, l->row_n, masked_factors, &rows);
    gradients_of_dot(n, l, masked_factors, &rows, &dot, dx);
}

#endif
