/* Softmax, log-softmax and log-sum-exp of a row of logits. docs/bits.md, "Logits" and "Logarithms". */
#ifndef SMX_LOG_KERNELS_H
#define SMX_LOG_KERNELS_H

#include "dot.h"
#include "log_stats.h"

/* What becomes of a row by its peak. */
enum fate {
    COMPUTED,
    NOTHING_KEPT, /* or all are -inf, and the policy wants zeros */
    NOT_A_NUMBER
};

/* The peak of a row of logits; for a row with +inf of which the limit is wanted, *l becomes that limit. */
static inline enum fate peak_and_fate(size_t n, logits *l, struct policy policy, struct peak *peak) {
    *peak = peak_of(l, n);
    if (peak->high == (real)INFINITY && policy.plus_inf_limit) {
        l->limit = true;
        *peak = peak_of(l, n);
    }
    if (peak->high == -(real)INFINITY) {
        return policy.minus_inf_row_zeros || !any_kept(l, n) ? NOTHING_KEPT : NOT_A_NUMBER;
    }
    return isfinite(peak->high) ? COMPUTED : NOT_A_NUMBER;
}

/* e = the row's terms relative to its peak; returns their sum. */
static inline struct term_sum peak_terms(size_t n, const logits *l, const struct peak *peak, real *e) {
    const struct reference ref = {peak->high, peak->low, true};
    struct term_sum sum = no_terms(n, l->row_n);
    logits_terms(l, n, &ref, n, e, &sum);
    return sum;
}

NOT_INLINE static void softmax_logits_row(size_t n, const logits *given, real *y, struct policy policy) {
    logits l = *given;
    struct peak peak;
    enum fate fate = peak_and_fate(n, &l, policy, &peak);
    if (fate != COMPUTED) {
        fill_kept(&l, n, fate == NOTHING_KEPT ? 0 : canonical_nan(), 0, y);
        return;
    }
    struct term_sum sum = peak_terms(n, &l, &peak, y);
    scale_by_sum(n, y, &sum, y);
}

/* dx = scale dlse softmax(z) */
NOT_INLINE static void logsumexp_backward_row(size_t n, const logits *given, real dlse, real *dx,
                                              struct policy policy) {
    logits l = *given;
    struct peak peak;
    enum fate fate = peak_and_fate(n, &l, policy, &peak);
    if (fate != COMPUTED || !isfinite(dlse)) {
        fill_kept(&l, n, fate == NOTHING_KEPT ? 0 : canonical_nan(), 0, dx);
        return;
    }
    struct term_sum sum = peak_terms(n, &l, &peak, dx);
    struct pair factor = pair_mul(pair_of((double)l.scale), pair_of((double)dlse));
    factor = pair_div(factor, pair_of_sum(&sum));
    if (factor_in_range(factor)) {
        scale_terms(n, dx, factor, dx);
    } else {
        fill_kept(&l, n, canonical_nan(), 0, dx);
    }
}

/* y_j = (z_j - m) - log1p for the logits of a block. */
static inline void log_block(const struct block *b, const struct log_stats *stats, real *y) {
    v_t log1p = v_set1(log1p_real(stats));
    size_t i = 0;
    for (; b->n - i >= V_LANES; i += V_LANES) {
        v_store(y + i, v_sub(below_peak(b, i, b->n, &stats->peak), log1p));
    }
    v_store_n(y + i, v_sub(below_peak(b, i, b->n, &stats->peak), log1p), b->n - i);
}

NOT_INLINE static void log_softmax_row(size_t n, const logits *given, real *y, struct policy policy) {
    logits l = *given;
    struct log_stats stats;
    enum fate fate = peak_and_fate(n, &l, policy, &stats.peak);
    if (fate != COMPUTED) {
        fill_kept(&l, n, fate == NOTHING_KEPT ? -(real)INFINITY : canonical_nan(), -(real)INFINITY, y);
        return;
    }
    find_log_stats(&l, n, NULL, &stats);
    struct buffer buffer;
    for (size_t j = 0; j < n;) {
        struct block b = logits_block(&l, j, n, &buffer);
        log_block(&b, &stats, y + j);
        j += b.n;
    }
}

NOT_INLINE static real logsumexp_row(size_t n, const logits *l) {
    struct log_stats stats;
    stats.peak = peak_of(l, n);
    if (!isfinite(stats.peak.high)) {
        return stats.peak.high;
    }
    find_log_stats(l, n, NULL, &stats);
    return lse_real(&stats);
}

/* p (1 - p) for the peak of a row, whose place is *at, unless it has equals, or the row is not computed: *at is n
 * then. */
NOT_INLINE static real peak_variance_row(size_t n, const logits *given, struct policy policy, size_t *at) {
    logits l = *given;
    struct log_stats stats;
    *at = n;
    if (peak_and_fate(n, &l, policy, &stats.peak) != COMPUTED || tied(&stats.peak)) {
        return 0;
    }
    find_log_stats(&l, n, NULL, &stats);
    struct pair whole = pair_add(pair_of(1), stats.rho);
    *at = stats.peak.at;
    return real_of(pair_div(pair_div(stats.rho, whole), whole));
}

/* ---- Weighted, signed ---- */

struct weighted_row {
    const logits *l;
    const struct peak *peak;
};

/* Probabilities, not yet divided by their sum, and weights. */
static void weighted_factors(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct weighted_row *r = row;
    const struct reference ref = {r->peak->high, 0, false};
    struct buffer buffer;
    struct block z = logits_block(r->l, j, j + n, &buffer);
    add_terms(n, z.high, z.low, &ref, r->l->row_n, a, NULL);
    for (size_t i = 0; i < n; i++) {
        a[i] *= TERM_UNSCALE;
        b[i] = a[i] == 0 ? 0 : r->l->weight[j + i];
    }
}

/* The sum of the weights of the +inf entries of a row. */
static void limit_factors(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct weighted_row *r = row;
    struct buffer buffer;
    struct block z = logits_block(r->l, j, j + n, &buffer);
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

/* log |sum b exp(z)| and the sum's sign; l->weight is b. */
NOT_INLINE static real logsumexp_weighted_row(size_t n, const logits *l, real *sign) {
    struct peak peak = peak_of(l, n);
    const struct weighted_row row = {l, &peak};
    *sign = canonical_nan();
    if (isnan(peak.high) || !weights_finite(n, l)) {
        return canonical_nan();
    }
    if (peak.high == -(real)INFINITY) {
        *sign = 0;
        return peak.high;
    }
    bool limit = peak.high == (real)INFINITY;
    struct dot dot = exact_dot(n, l->row_n, limit ? limit_factors : weighted_factors, &row);
    struct pair sum = pair_of_dot(&dot);
    if (limit) {
        *sign = sum.high == 0 ? canonical_nan() : sign_of(sum.high);
        return sum.high == 0 ? canonical_nan() : peak.high;
    }
    *sign = sign_of(sum.high);
    if (sum.high == 0) {
        return -(real)INFINITY;
    }
    /* The terms are exp(z - c) / 2^N. */
    v_t m = v_set1(peak.high), offset = term_offset(m);
    int n_of_terms = power_of_terms(m, offset);
    struct pair log = pair_log(sum.high < 0 ? pair_negative(sum) : sum);
    log = pair_add(pair_mul(pair_of(n_of_terms), LN2_OF_PAIR), log);
    return real_of(pair_add(pair_of((double)lane(offset)), log));
}

#endif
