/* Exact dot products of factors that are made block by block. docs/bits.md, "Exact dot product". */
#ifndef SMX_DOT_H
#define SMX_DOT_H

#include "../base/pair.h"
#include "backward.h"
#include "logits.h"

/* Writes n <= LOGITS_BLOCK factors from the j-th on; |a| < 2. */
typedef void (*factors)(const void *row, size_t j, size_t n, real *a, real *b);

struct dot {
    int32_t exponent; /* as backward_exponent gives it */
    struct wide sum;
};

/* The sum of a_j b_j over n entries of a row of row_n. */
static struct dot exact_dot(size_t n, size_t row_n, factors make, const void *row) {
    real a[LOGITS_BLOCK], b[LOGITS_BLOCK];
    struct dot dot = {INT32_MIN, {{0}}};
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        make(row, j, length, a, b);
        int32_t exponent = backward_exponent(length, a, b);
        dot.exponent = exponent > dot.exponent ? exponent : dot.exponent;
    }
    if (dot.exponent == INT32_MAX || no_products(dot.exponent)) {
        return dot;
    }
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        make(row, j, length, a, b);
        backward_products(length, a, b, dot.exponent, row_n, &dot.sum);
    }
    return dot;
}

static inline bool dot_is_finite(const struct dot *dot) { return dot->exponent != INT32_MAX; }

/* A finite dot product as two doubles. */
static inline struct pair pair_of_dot(const struct dot *dot) {
    if (no_products(dot->exponent)) {
        return pair_of(0);
    }
    return pair_scaled(pair_of_wide(dot->sum), dot->exponent + SUM_UNIT);
}

/* A finite dot product times 2^*up, which brings it near 1, as far as SUM_UP and SUM_DOWN allow. */
static inline struct pair dot_near_one(const struct dot *dot, int *up) {
    struct pair sum = pair_of_wide(dot->sum);
    *up = 0;
    if (no_products(dot->exponent) || sum.high == 0) {
        return pair_of(0);
    }
    int unit = dot->exponent + SUM_UNIT, wanted = -(exponent_of(sum.high) + unit);
    *up = wanted > SUM_UP ? SUM_UP : wanted < SUM_DOWN ? SUM_DOWN : wanted;
    return pair_scaled(sum, unit + *up);
}

/* A finite dot product as two reals, in the scale of the second factor that `range` says. */
static inline struct range reals_of_dot(const struct dot *dot, real s[2]) {
    bool nothing = no_products(dot->exponent);
    struct range range = range_of(nothing ? 0 : dot->exponent);
    s[0] = s[1] = 0;
    if (!nothing) {
        value_of_sum(&dot->sum, unit_exponent(dot->exponent, &range), s);
    }
    return range;
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
        v_t ej = v_load(e + j);
        v_store(y + j, scaled_result(v_fma(ej, high, v_mul(ej, low)), last));
    }
    if (j < n) {
        v_t ej = v_load_n(e + j, n - j, zero);
        v_store_n(y + j, scaled_result(v_fma(ej, high, v_mul(ej, low)), last), n - j);
    }
}

/* y = factor e for terms e and a factor in range, rounded once, and +0 for 0. A large factor is scaled first, or the
 * product could overflow before it is brought to the scale of 1; a small one last, or it could underflow. In place
 * allowed. */
static inline void scale_terms(size_t n, const real *e, struct pair factor, real *y) {
    bool large = fabs(factor.high) >= 0x1p30;
    real f[2];
    reals_of_pair(large ? pair_scaled(factor, -TERM_SCALE) : factor, f);
    scale_by_reals(n, e, f, large ? 1 : TERM_UNSCALE, y);
}

#endif
