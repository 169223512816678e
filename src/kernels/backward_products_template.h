/* The exact sum s of the products y_j dy_j of a row, for softmax backward and for every exact dot product.
 * docs/bits.md, "Backward", steps 1 to 3.
 *
 * An exact sum needs an exponent E that no product passes (limb_sum_template.h). So there are two passes over the row:
 *
 *     1. the largest exponent of a product, E; and whether something is not finite
 *     2. each product, cut into limbs whose units follow from E
 *
 * The first pass looks at rounded products, as integers: patterns of positive reals are ordered as the reals are, and
 * NaN and infinities come after all numbers. Only if that result is tiny or out of range are the exponents found one by
 * one.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_BACKWARD_PRODUCTS_TEMPLATE_H
#define SMX_BACKWARD_PRODUCTS_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/wide.h"

#include <math.h>

#include "limb_sum_template.h"
#include "vector_helpers_template.h"

/* Where products would leave the range of a real, or fall below it, y or dy is multiplied by a power of two first, and
 * the gradient by another at the end. These powers; and the largest product's exponent then. */
struct product_range {
    real y_scale, dy_scale, dx_scale;
    int exponent;
};

/* For products the largest of which has this exponent. */
static inline struct product_range product_range_of(int exponent) {
    struct product_range range = {1, 1, 1, exponent};
    if (exponent > PRODUCT_LARGE) {
        range.dy_scale = power_of_two(LARGE_SCALE);
        range.dx_scale = power_of_two(-LARGE_SCALE);
        range.exponent += LARGE_SCALE;
    } else if (exponent < PRODUCT_SMALL) {
        range.y_scale = power_of_two(SMALL_SCALE);
        range.exponent += SMALL_SCALE;
    }
    return range;
}

/* Whether all products of a row together are too small to be seen in a gradient. */
static inline bool products_vanish(int exponent) { return exponent < PRODUCT_NOTHING; }

/* The exponent of a b, neither of them 0, rounded to the precision of a real, as if exponents had no limits. */
static inline int32_t exponent_of_product(real a, real b) {
    int ea, eb, ep;
    real fraction = (real)frexp(a, &ea) * (real)frexp(b, &eb);
    frexp(fraction, &ep);
    return ea + eb + ep - 1;
}

/* One by one, for rows where all products are tiny, or one leaves the range, or something is not finite. */
NOT_INLINE static int32_t largest_exponent_slowly(size_t n, const real *y, const real *dy) {
    int32_t largest = INT32_MIN;
    for (size_t j = 0; j < n; j++) {
        if (!(y[j] < 2 && y[j] > -2) || !isfinite(dy[j])) {
            return INT32_MAX;
        }
        if (y[j] != 0 && dy[j] != 0) {
            int32_t exponent = exponent_of_product(y[j], dy[j]);
            largest = exponent > largest ? exponent : largest;
        }
    }
    return largest;
}

/* Where the magnitude is 2 or more, an infinity or NaN, in any of the values whose bits were joined by `or`: that is
 * what the exponent's uppermost bit says. */
static ALWAYS_INLINE m_t two_or_more_in_magnitude(i_t joined) {
    v_t a = v_abs(v_from_bits(joined));
    return m_or(v_ge(a, v_set1(2)), v_unordered(a, a));
}

/* A first look at products, each lane at its own: their largest magnitude as an integer, where NaN and infinities are
 * larger than all numbers, and the bits of y, joined. */
static ALWAYS_INLINE void scan_products(v_t y, v_t dy, i_t *largest, i_t *y_bits) {
    *y_bits = i_or(*y_bits, v_bits(y));
    *largest = i_max(*largest, v_bits(v_abs(v_mul(y, dy))));
}

/* The same for a row. Four vectors a turn: there is little to do for each, and the loop itself would count. */
static ALWAYS_INLINE void scan_row(size_t n, const real *y, const real *dy, i_t *largest, i_t *y_bits) {
    size_t j = 0;
    for (; n - j >= 4 * V_LANES; j += 4 * V_LANES) {
        scan_products(v_load_once(y + j), v_load_once(dy + j), largest, y_bits);
        scan_products(v_load_once(y + j + V_LANES), v_load_once(dy + j + V_LANES), largest, y_bits);
        scan_products(v_load_once(y + j + 2 * V_LANES), v_load_once(dy + j + 2 * V_LANES), largest, y_bits);
        scan_products(v_load_once(y + j + 3 * V_LANES), v_load_once(dy + j + 3 * V_LANES), largest, y_bits);
    }
    for (; n - j >= V_LANES; j += V_LANES) {
        scan_products(v_load_once(y + j), v_load_once(dy + j), largest, y_bits);
    }
    if (j < n) {
        v_t zero = v_set1(0);
        scan_products(v_load_n(y + j, n - j, zero), v_load_n(dy + j, n - j, zero), largest, y_bits);
    }
}

/* Where something is not finite, or a y too large. */
static ALWAYS_INLINE m_t products_out_of_range(i_t largest, i_t y_bits) {
    return m_or(two_or_more_in_magnitude(y_bits), m_not(v_ge(v_set1(REAL_LARGEST), v_from_bits(largest))));
}

/* The largest magnitude of a rounded product, from a look at all of them; NaN where dy is not finite or y not below 2
 * in magnitude, or where a product leaves the range. */
static ALWAYS_INLINE real largest_in_range(i_t largest, i_t y_bits) {
    return m_any(products_out_of_range(largest, y_bits)) ? canonical_nan() : v_hmax(v_from_bits(largest));
}

