/* The largest entries of a row: the maximum alone, or the two largest and where the first of them stands. NaN makes
 * them NaN.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_ROW_MAX_TEMPLATE_H
#define SMX_ROW_MAX_TEMPLATE_H

#include "../base/attributes.h"

#include <math.h>

#include "vector_helpers_template.h"

/* The largest of n entries in each lane, and of those before in *a and *b; *nan gets where there was a NaN. */
static ALWAYS_INLINE void max_of_lanes(size_t n, const real *x, v_t *a, v_t *b, m_t *nan) {
    v_t lowest = v_set1(-(real)INFINITY);
    size_t j = 0;
    for (; n - j >= 2 * V_LANES; j += 2 * V_LANES) {
        v_t x0 = v_load_once(x + j), x1 = v_load_once(x + j + V_LANES);
        *a = v_max(*a, x0);
        *b = v_max(*b, x1);
        *nan = m_or(*nan, v_unordered(x0, x1));
    }
    for (; j < n; j += V_LANES) {
        v_t x0 = n - j < V_LANES ? v_load_n(x + j, n - j, lowest) : v_load(x + j);
        *a = v_max(*a, x0);
        *nan = m_or(*nan, v_unordered(x0, x0));
    }
}

/* The maximum of n entries: NaN if any is NaN, -inf if there is none. */
static real row_max(size_t n, const real *x) {
    v_t a = v_set1(-(real)INFINITY), b = a;
    m_t nan = m_none();
    max_of_lanes(n, x, &a, &b, &nan);
    return m_any(nan) ? canonical_nan() : v_hmax(v_max(a, b));
}

/* The largest logit high + low (high is NaN if any is NaN, -inf if all are), where it first stands, and the second
 * largest high part: the same value if two are equal, -inf if there is none. */
struct maximum {
    real high, low, second;
    size_t argmax;
};

/* Whether the maximum has an equal, whose high part is the same. */
static inline bool tied(const struct maximum *maximum) { return maximum->second == maximum->high; }

/* The two largest in each lane of n reals, and their sum: NaN if one of them is, and maybe for infinities and where it
 * overflows. Comparisons would wait for the ports that maxima take. */
static ALWAYS_INLINE void largest_of_lanes(size_t n, const real *x, v_t *first, v_t *second, v_t *sum) {
    v_t lowest = v_set1(-(real)INFINITY), first0 = lowest, first1 = lowest, second0 = lowest, second1 = lowest;
    v_t sum0 = v_set1(0), sum1 = sum0;
    size_t j = 0;
    for (; n - j >= 2 * V_LANES; j += 2 * V_LANES) {
        v_t x0 = v_load_once(x + j), x1 = v_load_once(x + j + V_LANES);
        second0 = v_max(second0, v_min(first0, x0));
        second1 = v_max(second1, v_min(first1, x1));
        first0 = v_max(first0, x0);
        first1 = v_max(first1, x1);
        sum0 = v_add(sum0, x0);
        sum1 = v_add(sum1, x1);
    }
    for (; j < n; j += V_LANES) {
        v_t x0 = n - j < V_LANES ? v_load_n(x + j, n - j, lowest) : v_load(x + j);
        second0 = v_max(second0, v_min(first0, x0));
        first0 = v_max(first0, x0);
        sum0 = v_add(sum0, x0);
    }
    *second = v_max(v_max(second0, second1), v_min(first0, first1));
    *first = v_max(first0, first1);
    *sum = v_add(sum0, sum1);
}

/* The two largest of the two largest in each lane, as a maximum without a place. */
static inline struct maximum maximum_of_lanes(v_t first, v_t second) {
    struct maximum maximum = {v_hmax(first), 0, v_hmax(second), 0};
    real lanes[LANES_MOST];
    v_store(lanes, first);
    size_t with_first = 0;
    for (size_t i = 0; i < V_LANES; i++) {
        if (lanes[i] == maximum.high) {
            with_first++;
        } else if (lanes[i] > maximum.second) {
            maximum.second = lanes[i];
        }
    }
    if (with_first > 1) {
        maximum.second = maximum.high;
    }
    return maximum;
}

/* The two largest of n reals. */
static inline struct maximum two_largest(size_t n, const real *x) {
    v_t first, second, sum;
    largest_of_lanes(n, x, &first, &second, &sum);
    struct maximum maximum = maximum_of_lanes(first, second);
    if (m_any(v_unordered(sum, sum)) && any_nan(n, x)) {
        maximum.high = canonical_nan();
    }
    return maximum;
}

/* The first place of `value` in x, which has it; with `low`, of value + low_value. */
static inline size_t first_place_of(size_t n, const real *x, real value, const real *low, real low_value) {
    v_t wanted = v_set1(value), minus_infinity = v_set1(-(real)INFINITY);
    for (size_t j = 0; j < n; j += V_LANES) {
        v_t xj = n - j < V_LANES ? v_load_n(x + j, n - j, minus_infinity) : v_load(x + j);
        if (m_any(v_eq(xj, wanted))) {
            size_t end = n - j < V_LANES ? n : j + V_LANES;
            for (size_t i = j; i < end; i++) {
                if (x[i] == value && (low == NULL || low[i] == low_value)) {
                    return i;
                }
            }
        }
    }
    return n;
}

/* The maximum of two parts of a row, the second of which begins at from_at. */
static inline void merge_maxima(struct maximum *into, const struct maximum *from, size_t from_at) {
    bool equal = from->high == into->high;
    real second = from->second > into->second ? from->second : into->second;
    real smaller = from->high > into->high ? into->high : from->high;
    second = smaller > second ? smaller : second;
    if (from->high > into->high || (equal && from->low > into->low)) {
        *into = *from;
        into->argmax += from_at;
    }
    into->second = second;
}

/* The maximum of logits scale x, given that of x, for scale > 0. Rounding does not change an order, so that the largest
 * x has the largest high part, and the second largest the second. Of entries with the same high part, low = RN(scale x
 * - high) is largest for the largest x, as rounding does not change that order either. */
static inline struct maximum scaled_maximum(const struct maximum *x, real scale) {
    struct maximum maximum = {scale * x->high, 0, scale * x->second, 0};
    maximum.low = r_fma(scale, x->high, -maximum.high);
    return maximum;
}

#endif
