/* Gradients of the gradient of softmax. docs/bits.md, "Derivatives".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_DOUBLE_BACKWARD_TEMPLATE_H
#define SMX_DOUBLE_BACKWARD_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/pair.h"

#include "exact_dot_template.h"
#include "mask_template.h"
#include "masked_backward_template.h"
#include "row_scale_template.h"
#include "vector_helpers_template.h"

/* h (g - s) - g t, with s and t as two reals each. Both products are taken with their errors before they are
 * subtracted: they may cancel. */
static ALWAYS_INLINE v_t gradient_of_y(v_t g, v_t h, const real s[2], const real t[2]) {
    v_t error, d = two_sum(g, v_set1(-s[0]), &error);
    v_t low = v_sub(error, v_set1(s[1]));
    v_t left = v_fma(h, d, v_mul(h, low));
    v_t left_rest = v_fma(h, low, v_fms(h, d, left));
    v_t right = v_fma(g, v_set1(t[0]), v_mul(g, v_set1(t[1])));
    v_t right_rest = v_fma(g, v_set1(t[1]), v_fms(g, v_set1(t[0]), right));
    return v_add(v_sub(left, right), v_sub(left_rest, right_rest));
}

/* The gradients of the backward pass with respect to y and dy; either may be null. gdy is the backward pass of ddx.
 * With s = sum of y dy and t = sum of y ddx, gy_i = scale (ddx_i (dy_i - s) - dy_i t).
 *
 * Error: of gdy BOUND_BACKWARD; of gy at most BOUND_DOUBLE_BACKWARD = 2^-22 times the magnitudes of all that is added
 * up, |scale| (|ddx_i| (|dy_i| + sum of y_j |dy_j|) + |dy_i| sum of y_j |ddx_j|), and 2^-148, in f32, with 2^-51 and
 * 2^-1073 in f64. The worst known is 0.91 of that (docs/accuracy.md). */
NOT_INLINE static void double_backward_row(size_t n, const logits *l, const real *y, const real *dy, const real *ddx,
                                           real *gy, real *gdy) {
    const struct masked_rows y_dy = {l, y, dy}, y_ddx = {l, y, ddx};
    struct dot t_dot = exact_dot(n, l->row_n, masked_factors, &y_ddx);
    if (gdy != NULL) {
        gradients_of_dot(n, l, masked_factors, &y_ddx, &t_dot, gdy);
    }
    if (gy == NULL) {
        return;
    }
    struct dot s_dot = exact_dot(n, l->row_n, masked_factors, &y_dy);
    if (!dot_is_finite(&s_dot) || !dot_is_finite(&t_dot)) {
        fill_kept(l, n, canonical_nan(), 0, gy);
        return;
    }
    real s[2], t[2], g[LOGITS_BLOCK], h[LOGITS_BLOCK];
    reals_of_pair(pair_of_dot(&s_dot), s);
    reals_of_pair(pair_of_dot(&t_dot), t);
    v_t zero = v_set1(0), scale = v_set1(l->scale);
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        masked_factors(&(struct masked_rows){l, dy, ddx}, j, length, g, h);
        for (size_t i = 0; i < length; i += V_LANES) {
            size_t left = length - i < V_LANES ? length - i : V_LANES;
            v_t value = gradient_of_y(v_load_n(g + i, left, zero), v_load_n(h + i, left, zero), s, t);
            v_store_n(gy + j + i, canonical_nans(scaled_result(value, scale)), left);
        }
        if (masked(l)) {
            clear_masked(l, j, length, gy + j);
        }
    }
}

#endif
