/* One vector of softmax's terms exp(x - max): the constants that follow from a maximum, and the exponential. Its lanes
 * may belong to one row or to several. docs/bits.md, "Forward", steps 2 and 3.
 *
 * The exponential is the usual one. n is the integer nearest v / ln(2), and what is left is r, |r| <= ln(2) / 2:
 *
 *     exp(v) = 2^n exp(r),    r = v - n ln(2),    exp(r) = 1 + r + r^2 Q(r)
 *
 * n comes from an addition: v LOG2E + ROUND_MAGIC rounds to an integer, which stands in the sum's low bits. ln(2) is
 * two reals, LN2_HI + LN2_LO, so that r keeps all its digits. Q is a minimax polynomial (tools/exp.sollya). The result
 * stays in two parts, s = 1 + r rounded and w, which has r^2 Q(r) and what s has lost: a term is known to more digits
 * than its rounded value has, and the sum uses them.
 *
 * Three things are particular to softmax:
 *
 *     offset       exp(x - max) needs no subtraction where |max| is small: exp(x) and exp(max) are then both in range,
 *                  and the power of two alone brings terms to a common scale. From OFFSET_FROM on, x - max is exact
 *                  wherever the term is not 0 (Sterbenz), so that subtracting costs no accuracy.
 *     scale        2^n is replaced by 2^(n - N + TERM_SCALE), N being the maximum's n. All terms of a row are so the
 *                  true ones times one power of two. It is chosen so that no term that matters is subnormal.
 *     correction   the maximum's term has a rounding error. All terms are made larger by that, relatively. Quotients
 *                  stay the same, and the largest one gets its exact value: a row of one gives exactly 1.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_TERM_TEMPLATE_H
#define SMX_TERM_TEMPLATE_H

#include "../base/attributes.h"

/* What is taken off every entry: the maximum, or 0 where that is small. */
static ALWAYS_INLINE v_t term_offset(v_t max) { return v_keep(v_ge(v_abs(max), v_set1(OFFSET_FROM)), max); }

/* ROUND_MAGIC, plus what n must be raised by to be the exponent field of 2^(n - N + TERM_SCALE). The field then stands
 * in the low bits of a rounded sum, and one shift puts it into place (power_of). */
static ALWAYS_INLINE v_t term_magic(v_t max, v_t offset) {
    v_t magic = v_set1(ROUND_MAGIC);
    v_t n = v_sub(v_fma(v_sub(max, offset), v_set1(LOG2E), magic), magic);
    return v_add(magic, v_sub(v_set1(TERM_SCALE + REAL_BIAS), n));
}

/* The largest x - offset whose exponent field is 0: its power is +0, and so is its term. Smaller ones are replaced by
 * it, or their field would wrap around. */
static ALWAYS_INLINE v_t term_lowest(v_t magic) { return v_mul(v_sub(v_set1(ROUND_MAGIC), magic), v_set1(LN2_HI)); }

/* Range reduction: r = v + low - n ln(2), with the exponent field in the low bits of *shifted. The product n LN2_HI is
 * exact in the fma, so that cancellation loses nothing. Null low: 0. */
static ALWAYS_INLINE v_t reduce(v_t v, const v_t *low, v_t magic, v_t *shifted) {
    *shifted = v_fma(v, v_set1(LOG2E), magic);
    v_t n = v_sub(*shifted, magic);
    v_t r = v_fnma(n, v_set1(LN2_LO), v_fnma(n, v_set1(LN2_HI), v));
    return low == NULL ? r : v_add(r, *low);
}

static ALWAYS_INLINE v_t power_of(v_t shifted) { return v_from_bits(i_exponent(v_bits(shifted))); }

/* exp(v + low) 2^(TERM_SCALE - N) = (s + w) power, with s = 1 + r rounded, which is returned. The power is 0 far below
 * the maximum. */
static ALWAYS_INLINE v_t exp_parts(v_t v, const v_t *low, v_t magic, v_t *w, v_t *power) {
    v_t shifted, r = reduce(v, low, magic, &shifted);
    *power = power_of(shifted);
    return exp_reduced(r, w);
}

/* By how much, relatively, the maximum's term is rounded. */
static ALWAYS_INLINE v_t term_correction(v_t max, v_t low, v_t magic) {
    v_t w, power;
    v_t s = exp_parts(v_sub(max, term_offset(max)), &low, magic, &w, &power);
    v_t rounded = v_add(s, w);
    return v_div(v_sub(w, v_sub(rounded, s)), rounded);
}

/* A term, from what `reduce` gives for v = max(x - offset, term_lowest): it is whole + part * power, and whole is
 * returned. It is 0 far below the maximum, so also for x = -inf. NaN never gets here. Null correction: 0. */
static ALWAYS_INLINE v_t term_parts(v_t r, v_t shifted, const v_t *correction, v_t *part, v_t *power) {
    v_t w, s = exp_reduced(r, &w);
    *power = power_of(shifted);
    *part = correction == NULL ? w : v_fnma(*correction, s, w);
    return v_mul(s, *power);
}

#endif
