/* Softmax backward under masks and a scale; also forward mode, which is the same. docs/bits.md, "Derivatives".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_MASKED_BACKWARD_TEMPLATE_H
#define SMX_MASKED_BACKWARD_TEMPLATE_H

#include <math.h>
#include <string.h>

#include "backward_products_template.h"
#include "backward_row_template.h"
#include "exact_dot_template.h"
#include "logit_vectors_template.h"
#include "mask_template.h"
#include "row_fill_template.h"
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

/* n gradients to a scale other than 1, by vectors of which `lanes` lanes are there. A constant `plain` leaves out what
 * rows in range, whose results are no NaN, do not need. */
static ALWAYS_INLINE void scaled_gradients_of(size_t n, size_t lanes, bool plain, const real *y, const real *dy,
                                              const real factor[2], const real sum[2], real *dx) {
    const v_t minus_high = v_set1(-sum[0]), minus_low = v_set1(-sum[1]), dy_scale = v_set1(factor[0]);
    const v_t out = v_set1(factor[1]), zero = v_set1(0);
    for (size_t j = 0; j < n; j += lanes) {
        v_t yj = lanes == V_LANES ? v_load_once(y + j) : v_load_n(y + j, lanes, zero);
        v_t dyj = lanes == V_LANES ? v_load_once(dy + j) : v_load_n(dy + j, lanes, zero);
        dyj = plain ? dyj : v_mul(dyj, dy_scale);
        v_t result = scaled_result(gradient_to_scale(yj, dyj, minus_high, minus_low), out);
        store_lanes(dx + j, plain ? result : canonical_nans(result), lanes);
    }
}

/* As `gradients`, times a scale. */
static inline void scaled_gradients(size_t n, const real *y, const real *dy, const struct product_range *range,
                                    const real sum[2], real scale, real *dx) {
    if (scale == 1) {
        gradients(n, y, dy, range, sum, dx, NULL);
        return;
    }
    const size_t left = n % V_LANES, whole = n - left;
    const real factor[2] = {range->dy_scale, range->dx_scale * scale}; /* the second may be infinite */
    if (factor[0] == 1 && isfinite(factor[1])) {
        scaled_gradients_of(whole, V_LANES, true, y, dy, factor, sum, dx);
    } else {
        scaled_gradients_of(whole, V_LANES, false, y, dy, factor, sum, dx);
    }
    if (left != 0) {
        scaled_gradients_of(left, left, false, y + whole, dy + whole, factor, sum, dx + whole);
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

/* dx = scale y (dy - s), s = sum of y dy, of n entries of a row of row_n, whose largest product is given. In place
 * allowed. False if there may be NaN where y and dy are 0; else dx is +0 there. */
static bool backward_unmasked(size_t n, size_t row_n, real scale, const real *y, const real *dy, real largest,
                              real *dx) {
    struct dot dot = {exponent_of_largest(n, y, dy, largest), {{0}}};
    struct product_range range;
    int64_t limbs[3];
    real s[2];
    bool one_block = n <= SUM_BLOCK * V_LANES && row_n < WIDE_FROM;
    if (one_block && dot.exponent >= PRODUCT_SMALL && dot.exponent <= PRODUCT_LARGE) { /* as in backward_row */
        range = product_range_of(dot.exponent);
        limbs_of_products(&(struct product_row){n, y, dy, NULL}, range.exponent, false, limbs);
        if (value_of_limbs(limbs, unit_exponent(dot.exponent, &range), s)) {
            scaled_gradients(n, y, dy, &range, s, scale, dx);
            return isfinite(scale);
        }
    }
    if (!dot_is_finite(&dot)) {
        row_fill(n, FILL_NAN, dx);
        return false;
    }
    backward_products(n, y, dy, dot.exponent, row_n, &dot.sum);
    range = reals_of_dot(&dot, s);
    scaled_gradients(n, y, dy, &range, s, scale, dx);
    return isfinite(range.dx_scale * scale);
}

/* Under masks, what is kept is copied, with zeros for masked entries between: so many at most. */
#define COPIED_MOST (8192 / sizeof(real))

/* a = y and b = dy where kept, +0 where masked out: n entries from the j-th on. A first look at their products on the
 * way, as scan_row has it. */
static ALWAYS_INLINE void copy_kept_rows(logits masks, size_t j, size_t n, const real *y, const real *dy, real *a,
                                         real *b, i_t *largest, i_t *y_bits) {
    const logits *l = &masks; /* a copy, of which compilers know that nothing is stored there */
    size_t i = 0;
    for (; n - i >= V_LANES; i += V_LANES) {
        const m_t kept = kept_lanes(l, j + i, V_LANES);
        v_t ai = v_keep(kept, v_load(y + j + i)), bi = v_keep(kept, v_load(dy + j + i));
        v_store(a + i, ai);
        v_store(b + i, bi);
        scan_products(ai, bi, largest, y_bits);
    }
    if (i < n) {
        const m_t kept = kept_lanes(l, j + i, n - i);
        v_t ai = v_keep(kept, v_load_n(y + j + i, n - i, v_set1(0)));
        v_t bi = v_keep(kept, v_load_n(dy + j + i, n - i, v_set1(0)));
        v_store_n(a + i, ai, n - i);
        v_store_n(b + i, bi, n - i);
        scan_products(ai, bi, largest, y_bits);
    }
}

/* The same under masks; false, with nothing written, if too many are kept. */
static bool backward_of_copies(size_t n, const logits *l, const real *y, const real *dy, real *dx) {
    real a[COPIED_MOST], b[COPIED_MOST];
    struct kept_runs runs;
    size_t kept = 0;
    i_t largest = i_set1(0), y_bits = i_set1(0);
    find_runs(l, n, &runs);
    a[0] = b[0] = 0; /* there may be no run */
    for (size_t i = 0; i < runs.count; i++) {
        const struct kept_run *run = &runs.run[i];
        if (run->n > COPIED_MOST - kept) {
            return false;
        }
        copy_kept_rows(*l, run->from, run->n, y, dy, a + kept, b + kept, &largest, &y_bits);
        kept += run->n;
    }
    const bool straight = runs.count == 1;
    const bool zeros = backward_unmasked(kept, l->row_n, l->scale, a, b, largest_in_range(largest, y_bits),
                                         straight ? dx + runs.run[0].from : b);
    for (size_t i = 0, at = 0; i < runs.count; at += runs.run[i].n, i++) {
        const struct kept_run *run = &runs.run[i];
        if (!straight) {
            memcpy(dx + run->from, b + at, run->n * sizeof(real));
        }
        if (!zeros) {
            clear_masked(l, run->from, run->n, dx + run->from);
        }
    }
    fill_between_runs(n, &runs, FILL_ZERO, dx);
    return true;
}

/* dx = scale y (dy - s), s = sum of y dy; also scale J v, as J is symmetric. In place allowed.
 *
 * Error: BOUND_BACKWARD, times |scale|; the worst known in forward mode is 0.98 of the bound (docs/accuracy.md). */
NOT_INLINE static void backward_logits_row(size_t n, const logits *l, const real *y, const real *dy, real *dx) {
    if (!masked(l)) {
        backward_unmasked(n, l->row_n, l->scale, y, dy, largest_product(n, y, dy), dx);
    } else if (!backward_of_copies(n, l, y, dy, dx)) {
        const struct masked_rows rows = {l, y, dy};
        struct dot dot = exact_dot(n, l->row_n, masked_factors, &rows);
        gradients_of_dot(n, l, masked_factors, &rows, &dot, dx);
    }
}

#endif
