/* The exact sum: reals are rounded once to a multiple of a fixed unit and added as integers, so that order, grouping
 * and vector width cannot matter.
 *
 * For summands below 2^(E + 1), adding 1.5 * 2^(E + GRID_TOP) leaves the summand's top bits, rounded to nearest even,
 * in the low bits of the result, whose pattern is then added as an integer; subtracting the constant again gives the
 * rest, exactly, which a second (and a third) step treats alike. The constants' own bits are taken off at the end,
 * where the number of additions is known. The unit is 2^(E - 44) with two limbs and 2^(E - 67) with three in f32, and
 * 2^(E - 87) in f64. */
#ifndef SMX_EXACT_SUM_H
#define SMX_EXACT_SUM_H

struct grid {
    real top, middle, low;
};

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

/* Knuth's TwoSum: a + b = sum + *error. */
static ALWAYS_INLINE v_t two_sum(v_t a, v_t b, v_t *error) {
    v_t sum = v_add(a, b), back = v_sub(sum, a);
    *error = v_add(v_sub(a, v_sub(sum, back)), v_sub(b, back));
    return sum;
}

/* a factor, rounded, with +0 for a result of 0: one that underflows from below would be -0 without the addition. */
static ALWAYS_INLINE v_t scaled_result(v_t a, v_t factor) { return v_add(v_mul(a, factor), v_set1(0)); }

/* a where the mask is, else b. */
static ALWAYS_INLINE v_t either(m_t mask, v_t a, v_t b) {
    return v_from_bits(i_or(v_bits(v_keep(mask, a)), v_bits(v_keep(m_not(mask), b))));
}

/* The canonical NaN for any NaN: which one an operation gives differs between processors. */
static ALWAYS_INLINE v_t clean_nan(v_t a) { return either(v_unordered(a, a), v_set1(canonical_nan()), a); }

/* 2^exponent, a normal number. */
static inline real power_of_two(int exponent) {
    return real_from_bits((real_bits)(exponent + REAL_BIAS) << REAL_MANTISSA);
}

/* For summands of either sign, |a| < 2^(exponent + 1). */
static inline struct grid grid_signed(int exponent) {
    struct grid g = {(real)1.5 * power_of_two(exponent + GRID_TOP), (real)1.5 * power_of_two(exponent + GRID_MIDDLE),
                     (real)1.5 * power_of_two(exponent + GRID_LOW)};
    return g;
}

/* For summands 0 <= a < 2^(exponent + 1): with no sign to make room for, the top limb can take one bit more, which
 * leaves the middle limb room for a rest of up to 2^(exponent - 22). */
static inline struct grid grid_unsigned(int exponent) {
    struct grid g = grid_signed(exponent);
    g.top = power_of_two(exponent + GRID_TOP_UNSIGNED);
    return g;
}

static ALWAYS_INLINE void sum_rest(v_t rest, v_t g_middle, i_t *middle) {
    *middle = i_add(*middle, v_bits(v_add(rest, g_middle)));
}

/* Adds the term a = whole + part * power, which is known to more digits than its rounded value a holds: the top limb
 * takes the rounded value, the rest goes by whole and part. Costs one operation more than adding a, and takes most of
 * the terms' rounding errors out of the sum. */
static ALWAYS_INLINE v_t sum_top(v_t a, v_t whole, v_t part, v_t power, v_t g_top, i_t *top) {
    v_t z = v_add(a, g_top);
    *top = i_add(*top, v_bits(z));
    return v_fma(part, power, v_sub(whole, v_sub(z, g_top)));
}

/* Adds the product a b to the two limbs; only the rest below the top limb's unit is rounded before its own step. */
static ALWAYS_INLINE void sum_add_product(v_t a, v_t b, v_t g_top, v_t g_middle, i_t *top, i_t *middle) {
    v_t z = v_fma(a, b, g_top);
    *top = i_add(*top, v_bits(z));
    sum_rest(v_fms(a, b, v_sub(z, g_top)), g_middle, middle);
}

/* Adds a rest to the lower two limbs of a long row. */
static ALWAYS_INLINE void sum_rest_wide(v_t rest, const struct grid *g, i_t *middle, i_t *low) {
    v_t z = v_add(rest, v_set1(g->middle));
    *middle = i_add(*middle, v_bits(z));
    sum_rest(v_sub(rest, v_sub(z, v_set1(g->middle))), v_set1(g->low), low);
}

/* Adds a to the three limbs of a long row. */
static ALWAYS_INLINE void sum_add_wide(v_t a, const struct grid *g, i_t *top, i_t *middle, i_t *low) {
    v_t z = v_add(a, v_set1(g->top));
    *top = i_add(*top, v_bits(z));
    sum_rest_wide(v_sub(a, v_sub(z, v_set1(g->top))), g, middle, low);
}

/* The sum of the lanes of one limb after `additions`, without the constant's bits. */
static inline int64_t sum_lanes(i_t limb, real constant, size_t additions) {
    return i_hsum(i_sub(limb, i_set1((real_bits)additions * bits_of_real(constant))));
}

static inline void add_limbs(struct wide *sum, const int64_t limbs[3], int shift_top) {
    wide_add(sum, limbs[0], shift_top);
    wide_add(sum, limbs[1], SHIFT_MIDDLE);
    wide_add(sum, limbs[2], SHIFT_LOW);
}

#endif
