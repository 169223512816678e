/* One lane's worth of softmax: the constants that follow from a maximum, a term, and its quotient. Lanes may belong to
 * one row or to several. docs/bits.md, "Forward", steps 2, 3 and 5. Template: compiled once for each instruction set
 * and type. */
#ifndef SMX_TERM_TEMPLATE_H
#define SMX_TERM_TEMPLATE_H

#include "../attributes.h"

static ALWAYS_INLINE v_t term_offset(v_t max) { return v_keep(v_ge(v_abs(max), v_set1(OFFSET_FROM)), max); }

/* ROUND_MAGIC plus what n must be raised by to be the exponent field of 2^(n + TERM_SCALE - N). */
static ALWAYS_INLINE v_t term_magic(v_t max, v_t offset) {
    v_t magic = v_set1(ROUND_MAGIC);
    v_t n = v_sub(v_fma(v_sub(max, offset), v_set1(LOG2E), magic), magic);
    return v_add(magic, v_sub(v_set1(TERM_SCALE + REAL_BIAS), n));
}

/* The x - offset, and all below it, whose exponent field is 0: their power is +0, and so is their term. */
static ALWAYS_INLINE v_t term_lowest(v_t magic) { return v_mul(v_sub(v_set1(ROUND_MAGIC), magic), v_set1(LN2_HI)); }

/* r = v + low - n ln(2), with n and the exponent field of exp's power of two in the low bits of *shifted. Null low:
 * 0. */
static ALWAYS_INLINE v_t reduce(v_t v, const v_t *low, v_t magic, v_t *shifted) {
    *shifted = v_fma(v, v_set1(LOG2E), magic);
    v_t n = v_sub(*shifted, magic);
    v_t r = v_fnma(n, v_set1(LN2_LO), v_fnma(n, v_set1(LN2_HI), v));
    return low == NULL ? r : v_add(r, *low);
}

static ALWAYS_INLINE v_t power_of(v_t shifted) { return v_from_bits(i_exponent(v_bits(shifted))); }

/* exp(v + low) 2^(TERM_SCALE - N) = (s + w) power, with s = 1 + r rounded and the power 0 far below the maximum. */
static ALWAYS_INLINE v_t exp_parts(v_t v, const v_t *low, v_t magic, v_t *w, v_t *power) {
    v_t shifted, r = reduce(v, low, magic, &shifted);
    *power = power_of(shifted);
    return exp_reduced(r, w);
}

/* By how much, relatively, the maximum's term is rounded. All terms of the row are made larger by that, which leaves
 * their quotients alone and the maximum's term without a rounding error: a row of one gives exactly 1. */
static ALWAYS_INLINE v_t term_correction(v_t max, v_t low, v_t magic) {
    v_t w, power;
    v_t s = exp_parts(v_sub(max, term_offset(max)), &low, magic, &w, &power);
    v_t rounded = v_add(s, w);
    return v_div(v_sub(w, v_sub(rounded, s)), rounded);
}

/* A term, from what `reduce` gives for v = x - offset or, if that is larger, `lowest`: whole + part * power, which the
 * term is rounded from. 0 far below the maximum. -inf gives 0; NaN never gets here. Null correction: 0. */
static ALWAYS_INLINE v_t term_parts(v_t r, v_t shifted, const v_t *correction, v_t *part, v_t *power) {
    v_t w, s = exp_reduced(r, &w);
    *power = power_of(shifted);
    *part = correction == NULL ? w : v_fnma(*correction, s, w);
    return v_mul(s, *power);
}

#endif