static ALWAYS_INLINE real largest_product(size_t n, const real *y, const real *dy) {
    i_t largest = i_set1(0), y_bits = i_set1(0);
    scan_row(n, y, dy, &largest, &y_bits);
    return largest_in_range(largest, y_bits);
}

/* The largest exponent, given the largest product. INT32_MAX if dy is not finite or y not below 2 in magnitude,
 * INT32_MIN if all products are 0. */
static inline int32_t exponent_of_largest(size_t n, const real *y, const real *dy, real largest) {
    return largest >= power_of_two(PRODUCT_SMALL) ? exponent_of_real(largest) : largest_exponent_slowly(n, y, dy);
}

NOT_INLINE static int32_t backward_exponent(size_t n, const real *y, const real *dy) {
    return exponent_of_largest(n, y, dy, largest_product(n, y, dy));
}

/* Entries whose products are added up; null range: they need no scaling. */
struct product_row {
    size_t n;
    const real *y, *dy;
    const struct product_range *range;
};

/* Adds a vector of products to two limbs, or to three if the row is long. */
static ALWAYS_INLINE void add_product(v_t y, v_t dy, const struct product_range *range, bool long_row,
                                      const struct grid *g, i_t *top, i_t *middle, i_t *low) {
    if (range != NULL) {
        y = v_mul(y, v_set1(range->y_scale));
        dy = v_mul(dy, v_set1(range->dy_scale));
    }
    if (long_row) { /* the product as two summands, without error */
        v_t product = v_mul(y, dy);
        add_to_three(product, g, top, middle, low);
        add_to_three(v_fms(y, dy, product), g, top, middle, low);
    } else {
        add_product_to_limbs(y, dy, v_set1(g->top), v_set1(g->top + g->middle), top, middle);
    }
}

/* Two vectors a turn: they do not wait for each other. */
static ALWAYS_INLINE void add_products(const struct product_row *row, bool long_row, const struct grid *g, i_t *top,
                                       i_t *middle, i_t *low) {
    const size_t n = row->n;
    const real *y = row->y, *dy = row->dy;
    size_t j = 0;
    for (; n - j >= 2 * V_LANES; j += 2 * V_LANES) {
        const real *y1 = y + j + V_LANES, *dy1 = dy + j + V_LANES;
        add_product(v_load_once(y + j), v_load_once(dy + j), row->range, long_row, g, top, middle, low);
        add_product(v_load_once(y1), v_load_once(dy1), row->range, long_row, g, top, middle, low);
    }
    for (; n - j >= V_LANES; j += V_LANES) {
        add_product(v_load_once(y + j), v_load_once(dy + j), row->range, long_row, g, top, middle, low);
    }
    if (j < n) {
        v_t zero = v_set1(0), yj = v_load_n(y + j, n - j, zero), dyj = v_load_n(dy + j, n - j, zero);
        add_product(yj, dyj, row->range, long_row, g, top, middle, low);
    }
}

/* The middle limb's unit where products have two, in that of three. */
#define MIDDLE_UNIT_OF_TWO ((int64_t)1 << (GRID_MIDDLE_OF_TWO - GRID_MIDDLE))

/* The limbs of the sum of up to SUM_BLOCK vectors of products; `exponent` is that of the largest, after scaling. */
static ALWAYS_INLINE void limbs_of_products(const struct product_row *row, int exponent, bool long_row,
                                            int64_t limbs[3]) {
    struct grid g = long_row ? grid_of_summands(exponent) : grid_of_products(exponent);
    i_t top = i_set1(0), middle = i_set1(0), low = i_set1(0);
    add_products(row, long_row, &g, &top, &middle, &low);
    size_t vectors = (row->n + V_LANES - 1) / V_LANES, additions = long_row ? 2 * vectors : vectors;
    limbs[0] = sum_lanes(top, g.top, additions);
    limbs[1] = sum_lanes(middle, g.middle, additions) * (long_row ? 1 : MIDDLE_UNIT_OF_TWO);
    limbs[2] = long_row ? sum_lanes(low, g.low, additions) : 0;
}

/* The products of n entries of a row of row_n with the given largest exponent; their sum is added to *sum. */
NOT_INLINE static void backward_products(size_t n, const real *y, const real *dy, int32_t exponent, size_t row_n,
                                         struct wide *sum) {
    if (exponent == INT32_MAX || products_vanish(exponent)) {
        return;
    }
    struct product_range range = product_range_of(exponent);
    for (size_t done = 0; done < n;) {
        size_t block = n - done < SUM_BLOCK * V_LANES ? n - done : SUM_BLOCK * V_LANES;
        const struct product_row scaled = {block, y + done, dy + done, &range};
        const struct product_row as_they_are = {block, y + done, dy + done, NULL};
        int64_t limbs[3];
        if (row_n >= WIDE_FROM) {
            limbs_of_products(&scaled, range.exponent, true, limbs);
        } else if (range.exponent != exponent) {
            limbs_of_products(&scaled, range.exponent, false, limbs);
        } else {
            limbs_of_products(&as_they_are, range.exponent, false, limbs);
        }
        add_limbs(sum, limbs, SHIFT_TOP);
        done += block;
    }
}

/* The exponent of the sum's unit, in the scale of dy. */
static inline int unit_exponent(int32_t exponent, const struct product_range *range) {
    return exponent + SUM_UNIT + (range->dy_scale == 1 ? 0 : LARGE_SCALE);
}

#endif
