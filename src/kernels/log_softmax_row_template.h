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

/* Masked places get -inf. In place allowed.
 *
 * Error: below BOUND_LOG_SOFTMAX, with a scale, masks or slopes below BOUND_LOG_SOFTMAX_LOGITS = 3 ULP, and with a
 * softcap by what it moves logits, besides. The worst known of these: 1.73 ULP in worst-log-softmax-slope-f32, 1.62 in
 * worst-log-softmax-slope-f64; 1.5 ULP in worst-log-softmax-logits-f32, 2.28 in worst-log-softmax-logits-f64. */
NOT_INLINE static void log_softmax_row(size_t n, const logits *given, real *y, struct policy policy) {
    logits l = *given;
    struct log_stats stats;
    enum row_kind kind = classify_row(n, &l, policy, &stats.maximum);
    if (kind != ROW_COMPUTED) {
        fill_log_row(&l, n, kind, y);
        return;
    }
    find_log_stats(&l, n, NULL, &stats);
    log_logits(&l, n, &stats, y);
}

#endif
