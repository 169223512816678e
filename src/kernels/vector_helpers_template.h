/* What kernels need of reals and vectors beyond the vector layer (src/vec/README.md): bits, NaN, selection, TwoSum,
 * whole rows tested for NaN.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_VECTOR_HELPERS_TEMPLATE_H
#define SMX_VECTOR_HELPERS_TEMPLATE_H

#include "../base/attributes.h"

#include <math.h>
#include <string.h>

static inline real real_from_bits(real_bits bits) {
    real value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline real_bits bits_of_real(real value) {
    real_bits bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline real canonical_nan(void) { return real_from_bits(REAL_CANONICAL_NAN); }

/* 2^exponent, a normal number. */
static inline real power_of_two(int exponent) {
    return real_from_bits((real_bits)(exponent + REAL_BIAS) << REAL_MANTISSA);
}

/* Added to the bits of a real, it takes those in the upper half of a binade into the next. */
#define HALF_BINADE ((real_bits)1 << (REAL_MANTISSA - 1))

/* The power of two nearest to a, with its sign, and of two the larger; 0 for a below the normal range. */
static inline real nearest_power(real a) {
    const real_bits sign_and_exponent = ~(real_bits)0 << REAL_MANTISSA;
    bool normal = a >= power_of_two(1 - REAL_BIAS) || -a >= power_of_two(1 - REAL_BIAS);
    return normal ? real_from_bits((bits_of_real(a) + HALF_BINADE) & sign_and_exponent) : 0;
}

/* The exponent of a normal a > 0. */
static inline int32_t exponent_of_real(real a) { return (int32_t)(bits_of_real(a) >> REAL_MANTISSA) - REAL_BIAS; }

/* A real that is not a number only in the canonical way, and not -0. */
static inline real canonical(real a) { return isnan(a) ? canonical_nan() : a + 0; }

/* The length of arrays that hold one vector. Where V_LANES is known only at run time, there is a most. */
#ifdef V_LANES_MOST
#define LANES_MOST V_LANES_MOST
#else
#define LANES_MOST V_LANES
#endif

/* Logits, and all that is under masks, are made in blocks of so many. */
#define LOGITS_BLOCK ((size_t)512)

static inline size_t block_length(size_t left) { return left < LOGITS_BLOCK ? left : LOGITS_BLOCK; }

/* Bytes in a line of most caches. */
#define CACHE_LINE ((size_t)64)

/* A vector of equal lanes, as one of them. By way of memory, which has a shorter latency than v_hmax. */
static inline real first_lane(v_t a) {
    real lanes[LANES_MOST];
    v_store(lanes, a);
    return lanes[0];
}

/* Knuth's TwoSum: sum is a + b rounded, and a + b = sum + *error without error. `back` is what of b has arrived in the
 * sum, sum - back what of a has; *error adds up what is missing of both. Unlike Dekker's shorter FastTwoSum it does not
 * need |a| >= |b|, which lanes could not promise. */
static ALWAYS_INLINE v_t two_sum(v_t a, v_t b, v_t *error) {
    v_t sum = v_add(a, b), back = v_sub(sum, a);
    *error = v_add(v_sub(a, v_sub(sum, back)), v_sub(b, back));
    return sum;
}

/* The larger of reals, for i_fold_each, which works on integers. */
static inline i_t larger(i_t a, i_t b) { return v_bits(v_max(v_from_bits(a), v_from_bits(b))); }

/* The canonical NaN for any NaN: which one an operation gives differs between processors. */
static ALWAYS_INLINE v_t canonical_nans(v_t a) { return v_select(v_unordered(a, a), v_set1(canonical_nan()), a); }

/* a factor, rounded, with +0 for a result of 0: one that underflows from below would be -0 without the addition. */
static ALWAYS_INLINE v_t scaled_result(v_t a, v_t factor) { return v_add(v_mul(a, factor), v_set1(0)); }

/* The first `lanes` lanes, the others 0. A constant V_LANES makes it one plain load. */
static ALWAYS_INLINE v_t load_lanes(const real *p, size_t lanes) {
    return lanes == V_LANES ? v_load(p) : v_load_n(p, lanes, v_set1(0));
}

static ALWAYS_INLINE void store_lanes(real *p, v_t a, size_t lanes) {
    if (lanes == V_LANES) {
        v_store(p, a);
    } else {
        v_store_n(p, a, lanes);
    }
}

/* Whether the vectors at a and b are equal in every lane; NaN equals nothing. */
static inline bool lanes_equal(const real *a, const real *b) { return !m_any(m_not(v_eq(v_load(a), v_load(b)))); }

/* Whether all lanes are finite. */
static ALWAYS_INLINE bool finite_lanes(v_t a) {
    v_t difference = v_sub(a, a); /* NaN for an infinity */
    return !m_any(v_unordered(difference, difference));
}

static inline bool any_nan(size_t n, const real *x) {
    m_t nan = m_none();
    for (size_t j = 0; j < n; j += V_LANES) {
        v_t xj = n - j < V_LANES ? v_load_n(x + j, n - j, v_set1(0)) : v_load(x + j);
        nan = m_or(nan, v_unordered(xj, xj));
    }
    return m_any(nan);
}

/* Whether a whole row is. */
static bool all_finite(size_t n, const real *y) {
    v_t zero = v_set1(0);
    m_t nan = m_none();
    for (size_t j = 0; j < n; j += V_LANES) {
        v_t yj = n - j < V_LANES ? v_load_n(y + j, n - j, zero) : v_load(y + j);
        v_t difference = v_sub(yj, yj); /* NaN for an infinity too */
        nan = m_or(nan, v_unordered(difference, difference));
    }
    return !m_any(nan);
}

#endif
