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
#include "term_loop_template.h"
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

/* The longest rows of which two, and a result, lie in the nearest cache together. */
#define LOOK_AHEAD_MOST ((size_t)6144 / sizeof(real))

/* Rows of y and of dy. */
struct gradient_inputs {
    const real *y;
    size_t ldy;
    const real *dy;
    size_t lddy;
};

/* A row to come. One whose results go past the caches fetches it into the nearest of them. */
struct row_ahead {
    const real *y, *dy;
};

/* `scaled`: whether the scale of dy is other than 1. */
static ALWAYS_INLINE void gradients_of_row(size_t n, const real *y, const real *dy, const struct product_range *range,
                                           bool scaled, const real s[2], real *dx) {
    const v_t power = v_set1(s[0]), rest = v_set1(s[1]);
    size_t j = 0;
    for (; n - j >= 2 * V_LANES; j += 2 * V_LANES) {
        const size_t k = j + V_LANES;
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
                               struct row_ahead ahead) {
    const struct lines lines = whole_lines(n, dx);
    const v_t power = v_set1(s[0]), rest = v_set1(s[1]);
    size_t j = lines.from;
    gradients_of_row(j, y, dy, NULL, false, s, dx);
    for (; lines.to - j >= V_LANES; j += V_LANES) {
        v_prefetch(ahead.y + j);
        v_prefetch(ahead.dy + j);
        v_stream(dx + j, scaled_gradient(v_load_once(y + j), v_load_once(dy + j), NULL, false, power, rest));
    }
    gradients_of_row(n - j, y + j, dy + j, NULL, false, s, dx + j);
}

/* dx of n entries, given the sum as two reals. In place allowed, unless they are to go past the caches. */
static ALWAYS_INLINE void gradients(size_t n, const real *y, const real *dy, const struct product_range *range,
                                    const real sum[2], real *dx, const struct row_ahead *ahead) {
    real s[2];
    split_off_power(sum, s);
    if (ahead != NULL && range->dy_scale == 1) {
        gradients_streamed(n, y, dy, s, dx, *ahead);
    } else if (range->dy_scale == 1) {
        gradients_of_row(n, y, dy, range, false, s, dx);
    } else {
        gradients_of_row(n, y, dy, range, true, s, dx);
    }
}

/* dx of n entries, given the largest exponent and the sum of the products. */
static void finish_row(size_t n, const real *y, const real *dy, int32_t exponent, const struct wide *sum, real *dx,
                       const struct row_ahead *ahead) {
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
    gradients(n, y, dy, &range, value, dx, ahead);
}

/* dx of n entries of a row with these statistics. In place allowed. */
NOT_INLINE static void backward_finish(size_t n, const real *y, const real *dy, int32_t exponent,
                                       const struct wide *sum, real *dx) {
    finish_row(n, y, dy, exponent, sum, dx, NULL);
}

/* The sum of a row's products: limbs, if they are in range and one block, as a wide integer would take longer than a
 * short row; else wide. */
struct product_sum {
    int32_t exponent;
    bool in_limbs;
    int64_t limbs[3];
    struct wide wide;
};

/* The second pass over a row, whose largest product is given. */
static ALWAYS_INLINE void sum_row(size_t n, const real *y, const real *dy, real largest, struct product_sum *sum) {
    sum->exponent = exponent_of_largest(n, y, dy, largest);
    sum->in_limbs =
        n <= SUM_BLOCK * V_LANES && n < WIDE_FROM && sum->exponent >= PRODUCT_SMALL && sum->exponent <= PRODUCT_LARGE;
    if (sum->in_limbs) {
        limbs_of_products(&(struct product_row){n, y, dy, NULL}, sum->exponent, false, sum->limbs);
    } else {
        sum->wide = (struct wide){{0}};
        backward_products(n, y, dy, sum->exponent, n, &sum->wide);
    }
}

/* The third pass. */
static ALWAYS_INLINE void gradients_of_sum(size_t n, const real *y, const real *dy, struct product_sum *sum, real *dx,
                                           const struct row_ahead *ahead) {
    if (sum->in_limbs) {
        struct product_range range = product_range_of(sum->exponent);
        real value[2];
        if (value_of_limbs(sum->limbs, unit_exponent(sum->exponent, &range), value)) {
            gradients(n, y, dy, &range, value, dx, ahead);
            return;
        }
        sum->wide = (struct wide){{0}};
        add_limbs(&sum->wide, sum->limbs, SHIFT_TOP);
    }
    finish_row(n, y, dy, sum->exponent, &sum->wide, dx, ahead);
}

/* Rows one by one. The first pass over the next row comes before the last pass over this one: so nothing waits for what
 * is found once a row, and the next row is in the nearest cache when it is needed. Where results go past the caches,
 * rows come from beyond them: the last pass then fetches the next row, as reading it would wait for each line. */
static ALWAYS_INLINE void backward_one_by_one(size_t rows, size_t n, const struct gradient_inputs *in, real *dx,
                                              size_t lddx, bool stream) {
    const bool look_ahead = !stream && n <= LOOK_AHEAD_MOST, fetch = n * sizeof(real) <= PREFETCH_ROW_BYTES;
    real largest = 0;
    for (size_t k = 0; k < rows; k++) {
        const real *y = in->y + k * in->ldy, *dy = in->dy + k * in->lddy;
        if (k == 0 || !look_ahead) {
            largest = largest_product(n, y, dy);
        }
        struct product_sum sum;
        sum_row(n, y, dy, largest, &sum);
        if (k + 1 < rows && look_ahead) {
            largest = largest_product(n, y + in->ldy, dy + in->lddy);
        }
        const size_t ahead = k + 1 < rows && fetch ? 1 : 0;
        const struct row_ahead next = {y + ahead * in->ldy, dy + ahead * in->lddy};
        gradients_of_sum(n, y, dy, &sum, dx + k * lddx, stream ? &next : NULL);
    }
}

#endif
