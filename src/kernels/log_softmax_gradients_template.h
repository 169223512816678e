/* Backward and forward mode of log-softmax. docs/bits.md, "Derivatives".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOG_SOFTMAX_GRADIENTS_TEMPLATE_H
#define SMX_LOG_SOFTMAX_GRADIENTS_TEMPLATE_H

#include "../base/pair.h"

#include <string.h>

#include "exact_dot_template.h"
#include "mask_template.h"
#include "masked_backward_template.h"
#include "row_scale_template.h"
#include "row_terms_template.h"
#include "vector_helpers_template.h"

/* exp(y) of n <= LOGITS_BLOCK logarithms, times 2^TERM_SCALE. */
static inline void exp_block(size_t n, const real *y, real *e) { add_terms(n, y, NULL, 0, 1, e, NULL); }

/* Factors of a plain sum of b. */
static void ones_and_values(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct masked_rows *r = row;
    for (size_t i = 0; i < n; i++) {
        a[i] = 1;
    }
    memmove(b, kept_block(r->l, j, n, r->b, b), n * sizeof(real));
}

/* Factors of the sum of exp(a) b. */
static void probabilities_and_values(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct masked_rows *r = row;
    exp_block(n, r->a + j, a);
    for (size_t i = 0; i < n; i++) {
        a[i] *= TERM_UNSCALE;
    }
    if (masked(r->l)) {
        clear_masked(r->l, j, n, a);
    }
    memmove(b, kept_block(r->l, j, n, r->b, b), n * sizeof(real));
}

/* Whether the kept entries of y can be logarithms of probabilities, or nearly: exp(y) must be below 2 to be a factor of
 * an exact dot product. */
static inline bool logarithms(const logits *l, size_t n, const real *y) {
    real buffer[LOGITS_BLOCK];
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        const real *a = kept_block(l, j, length, y, buffer);
        for (size_t i = 0; i < length; i++) {
            if (!(a[i] < (real)0.5)) {
                return false;
            }
        }
    }
    return true;
}

/* dx = scale (dy - exp(y) sum of dy). In place allowed.
 *
 * Error: at most BOUND_LOG_SOFTMAX_BACKWARD = 2^-22 times |scale| (|dy_i| + exp(y_i) sum of |dy_j|), and
 * (1 + 2 |scale|) 2^-149, in f32, with 2^-51 and 2^-1074 in f64. The worst known: 0.71 of it in
 * worst-log-softmax-backward-f32. */
NOT_INLINE static void log_softmax_backward_row(size_t n, const logits *l, const real *y, const real *dy, real *dx) {
    const struct masked_rows rows = {l, y, dy};
    struct dot dot = exact_dot(n, l->row_n, ones_and_values, &rows);
    if (!dot_is_finite(&dot) || !logarithms(l, n, y)) {
        fill_kept(l, n, canonical_nan(), 0, dx);
        return;
    }
    /* The sum near 1 and the terms by what that leaves: neither may underflow before their product does. */
    int up;
    struct pair sum = dot_near_one(&dot, &up);
    real s[2], e[LOGITS_BLOCK], g[LOGITS_BLOCK];
    reals_of_pair(sum, s);
    v_t high = v_set1(s[0]), low = v_set1(s[1]), down = v_set1(power_of_two(-TERM_SCALE - up));
    v_t zero = v_set1(0), scale = v_set1(l->scale);
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        exp_block(length, y + j, e);
        const real *gj = kept_block(l, j, length, dy, g);
        for (size_t i = 0; i < length; i += V_LANES) {
            size_t left = length - i < V_LANES ? length - i : V_LANES;
            v_t p = v_mul(v_load_n(e + i, left, zero), down), dyj = v_load_n(gj + i, left, zero);
            v_t value = v_fnma(p, high, v_fnma(p, low, dyj));
            v_store_n(dx + j + i, scaled_result(value, scale), left);
        }
        if (masked(l)) {
            clear_masked(l, j, length, dx + j);
        }
    }
}

/* jv = scale (v - sum of exp(y) v). In place allowed.
 *
 * Error: at most BOUND_LOG_SOFTMAX_JVP = 2^-22 times |scale| (|v_i| + sum of exp(y_j) |v_j|) in f32, with 2^-51 in f64,
 * and what smx/second_order.h has besides. The worst known: 0.64 of it in worst-log-softmax-jvp-f64-n16. */
NOT_INLINE static void log_softmax_jvp_row(size_t n, const logits *l, const real *y, const real *v, real *jv) {
    const struct masked_rows rows = {l, y, v};
    struct dot dot = {INT32_MAX, {{0}}}; /* not finite */
    if (logarithms(l, n, y)) {
        dot = exact_dot(n, l->row_n, probabilities_and_values, &rows);
    }
    gradients_of_dot(n, l, ones_and_values, &rows, &dot, jv);
}

#endif
