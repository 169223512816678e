/* One lane's worth of softmax: the constants that follow from a maximum, a term, and its quotient. Lanes may belong to
 * one row or to several. docs/bits.md, "Forward", steps 2, 3 and 5. */
#ifndef SMX_TERM_H
#define SMX_TERM_H

#include "exact_sum.h"

static ALWAYS_INLINE v_t term_offset(v_t max) { return v_keep(v_ge(v_abs(max), v_set1(OFFSET_FROM)), max); }

/* ROUND_MAGIC plus what an exponent must be raised by: TERM_SCALE - N. */
static ALWAYS_INLINE v_t term_magic(v_t max, v_t offset) {
    v_t magic = v_set1(ROUND_MAGIC);
    v_t n = v_sub(v_fma(v_sub(max, offset), v_set1(LOG2E), magic), magic);
    return v_add(magic, v_sub(v_set1(TERM_SCALE), n));
}

static ALWAYS_INLINE v_t term_threshold(v_t max, v_t offset) { return v_sub(v_sub(max, offset), v_set1(TERM_CUTOFF)); }

/* exp(x - offset) 2^(TERM_SCALE - N), or 0 below the threshold. -inf gives 0; NaN never gets here. */
static ALWAYS_INLINE v_t term(v_t x, v_t offset, v_t magic, v_t threshold) {
    v_t v = v_sub(x, offset);
    v_t shifted = v_fma(v, v_set1(LOG2E), magic); /* n + TERM_SCALE - N, in the low bits */
    v_t n = v_sub(shifted, magic);
    v_t r = v_fnma(n, v_set1(LN2_LO), v_fnma(n, v_set1(LN2_HI), v));
    v_t e = v_from_bits(i_add(v_bits(exp_reduced(r)), i_exponent(v_bits(shifted))));
    return v_keep(v_ge(v, threshold), e);
}

/* The term where +inf entries share all mass: 1 for each of them. */
static ALWAYS_INLINE v_t limit_term(v_t x) {
    return v_keep(v_eq(x, v_set1((real)INFINITY)), v_set1(power_of_two(TERM_SCALE)));
}

/* e / sum, with 1 / sum = high + low. */
static ALWAYS_INLINE v_t quotient(v_t e, v_t high, v_t low) {
    return v_mul(v_fma(e, high, v_mul(e, low)), v_set1(TERM_UNSCALE));
}

#endif
