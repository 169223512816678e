/* The rest of the loss (cross_entropy_rest_template.h) of V_LANES short rows at once, each lane with a row of its own.
 * Their rest_c are where entries are: that of class j and lane i at [j * V_LANES + i].
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_REST_LANES_TEMPLATE_H
#define SMX_REST_LANES_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/pair.h"
#include "../base/wide.h"

#include "backward_products_template.h"
#include "lane_log_stats_template.h"
#include "limb_sum_template.h"
#include "transpose_template.h"
#include "vector_helpers_template.h"

#ifdef V_TRANSPOSE

/* An exact sum in each lane. */
struct sum_lanes {
    real unit[LANES_MOST]; /* the binade of its largest summand */
    real_signed top[LANES_MOST], middle[LANES_MOST];
};

/* The binades of the largest summands, given as integers that are reals' patterns. *none: where there is none but
 * zeros, or none that a real holds. False if one is out of the range that needs no scaling. */
static ALWAYS_INLINE bool units_of_largest(i_t patterns, v_t *unit, m_t *none) {
    v_t largest = v_from_bits(patterns);
    *none = v_eq(largest, v_set1(0));
    largest = v_select(*none, v_set1(1), largest);
    *unit = v_binade(largest);
    m_t above = v_ge(largest, v_set1(power_of_two(PRODUCT_LARGE + 1)));
    return !m_any(m_or(above, m_not(v_ge(largest, v_set1(power_of_two(PRODUCT_SMALL))))));
}

/* The m - x of a class; 0 beside a rest_c of 0, if that may be. */
static ALWAYS_INLINE v_t distance_of_lanes(v_t max, v_t x, v_t rest, bool zeros) {
    v_t distance = v_sub(max, x);
    return zeros ? v_keep(m_not(v_eq(rest, v_set1(0))), distance) : distance;
}

/* The limbs of each lane after n additions, without the bits of the constants. */
static ALWAYS_INLINE void store_sums(i_t top, i_t middle, v_t g_top, v_t g_middle, size_t n, struct sum_lanes *sum) {
    i_store(sum->top, limb_without_constant(top, g_top, n));
    i_store(sum->middle, limb_without_constant(middle, g_middle, n));
}

/* The sum of lane i. */
static ALWAYS_INLINE struct pair pair_of_sum_lane(const struct sum_lanes *sum, size_t i) {
    double unit = (double)sum->unit[i];
    return sum_of((double)sum->top[i] * (unit * double_power_of_two(SHIFT_TOP + SUM_UNIT)),
                  (double)sum->middle[i] *
                      (unit * (double)MIDDLE_UNIT_OF_TWO * double_power_of_two(SHIFT_MIDDLE + SUM_UNIT)));
}

/* The constants G of lanes. */
static ALWAYS_INLINE v_t grid_of_units(v_t unit, int exponent) {
    return v_mul(unit, v_set1((real)1.5 * power_of_two(exponent)));
}

/* B. False if one is out of range. */
static ALWAYS_INLINE bool sum_rest_in_lanes(size_t n, const real *rest, struct sum_lanes *sum) {
    i_t patterns = i_set1(0), top = patterns, middle = patterns;
    v_t unit;
    m_t none;
    for (size_t j = 0; j < n * V_LANES; j += V_LANES) {
        patterns = i_max(patterns, v_bits(v_abs(v_load(rest + j))));
    }
    /* Rests of 2 and more are scaled for R: not here. */
    if (!units_of_largest(patterns, &unit, &none) || m_any(v_ge(unit, v_set1(2)))) {
        return false;
    }
    v_t g_top = grid_of_units(unit, GRID_TOP), g_middle = grid_of_units(unit, GRID_MIDDLE_OF_TWO),
        both = v_add(g_top, g_middle), one = v_set1(1);
    for (size_t j = 0; j < n * V_LANES; j += V_LANES) {
        add_product_to_limbs(one, v_load(rest + j), g_top, both, &top, &middle);
    }
    v_store(sum->unit, unit);
    store_sums(top, middle, g_top, g_middle, n, sum);
    return true;
}

/* Whether a lane without a product that a real holds has one all the same. */
static bool products_hide(size_t n, const real *x, v_t max, const real *rest, m_t none) {
    m_t hidden = m_none();
    for (size_t j = 0; j < n * V_LANES; j += V_LANES) {
        v_t zero = v_set1(0), r = v_load(rest + j), distance = distance_of_lanes(max, v_load(x + j), r, true);
        hidden = m_or(hidden, m_not(m_or(v_eq(distance, zero), v_eq(r, zero))));
    }
    return m_any(m_and(none, hidden));
}

/* R of rows with these maxima; `zeros`: some rest_c may be 0. False if one is out of range. */
static ALWAYS_INLINE bool sum_distances_in_lanes(size_t n, const real *x, const real *maxima, const real *rest,
                                                 bool zeros, struct sum_lanes *sum) {
    i_t patterns = i_set1(0), top = patterns, middle = patterns;
    v_t max = v_load(maxima), unit;
    m_t none;
    for (size_t j = 0; j < n * V_LANES; j += V_LANES) {
        v_t r = v_load(rest + j);
        patterns = i_max(patterns, v_bits(v_abs(v_mul(r, distance_of_lanes(max, v_load(x + j), r, zeros)))));
    }
    if (!units_of_largest(patterns, &unit, &none) || (m_any(none) && products_hide(n, x, max, rest, none))) {
        return false;
    }
    v_t g_top = grid_of_units(unit, GRID_TOP), g_middle = grid_of_units(unit, GRID_MIDDLE_OF_TWO),
        both = v_add(g_top, g_middle);
    for (size_t j = 0; j < n * V_LANES; j += V_LANES) {
        v_t r = v_load(rest + j);
        add_product_to_limbs(r, distance_of_lanes(max, v_load(x + j), r, zeros), g_top, both, &top, &middle);
    }
    v_store(sum->unit, unit);
    store_sums(top, middle, g_top, g_middle, n, sum);
    return true;
}

/* The rest_c beside a largest entry of each lane. */
static ALWAYS_INLINE void rest_at_maxima(size_t n, const real *x, const real *maxima, const real *rest, real *at) {
    v_t max = v_load(maxima), found = v_set1(0);
    for (size_t j = 0; j < n * V_LANES; j += V_LANES) {
        found = v_select(v_eq(v_load(x + j), max), v_load(rest + j), found);
    }
    v_store(at, found);
}

#endif

#endif
