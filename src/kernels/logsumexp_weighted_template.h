/* Logsumexp with weights of either sign: log |sum b exp(z)|. docs/bits.md, "Logarithms".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOGSUMEXP_WEIGHTED_TEMPLATE_H
#define SMX_LOGSUMEXP_WEIGHTED_TEMPLATE_H

#include "../base/pair.h"

#include <math.h>

#include "exact_dot_template.h"
#include "log_stats_template.h"
#include "logits_max_template.h"
#include "logits_template.h"
#include "mask_template.h"
#include "row_max_template.h"
#include "row_terms_template.h"
#include "term_template.h"
#include "vector_helpers_template.h"

struct weighted_row {
    const logits *l;
    const struct maximum *maximum;
};

/* Probabilities, not yet divided by their sum, and weights. */
static void weighted_factors(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct weighted_row *r = row;
    struct logit_buffer buffer;
    struct logit_block z = logits_block(r->l, j, j + n, &buffer);
    add_terms(n, z.high, z.low, r->maximum->high, r->l->row_n, a, NULL);
    for (size_t i = 0; i < n; i++) {
        a[i] *= TERM_UNSCALE;
        b[i] = a[i] == 0 ? 0 : r->l->weight[j + i];
    }
}

/* The sum of the weights of the +inf entries of a row. */
static void limit_factors(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct weighted_row *r = row;
    struct logit_buffer buffer;
    struct logit_block z = logits_block(r->l, j, j + n, &buffer);
    for (size_t i = 0; i < n; i++) {
        a[i] = z.high[i] == (real)INFINITY ? 1 : 0;
        b[i] = a[i] == 0 ? 0 : r->l->weight[j + i];
    }
}

/* Whether the weights of the entries that the masks keep are finite. */
static inline bool weights_finite(size_t n, const logits *l) {
    logits masks = *l;
    real block[LOGITS_BLOCK];
    masks.weight = NULL;
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        const real *weight = kept_block(&masks, j, length, l->weight, block);
        for (size_t i = 0; i < length; i++) {
            if (!isfinite(weight[i])) {
                return false;
            }
        }
    }
    return true;
}

static inline real sign_of(double a) { return a > 0 ? (real)1 : a < 0 ? (real)-1 : (real)0; }

/* What makes the factors of s, for a maximum that is not -inf. */
static inline factors factors_of_weighted(const struct maximum *maximum) {
    return maximum->high == (real)INFINITY ? limit_factors : weighted_factors;
}

/* log |s| and the sign of s, from the sum of the products of terms and weights. */
static inline real logsumexp_of_dot(real max, const struct dot *dot, real *sign) {
    struct pair sum = pair_of_dot(dot);
    if (max == (real)INFINITY) {
        *sign = sum.high == 0 ? canonical_nan() : sign_of(sum.high);
        return sum.high == 0 ? canonical_nan() : max;
    }
    *sign = sign_of(sum.high);
    if (sum.high == 0) {
        return -(real)INFINITY;
    }
    /* The terms are exp(z - c) / 2^N. */
    v_t m = v_set1(max), offset = term_offset(m);
    int n_of_terms = power_of_terms(m, offset);
    struct pair log = pair_log(sum.high < 0 ? pair_negative(sum) : sum);
    log = pair_add(pair_mul(pair_of(n_of_terms), LN2_OF_PAIR), log);
    real lse = real_of(pair_add(pair_of((double)first_lane(offset)), log));
    return isnan(lse) ? canonical_nan() : lse; /* weights whose sum is beyond the range of a double */
}

/* log |s| and the sign of s = sum of b_j exp(z_j); l->weight is b. The terms are rounded to reals before they meet b:
 * where weights cancel, no way that rounds exp(z) can do better.
 *
 * Error: at most BOUND_LOGSUMEXP_ROUNDING, and S / |s| times BOUND_LOGSUMEXP_WEIGHTED = 2^-22 in f32, with 2^-51 in
 * f64, S being the sum of |b_j| exp(z_j). The worst known is 0.92 of that (docs/accuracy.md). */
NOT_INLINE static real logsumexp_weighted_row(size_t n, const logits *l, real *sign) {
    struct maximum maximum = maximum_of_logits(l, n);
    const struct weighted_row row = {l, &maximum};
    *sign = canonical_nan();
    if (isnan(maximum.high) || !weights_finite(n, l)) {
        return canonical_nan();
    }
    if (maximum.high == -(real)INFINITY) {
        *sign = 0;
        return maximum.high;
    }
    struct dot dot = exact_dot(n, l->row_n, factors_of_weighted(&maximum), &row);
    return logsumexp_of_dot(maximum.high, &dot, sign);
}

#endif
