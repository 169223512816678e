/* Log-softmax of a row of logits. docs/bits.md, "Logarithms".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOG_SOFTMAX_ROW_TEMPLATE_H
#define SMX_LOG_SOFTMAX_ROW_TEMPLATE_H

#include "../options/policy.h"

#include <math.h>

#include "log_stats_template.h"
#include "logits_max_template.h"
#include "logits_template.h"
#include "made_terms_template.h"
#include "mask_template.h"
#include "vector_helpers_template.h"

/* y_j = (z_j - m) - log1p for the logits of a block. */
static inline void log_block(const struct logit_block *b, const struct log_stats *stats, real *y) {
    v_t log1p = v_set1(log1p_real(stats));
    size_t i = 0;
    for (; b->n - i >= V_LANES; i += V_LANES) {
        v_store(y + i, v_sub(below_maximum(b, i, b->n, &stats->maximum), log1p));
    }
    v_store_n(y + i, v_sub(below_maximum(b, i, b->n, &stats->maximum), log1p), b->n - i);
}

/* y from the statistics of a row that is computed. */
static inline void log_logits(const logits *l, size_t n, const struct log_stats *stats, real *y) {
    struct logit_buffer buffer;
    for (size_t j = 0; j < n;) {
        struct logit_block b = logits_block(l, j, n, &buffer);
        log_block(&b, stats, y + j);
        j += b.n;
    }
}

/* y of a row that is not. */
static inline void fill_log_row(const logits *l, size_t n, enum row_kind kind, real *y) {
    fill_kept(l, n, kind == ROW_EMPTY ? -(real)INFINITY : canonical_nan(), -(real)INFINITY, y);
}

/* The same for a run of logits that are made in registers, in these steps. */
static ALWAYS_INLINE void log_run_of_steps(unsigned what, const struct made_row *row, const struct kept_run *run,
                                           real max, real max_low, real log1p, real *y) {
    const logits l = row->l; /* a copy, of which compilers know that no result is stored there */
    const v_t m = v_set1(max), m_low = v_set1(max_low), above = v_set1(log1p);
    v_t low;
    size_t j = run->from;
    const size_t end = j + run->n;
    for (; end - j >= V_LANES; j += V_LANES) {
        v_t z = v_sub(made_logits(what, &l, j, V_LANES, &low), m);
        v_store(y + j, v_sub(have_low_parts(what) ? v_add(z, v_sub(low, m_low)) : z, above));
    }
    if (j < end) {
        v_t z = v_sub(made_logits(what, &l, j, end - j, &low), m);
        v_store_n(y + j, v_sub(have_low_parts(what) ? v_add(z, v_sub(low, m_low)) : z, above), end - j);
    }
}

static inline void log_run(const struct made_row *row, const struct kept_run *run, real max, real max_low, real log1p,
                           real *y) {
    switch (row->what) {
#define SMX_LOG_OF_STEPS(steps)                                    \
    case steps:                                                    \
        log_run_of_steps(steps, row, run, max, max_low, log1p, y); \
        break;
        SMX_LOG_OF_STEPS(0)
        EACH_COMMON_LOGIT_STEPS(SMX_LOG_OF_STEPS)
#undef SMX_LOG_OF_STEPS
    default:
        log_run_of_steps(row->what, row, run, max, max_low, log1p, y);
    }
}

/* y of a row whose logits are made in registers, from its maximum and log1p(rho). */
static inline void log_made_row(const struct made_row *row, real max, real max_low, real log1p, real *y) {
    for (size_t i = 0; i < row->runs.count; i++) {
        log_run(row, &row->runs.run[i], max, max_low, log1p, y);
    }
    fill_between_runs(row->n, &row->runs, FILL_MINUS_INF, y);
}

/* A row whose logits are made in registers; false, with nothing written, if it is not one of these. */
static bool log_softmax_made(size_t n, const logits *l, real *y) {
    struct made_row row;
    struct log_stats stats;
    if (!find_made_log_stats(l, n, &row, &stats)) {
        return false;
    }
    log_made_row(&row, stats.maximum.high, stats.maximum.low, log1p_real(&stats), y);
    return true;
}

/* Masked places get -inf. In place allowed.
 *
 * Error: below BOUND_LOG_SOFTMAX, with a scale, masks or slopes below BOUND_LOG_SOFTMAX_LOGITS = 3 ULP, and with a
 * softcap by what it moves logits, besides. The worst known of these: 1.73 ULP in worst-log-softmax-slope-f32, 1.62 in
 * worst-log-softmax-slope-f64; 1.5 ULP in worst-log-softmax-logits-f32, 2.28 in worst-log-softmax-logits-f64. */
NOT_INLINE static void log_softmax_row(size_t n, const logits *given, real *y, struct policy policy) {
    logits l = *given;
    struct log_stats stats;
    if (log_softmax_made(n, given, y)) {
        return;
    }
    enum row_kind kind = classify_row(n, &l, policy, &stats.maximum);
    if (kind != ROW_COMPUTED) {
        fill_log_row(&l, n, kind, y);
        return;
    }
    find_log_stats(&l, n, NULL, &stats);
    log_logits(&l, n, &stats, y);
}

#endif
