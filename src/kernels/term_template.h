/* One vector of softmax's terms exp(x - max): the constants that follow from a maximum, and the exponential. Its lanes
 * may belong to one row or to several. docs/bits.md, "Forward", steps 2 and 3.
 *
 * The exponential is the usual one. n is the integer nearest v / ln(2), and what is left is r, |r| <= ln(2) / 2:
 *
 *     exp(v) = 2^n exp(r),    r = v - n ln(2)
 *
 * n comes from an addition: v LOG2E + ROUND_MAGIC rounds to an integer, which stands in the sum's low bits. ln(2) is
 * two reals, LN2_HI + LN2_LO, so that r keeps all its digits. exp(r) is 1 + r exprel(r), and a polynomial gives
 * exprel(r) = (exp(r) - 1) / r. The power of two goes into both summands of the last fma: so it is there when the
 * polynomial ends, and no product follows. The row's sum is the exact sum of the terms as they are rounded.
 *
 * Two things are particular to softmax:
 *
 *     offset       exp(x - max) needs no subtraction where |max| is small: exp(x) and exp(max) are then both in range,
 *                  and the power of two alone brings terms to a common scale. From OFFSET_FROM on, x - max is exact
 *                  wherever the term is not 0 (Sterbenz), so that subtracting costs no accuracy.
 *     scale        2^n is replaced by 2^(n - N + TERM_SCALE), N being the maximum's n. All terms of a row are so the
 *                  true ones times one power of two. It is chosen so that no term that matters is subnormal.
 *
 * A term far below the maximum is exactly 0: gradients multiply it by numbers that may be huge. So the power of two is
 * a factor, which can be 0; added to the exponent of exp(r) as an integer, it could not. The product r power is
 * exact, but where it is subnormal: near the last terms that are not 0.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_TERM_TEMPLATE_H
#define SMX_TERM_TEMPLATE_H

#include "../base/attributes.h"

/* What is taken off every entry: the maximum, or 0 where that is small. */
static ALWAYS_INLINE v_t term_offset(v_t max) { return v_keep(v_ge(v_abs(max), v_set1(OFFSET_FROM)), max); }

/* Whether that is other than 0 in any lane. */
static ALWAYS_INLINE bool far_from_zero(v_t max) { return m_any(v_ge(v_abs(max), v_set1(OFFSET_FROM))); }

/* N, the n of the maximum. */
static ALWAYS_INLINE v_t term_power(v_t max, v_t offset) {
    const v_t magic = v_set1(ROUND_MAGIC);
    return v_sub(v_fma(v_sub(max, offset), v_set1(LOG2E), magic), magic);
}

/* What n must be raised by to be the exponent field of 2^(n - N + TERM_SCALE). */
static ALWAYS_INLINE v_t term_bias(v_t max, v_t offset) {
    return v_sub(v_set1(TERM_SCALE + REAL_BIAS), term_power(max, offset));
}

/* ROUND_MAGIC plus that. The field then stands in the low bits of a rounded sum, and one shift puts it into place
 * (power_of). */
static ALWAYS_INLINE v_t magic_of_bias(v_t bias) { return v_add(v_set1(ROUND_MAGIC), bias); }
static ALWAYS_INLINE v_t term_magic(v_t max, v_t offset) { return magic_of_bias(term_bias(max, offset)); }

/* The largest x - offset whose exponent field is 0: its power is +0, and so is its term. Smaller ones are replaced by
 * it, or their field would wrap around. */
static ALWAYS_INLINE v_t lowest_of_bias(v_t bias) { return v_mul(bias, v_set1(-LN2_HI)); }
static ALWAYS_INLINE v_t term_lowest(v_t magic) { return lowest_of_bias(v_sub(magic, v_set1(ROUND_MAGIC))); }

/* Range reduction: r = v + low - n ln(2), with the exponent field in the low bits of *shifted. The product n LN2_HI is
 * exact in the fma, so that cancellation loses nothing. Null low: 0. */
static ALWAYS_INLINE v_t reduce(v_t v, const v_t *low, v_t magic, v_t *shifted) {
    *shifted = v_fma(v, v_set1(LOG2E), magic);
    v_t n = v_sub(*shifted, magic);
    v_t r = v_fnma(n, v_set1(LN2_LO), v_fnma(n, v_set1(LN2_HI), v));
    return low == NULL ? r : v_add(r, *low);
}

static ALWAYS_INLINE v_t power_of(v_t shifted) { return v_from_bits(i_exponent(v_bits(shifted))); }

/* A term, from what `reduce` gives for v = max(x - offset, term_lowest): 0 far below the maximum, so also for x = -inf.
 * NaN never gets here. */
static ALWAYS_INLINE v_t term_of_reduced(v_t r, v_t shifted) {
    const v_t power = power_of(shifted);
    return v_fma(exprel(r), v_mul(r, power), power);
}

#endif
