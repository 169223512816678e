/* From terms to results: a row of terms times one over their sum, for softmax, or times another factor, for gradients.
 * The factor is always two reals, so that the product is rounded once only. docs/bits.md, "Forward", step 5, and
 * "Logarithms".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_ROW_SCALE_TEMPLATE_H
#define SMX_ROW_SCALE_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/pair.h"
#include "../base/wide.h"

#include <math.h>

#include "row_terms_template.h"
#include "vector_helpers_template.h"

/* e / sum, with 1 / sum = high + low: e high + (e low), rounded once but for the last bits of the small product. The
 * reciprocal has taken off the factor of 2^TERM_SCALE that terms carry. */
static ALWAYS_INLINE v_t quotient(v_t e, v_t high, v_t low) { return v_fma(e, high, v_mul(e, low)); }

/* y = e / sum, the quotient by a reciprocal of twice the precision: one rounding. In place allowed. Two vectors a turn:
 * a loop of one is so short that its speed would hang on where it comes to lie in a cache line (docs/tuning.md). */
static inline void scale_by(size_t n, const real *e, const real reciprocal[2], real *y) {
    v_t high = v_set1(reciprocal[0]), low = v_set1(reciprocal[1]);
    size_t j = 0;
    for (; n - j >= 2 * V_LANES; j += 2 * V_LANES) {
        const size_t k = j + V_LANES;
        v_store(y + j, quotient(v_load_once(e + j), high, low));
        v_store(y + k, quotient(v_load_once(e + k), high, low));
    }
    for (; n - j >= V_LANES; j += V_LANES) {
        v_store(y + j, quotient(v_load_once(e + j), high, low));
    }
    if (j < n) {
        v_store_n(y + j, quotient(v_load_n(e + j, n - j, v_set1(0)), high, low), n - j);
    }
}

/* The same for a part of a row, given the whole row's sum. */
NOT_INLINE static void row_scale(size_t n, const real *e, const struct wide *sum, real *y) {
    real reciprocal[2];
    reciprocal_of_sum(sum, reciprocal);
    scale_by(n, e, reciprocal, y);
}

/* What results are: terms times this, two reals. */
static ALWAYS_INLINE void find_reciprocal(const struct term_sum *sum, real reciprocal[2]) {
    if (!sum->in_limbs || !reciprocal_of_limbs(sum->limbs, reciprocal)) {
        struct wide wide = wide_of_term_sum(sum);
        reciprocal_of_sum(&wide, reciprocal);
    }
}

static inline void scale_by_sum(size_t n, const real *e, const struct term_sum *sum, real *y) {
    real reciprocal[2];
    find_reciprocal(sum, reciprocal);
    scale_by(n, e, reciprocal, y);
}

/* Two reals that add up to a pair. */
static inline void reals_of_pair(struct pair a, real value[2]) {
    value[0] = (real)a.high;
    value[1] = (real)((a.high - (double)value[0]) + a.low);
}

/* Whether a factor of terms is in range: one that is not makes a row of NaN. */
static inline bool factor_in_range(struct pair factor) {
    return isfinite((real)(factor.high * (double)TERM_UNSCALE)) && isfinite(factor.low);
}

/* y = e (high + low) unscale for terms e, and +0 for 0. In place allowed. */
static inline void scale_by_reals(size_t n, const real *e, const real factor[2], real unscale, real *y) {
    v_t high = v_set1(factor[0]), low = v_set1(factor[1]), zero = v_set1(0), last = v_set1(unscale);
    size_t j = 0;
    for (; n - j >= V_LANES; j += V_LANES) {
        v_t ej = v_load_once(e + j);
        v_store(y + j, scaled_result(v_fma(ej, high, v_mul(ej, low)), last));
    }
    if (j < n) {
        v_t ej = v_load_n(e + j, n - j, zero);
        v_store_n(y + j, scaled_result(v_fma(ej, high, v_mul(ej, low)), last), n - j);
    }
}

/* A factor of terms as two reals, and what follows it. A large factor is scaled first, or the product could overflow
 * before it is brought to the scale of 1; a small one last, or it could underflow. */
static inline real reals_of_factor(struct pair factor, real value[2]) {
    bool large = fabs(factor.high) >= 0x1p30;
    reals_of_pair(large ? pair_scaled(factor, -TERM_SCALE) : factor, value);
    return large ? 1 : TERM_UNSCALE;
}

/* y = factor e for terms e and a factor in range, rounded once, and +0 for 0. In place allowed. */
static inline void scale_terms(size_t n, const real *e, struct pair factor, real *y) {
    real f[2], unscale = reals_of_factor(factor, f);
    scale_by_reals(n, e, f, unscale, y);
}

#endif
