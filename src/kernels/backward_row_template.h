/* Softmax backward of a row, given the exact sum s of its products: dx_i = y_i (dy_i - s). docs/bits.md, "Backward",
 * step 4.
 *
 * s is held as a power of two and the rest, which is a third of s at most. The power's product with y is exact, and the
 * last fma takes it off; so s itself is in one rounding only, and not in two as in y (dy - s) rounded step by step.
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

/* A sum as two reals, each the rounded rest of the one before, becomes the power of two nearest to it and the rest. */
static inline void split_off_power(const real sum[2], real s[2]) {
    s[0] = nearest_power(sum[0]);
    s[1] = sum[0] - s[0] + sum[1];
}

/* y (dy - s), given s as a power of two and the rest. */
static ALWAYS_INLINE v_t unscaled_gradient(v_t y, v_t dy, v_t power, v_t rest) {
    return v_fms(y, v_sub(dy, rest), v_mul(y, power));
}

/* The same with +0 for 0. */
static ALWAYS_INLINE v_t gradient(v_t y, v_t dy, v_t power, v_t rest) {
    return v_add(unscaled_gradient(y, dy, power, rest), v_set1(0));
}

/* The same from a dy that is not scaled yet; the product with dx_scale undoes the scaling. A constant `scaled` leaves
 * out what a row in range does not need. */
static ALWAYS_INLINE v_t scaled_gradient(v_t y, v_t dy, const struct product_range *range, bool scaled, v_t power,
                                         v_t rest) {
    if (!scaled) {
        return gradient(y, dy, power, rest);
    }
    dy = v_mul(dy, v_set1(range->dy_scale));
    return scaled_result(unscaled_gradient(y, dy, power, rest), v_set1(range->dx_scale));
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
                                           bool scaled, const real s[2], real *dx, struct next_row next) {
    const v_t power = v_set1(s[0]), rest = v_set1(s[1]);
    size_t j = 0;
    for (; n - j >= 2 * V_LANES; j += 2 * V_LANES) {
        const size_t k = j + V_LANES;
        prefetch_two_vectors(next.y + j);
        prefetch_two_vectors(next.dy + j);
        v_store(dx + j, scaled_gradient(v_load_once(y + j), v_load_once(dy + j), range, scaled, power, rest));
        v_store(dx + k, scaled_gradient(v_load_once(y + k), v_load_once(dy + k), range, scaled, power, rest));
    }
    for (; n - j >= V_LANES; j += V_LANES) {
        v_store(dx + j, scaled_gradient(v_load_once(y + j), v_load_once(dy + j), range, scaled, power, rest));
    }
    if (j < n) {
        v_t zero = v_set1(0), yj = v_load_n(y + j, n - j, zero), dyj = v_load_n(dy + j, n - j, zero);
        v_store_n(dx + j, scaled_gradient(yj, dyj, range, scaled, power, rest), n - j);
    }
}

/* The same past the caches, for products that need no scale. */
static void gradients_streamed(size_t n, const real *y, const real *dy, const real s[2], real *dx,
                               struct next_row next) {
    const struct lines lines = whole_lines(n, dx);
    const v_t power = v_set1(s[0]), rest = v_set1(s[1]);
    size_t j = lines.from;
    gradients_of_row(j, y, dy, NULL, false, s, dx, next);
    for (; lines.to - j >= V_LANES; j += V_LANES) {
        v_prefetch(next.y + j);
        v_prefetch(next.dy + j);
        v_stream(dx + j, scaled_gradient(v_load_once(y + j), v_load_once(dy + j), NULL, false, power, rest));
    }
    gradients_of_row(n - j, y + j, dy + j, NULL, false, s, dx + j, (struct next_row){next.y + j, next.dy + j});
}

/* dx of n entries, given the sum as two reals. In place allowed, unless they are to go past the caches. */
static ALWAYS_INLINE void gradients(size_t n, const real *y, const real *dy, const struct product_range *range,
                                    const real sum[2], real *dx, struct next_row next, bool stream) {
    real s[2];
    split_off_power(sum, s);
    if (stream && range->dy_scale == 1) {
        gradients_streamed(n, y, dy, s, dx, next);
    } else if (range->dy_scale == 1) {
        gradients_of_row(n, y, dy, range, false, s, dx, next);
    } else {
        gradients_of_row(n, y, dy, range, true, s, dx, next);
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
    real value[2] = {0, 0};
    if (!nothing) {
        value_of_sum(sum, unit_exponent(exponent, &range), value);
    }
    gradients(n, y, dy, &range, value, dx, next, stream);
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
        real value[2];
        limbs_of_products(&(struct product_row){n, y, dy, NULL}, range.exponent, false, limbs);
        if (value_of_limbs(limbs, unit_exponent(exponent, &range), value)) {
            gradients(n, y, dy, &range, value, dx, next, stream);
            return;
        }
    }
    struct wide sum = {{0}};
    backward_products(n, y, dy, exponent, n, &sum);
    finish_row(n, y, dy, exponent, &sum, dx, next, stream);
}

#endif
