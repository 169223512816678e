/* Derivatives under masks and a scale: backward and double backward of softmax, backward and forward mode of
 * log-softmax, the gradient of a scale. docs/bits.md, "Derivatives". */
#ifndef SMX_DERIVATIVES_H
#define SMX_DERIVATIVES_H

#include "dot.h"
#include "log_stats.h"

/* ---- Softmax ---- */

/* Two rows under the masks of one: a and b where kept, 0 elsewhere. */
struct masked_rows {
    const logits *l;
    const real *a, *b;
};

static void masked_factors(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct masked_rows *r = row;
    memmove(a, kept_block(r->l, j, n, r->a, a), n * sizeof(real));
    memmove(b, kept_block(r->l, j, n, r->b, b), n * sizeof(real));
}

/* As `gradients`, times a scale. */
static inline void scaled_gradients(size_t n, const real *y, const real *dy, const struct range *range, const real s[2],
                                    real scale, real *dx) {
    v_t minus_s = v_set1(-s[0]), minus_low = v_set1(-s[1]), zero = v_set1(0);
    v_t dy_scale = v_set1(range->dy_scale), out = v_set1(range->dx_scale * scale);
    for (size_t j = 0; j < n; j += V_LANES) {
        size_t left = n - j < V_LANES ? n - j : V_LANES;
        v_t yj = v_load_n(y + j, left, zero), dyj = v_load_n(dy + j, left, zero);
        v_t value = scaled_result(unscaled_gradient(yj, v_mul(dyj, dy_scale), minus_s, minus_low), out);
        v_store_n(dx + j, clean_nan(value), left); /* scale^2 may be infinite */
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
    struct range range = reals_of_dot(dot, s);
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        make(row, j, length, a, b);
        scaled_gradients(length, a, b, &range, s, l->scale, out + j);
        if (masked(l)) {
            clear_masked(l, j, length, out + j);
        }
    }
}

/* dx = scale y (dy - sum of y dy). In place allowed. */
NOT_INLINE static void backward_logits_row(size_t n, const logits *l, const real *y, const real *dy, real *dx) {
    const struct masked_rows rows = {l, y, dy};
    struct dot dot = exact_dot(n, l->row_n, masked_factors, &rows);
    gradients_of_dot(n, l, masked_factors, &rows, &dot, dx);
}

/* h (g - s) - g t, with s and t as two reals each. */
static ALWAYS_INLINE v_t gradient_of_y(v_t g, v_t h, const real s[2], const real t[2]) {
    v_t error, d = two_sum(g, v_set1(-s[0]), &error);
    v_t low = v_sub(error, v_set1(s[1]));
    v_t left = v_fma(h, d, v_mul(h, low));
    v_t left_rest = v_fma(h, low, v_fms(h, d, left));
    v_t right = v_fma(g, v_set1(t[0]), v_mul(g, v_set1(t[1])));
    v_t right_rest = v_fma(g, v_set1(t[1]), v_fms(g, v_set1(t[0]), right));
    return v_add(v_sub(left, right), v_sub(left_rest, right_rest));
}

/* The gradients of the backward pass with respect to y and dy; either may be null. */
NOT_INLINE static void double_backward_row(size_t n, const logits *l, const real *y, const real *dy, const real *ddx,
                                           real *gy, real *gdy) {
    const struct masked_rows first = {l, y, dy}, second = {l, y, ddx};
    struct dot t_dot = exact_dot(n, l->row_n, masked_factors, &second);
    if (gdy != NULL) {
        gradients_of_dot(n, l, masked_factors, &second, &t_dot, gdy);
    }
    if (gy == NULL) {
        return;
    }
    struct dot s_dot = exact_dot(n, l->row_n, masked_factors, &first);
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
            v_store_n(gy + j + i, clean_nan(scaled_result(value, scale)), left);
        }
        if (masked(l)) {
            clear_masked(l, j, length, gy + j);
        }
    }
}

/* ---- Log-softmax ---- */

/* exp(y) of n <= LOGITS_BLOCK logarithms, times 2^TERM_SCALE. */
static inline void exp_block(size_t n, const real *y, real *e) {
    static const struct reference one = {0, 0, false};
    add_terms(n, y, NULL, &one, 1, e, NULL);
}

static void ones_and_values(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct masked_rows *r = row;
    for (size_t i = 0; i < n; i++) {
        a[i] = 1;
    }
    memmove(b, kept_block(r->l, j, n, r->b, b), n * sizeof(real));
}

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

/* Whether the kept entries of y can be logarithms of probabilities, or nearly. */
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

/* dx = scale (dy - exp(y) sum of dy). In place allowed. */
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

/* jv = scale (v - sum of exp(y) v). In place allowed. */
NOT_INLINE static void log_softmax_jvp_row(size_t n, const logits *l, const real *y, const real *v, real *jv) {
    const struct masked_rows rows = {l, y, v};
    struct dot dot = {INT32_MAX, {{0}}}; /* not finite */
    if (logarithms(l, n, y)) {
        dot = exact_dot(n, l->row_n, probabilities_and_values, &rows);
    }
    gradients_of_dot(n, l, ones_and_values, &rows, &dot, jv);
}

/* ---- A scale ---- */

struct scale_row {
    struct masked_rows rows; /* x and dx */
    real down, again;        /* powers of two that together bring x below 2 */
};

static void scale_factors(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct scale_row *r = row;
    masked_factors(&r->rows, j, n, a, b);
    for (size_t i = 0; i < n; i++) {
        a[i] = b[i] == 0 ? 0 : a[i] * r->down * r->again;
    }
}

/* The largest magnitude of the kept entries of x where dx is not 0; NaN if one is NaN. */
static inline real largest_used(const struct masked_rows *rows, size_t n) {
    real a[LOGITS_BLOCK], b[LOGITS_BLOCK], largest = 0;
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        masked_factors(rows, j, length, a, b);
        for (size_t i = 0; i < length; i++) {
            real magnitude = b[i] == 0 ? 0 : a[i] < 0 ? -a[i] : a[i];
            if (!(magnitude <= largest)) {
                largest = magnitude;
            }
            if (isnan(largest)) {
                return largest;
            }
        }
    }
    return largest;
}

/* The sum of x dx, divided by the row's scale; NaN: not finite. */
NOT_INLINE static struct pair scale_gradient_row(size_t n, const logits *l, const real *x, const real *dx) {
    struct scale_row row = {{l, x, dx}, 1, 1};
    real largest = largest_used(&row.rows, n);
    if (!isfinite(largest)) {
        return pair_of((double)canonical_nan());
    }
    int up = 0;
    if (largest >= 2) {
        up = exponent_of((double)largest);
        row.down = power_of_two(-up / 2);
        row.again = power_of_two(-(up - up / 2));
    }
    struct dot dot = exact_dot(n, l->row_n, scale_factors, &row);
    if (!dot_is_finite(&dot)) {
        return pair_of((double)canonical_nan());
    }
    return pair_div(pair_scaled(pair_of_dot(&dot), up), pair_of((double)l->scale));
}

#endif
