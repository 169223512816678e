/* Softmax backward of a row, given the exact sum s of its products: dx_i = y_i (dy_i - s). docs/bits.md, "Backward",
 * step 4.
 *
 * dy_i and s may be close, and their difference then has few digits left. So s is held as two reals, and the difference
 * too (TwoSum), whose second part goes into the last fma, the only step whose rounding counts.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_BACKWARD_ROW_TEMPLATE_H
#define SMX_BACKWARD_ROW_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/wide.h"
#include "../options/policy.h"

#include "backward_products_template.h"
#include "row_fill_template.h"
#include "streaming_template.h"
#include "vector_helpers_template.h"

/* y (dy - s), given -s as two reals: the difference as two reals, so that only the last step rounds. */
static ALWAYS_INLINE v_t unscaled_gradient(v_t y, v_t dy, v_t minus_s, v_t minus_low) {
    v_t error, d = two_sum(dy, minus_s, &error);
    return v_fma(y, d, v_mul(y, v_add(error, minus_low)));
}

/* The product with dx_scale, a power of two of at least 1, undoes the scaling, and its + 0 makes a zero result +0. */
static ALWAYS_INLINE v_t gradient(v_t y, v_t dy, v_t minus_s, v_t minus_low, v_t dx_scale) {
    return v_fma(unscaled_gradient(y, dy, minus_s, minus_low), dx_scale, v_set1(0));
}

/* The same from a dy that is not scaled yet. A constant `scaled` leaves out what a row in range does not need. */
static ALWAYS_INLINE v_t scaled_gradient(v_t y, v_t dy, const struct product_range *range, bool scaled, v_t minus_s,
                                         v_t minus_low) {
    dy = scaled ? v_mul(dy, v_set1(range->dy_scale)) : dy;
    return gradient(y, dy, minus_s, minus_low, v_set1(scaled ? range->dx_scale : 1));
}

/* Rows of y and of dy. */
struct gradient_inputs {
    const real *y;
    size_t ldy;
    const real *dy;
    size_t lddy;
};

/* The row that comes next: while gradients are made, which is arithmetic, its entries are fetched into the nearest
 * cache. */
struct next_row {
    const real *y, *dy;
};

/* One hint for two vectors, where a line holds both. */
static ALWAYS_INLINE void prefetch_two_vectors(const real *p) {
    v_prefetch(p);
    if (2 * V_LANES * sizeof(real) > CACHE_LINE) {
        v_prefetch(p + V_LANES);
    }
}

/* `scaled`: whether the scale of dy is other than 1. */
static ALWAYS_INLINE void gradients_of_row(size_t n, const real *y, const real *dy, const struct product_range *range,
                                           bool scaled, const real minus_s[2], real *dx, struct next_row next) {
    const v_t high = v_set1(minus_s[0]), low = v_set1(minus_s[1]);
    size_t j = 0;
    for (; n - j >= 2 * V_LANES; j += 2 * V_LANES) {
        const size_t k = j + V_LANES;
        prefetch_two_vectors(next.y + j);
        prefetch_two_vectors(next.dy + j);
        v_store(dx + j, scaled_gradient(v_load(y + j), v_load(dy + j), range, scaled, high, low));
        v_store(dx + k, scaled_gradient(v_load(y + k), v_load(dy + k), range, scaled, high, low));
    }
    for (; n - j >= V_LANES; j += V_LANES) {
        v_store(dx + j, scaled_gradient(v_load(y + j), v_load(dy + j), range, scaled, high, low));
    }
    if (j < n) {
        v_t zero = v_set1(0), yj = v_load_n(y + j, n - j, zero), dyj = v_load_n(dy + j, n - j, zero);
        v_store_n(dx + j, scaled_gradient(yj, dyj, range, scaled, high, low), n - j);
    }
}

/* The same past the caches, for products that need no scale. */
static void gradients_streamed(size_t n, const real *y, const real *dy, const real minus_s[2], real *dx,
                               struct next_row next) {
    const struct lines lines = whole_lines(n, dx);
    const v_t high = v_set1(minus_s[0]), low = v_set1(minus_s[1]);
    size_t j = lines.from;
    gradients_of_row(j, y, dy, NULL, false, minus_s, dx, next);
    for (; lines.to - j >= V_LANES; j += V_LANES) {
        v_prefetch(next.y + j);
        v_prefetch(next.dy + j);
        v_stream(dx + j, scaled_gradient(v_load(y + j), v_load(dy + j), NULL, false, high, low));
    }
    gradients_of_row(n - j, y + j, dy + j, NULL, false, minus_s, dx + j, (struct next_row){next.y + j, next.dy + j});
}

/* dx of n entries, given the sum as two reals. In place allowed, unless they are to go past the caches. */
static ALWAYS_INLINE void gradients(size_t n, const real *y, const real *dy, const struct product_range *range,
                                    const real s[2], real *dx, struct next_row next, bool stream) {
    const real minus_s[2] = {-s[0], -s[1]};
    if (stream && range->dy_scale == 1) {
        gradients_streamed(n, y, dy, minus_s, dx, next);
    } else if (range->dy_scale == 1) {
        gradients_of_row(n, y, dy, range, false, minus_s, dx, next);
    } else {
        gradients_of_row(n, y, dy, range, true, minus_s, dx, next);
    }
}

/* dx of n entries, given the largest exponent and the sum of the products. */
static void finish_row(size_t n, const real *y, const real *dy, int32_t exponent, const struct wide *sum, real *dx,
                       struct next_row next, bool stream) {
    if (exponent == INT32_MAX) {
        row_fill(n, FILL_NAN, dx);
        return;
    }
    bool nothing = products_vanish(exponent);
    struct product_range range = product_range_of(nothing ? 0 : exponent);
    real s[2] = {0, 0};
    if (!nothing) {
        value_of_sum(sum, unit_exponent(exponent, &range), s);
    }
    gradients(n, y, dy, &range, s, dx, next, stream);
}

/* dx of n entries of a row with these statistics. In place allowed. */
NOT_INLINE static void backward_finish(size_t n, const real *y, const real *dy, int32_t exponent,
                                       const struct wide *sum, real *dx) {
    finish_row(n, y, dy, exponent, sum, dx, (struct next_row){y, dy}, false);
}

/* The two passes over a row, and the third for its gradients. */
static ALWAYS_INLINE void backward_row(size_t n, const real *y, const real *dy, real *dx, struct next_row next,
                                       bool stream) {
    int32_t exponent = backward_exponent(n, y, dy);
    if (n <= SUM_BLOCK * V_LANES && n < WIDE_FROM && exponent >= PRODUCT_SMALL && exponent <= PRODUCT_LARGE) {
        /* One block of unscaled products needs no wide integer, which would take longer than a short row. */
        struct product_range range = product_range_of(exponent);
        int64_t limbs[3];
        real s[2];
        limbs_of_products(&(struct product_row){n, y, dy, NULL}, range.exponent, false, limbs);
        if (value_of_limbs(limbs, unit_exponent(exponent, &range), s)) {
            gradients(n, y, dy, &range, s, dx, next, stream);
            return;
        }
    }
    struct wide sum = {{0}};
    backward_products(n, y, dy, exponent, n, &sum);
    finish_row(n, y, dy, exponent, &sum, dx, next, stream);
}

#endif
