/* Log-softmax and log-sum-exp of a row, and softmax of a row of logits. docs/bits.md, "Logarithms". */
#ifndef SMX_LOG_KERNELS_H
#define SMX_LOG_KERNELS_H

#include "log_stats.h"

/* How a row whose peak is not finite is filled: with one value where it has `at`, or everywhere else. */
struct edge {
    bool any;     /* the peak is not finite */
    bool limit;   /* +inf entries share all mass: policy */
    bool nothing; /* no entry is kept, or all are -inf and the policy wants zeros */
};

static inline struct edge edge_of(const logits *l, size_t n, real high, struct policy policy) {
    struct edge edge = {!(high > -(real)INFINITY && high < (real)INFINITY), false, false};
    if (high == (real)INFINITY) {
        edge.limit = policy.plus_inf_limit;
    } else if (high == -(real)INFINITY) {
        edge.nothing = policy.minus_inf_row_zeros || !any_kept(l, n);
    }
    return edge;
}

/* y = `share` at +inf, `rest` elsewhere. */
static inline void fill_limit(const logits *l, size_t n, real share, real rest, real *y) {
    struct buffer buffer;
    for (size_t j = 0; j < n;) {
        struct block b = logits_block(l, j, n, &buffer);
        for (size_t i = 0; i < b.n; i++) {
            y[j + i] = b.high[i] == (real)INFINITY ? share : rest;
        }
        j += b.n;
    }
}

/* Softmax of a row of logits. */
static void softmax_logits_row(size_t n, const logits *l, real *y, struct policy policy) {
    struct peak peak = peak_of(l, n);
    struct edge edge = edge_of(l, n, peak.high, policy);
    if (edge.any && !edge.limit) {
        fill_kept(l, n, edge.nothing ? 0 : canonical_nan(), 0, y);
        return;
    }
    const struct reference ref = {peak.high, peak.low, true};
    struct wide sum = {{0}};
    logits_terms(l, n, &peak, &ref, n, y, &sum);
    row_scale(n, y, &sum, y);
}

static void log_softmax_row(size_t n, const logits *l, real *y, struct policy policy) {
    struct log_stats stats;
    stats.peak = peak_of(l, n);
    struct edge edge = edge_of(l, n, stats.peak.high, policy);
    if (edge.limit) {
        double others = (double)(count_plus_inf(l, n) - 1);
        fill_limit(l, n, 0 - real_of(pair_log1p(pair_of(others))), -(real)INFINITY, y);
        return;
    }
    if (edge.any) {
        fill_kept(l, n, edge.nothing ? -(real)INFINITY : canonical_nan(), -(real)INFINITY, y);
        return;
    }
    find_log_stats(l, n, NULL, &stats);
    v_t high = v_set1(stats.peak.high), low = v_set1(stats.peak.low), log1p = v_set1(real_of(stats.log1p));
    struct buffer buffer;
    for (size_t j = 0; j < n;) {
        struct block b = logits_block(l, j, n, &buffer);
        bool pair = b.low != NULL && with_low(&stats.peak);
        size_t i = 0;
        for (; b.n - i >= V_LANES; i += V_LANES) {
            v_store(y + j + i, v_sub(below_peak(&b, i, b.n - i, high, low, pair), log1p));
        }
        v_store_n(y + j + i, v_sub(below_peak(&b, i, b.n - i, high, low, pair), log1p), b.n - i);
        j += b.n;
    }
}

static real logsumexp_row(size_t n, const logits *l) {
    struct log_stats stats;
    stats.peak = peak_of(l, n);
    if (!isfinite(stats.peak.high)) {
        return stats.peak.high;
    }
    find_log_stats(l, n, NULL, &stats);
    return real_of(lse_of(&stats)) + 0;
}

#endif
