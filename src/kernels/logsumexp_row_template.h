/* Logsumexp of a row of logits, and its gradient. docs/bits.md, "Logarithms".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOGSUMEXP_ROW_TEMPLATE_H
#define SMX_LOGSUMEXP_ROW_TEMPLATE_H

#include "../base/pair.h"
#include "../options/policy.h"

#include <math.h>

#include "log_stats_template.h"
#include "logits_max_template.h"
#include "logits_terms_template.h"
#include "made_terms_template.h"
#include "mask_template.h"
#include "row_max_template.h"
#include "row_scale_template.h"
#include "row_terms_template.h"
#include "vector_helpers_template.h"

/* Error: as logsumexp_rows. */
NOT_INLINE static real logsumexp_row(size_t n, const logits *l) {
    struct log_stats stats;
    struct made_row row;
    if (n != 0 && find_made_log_stats(l, n, &row, &stats)) {
        return lse_real(&stats);
    }
    stats.maximum = maximum_of_logits(l, n);
    if (!isfinite(stats.maximum.high)) {
        return stats.maximum.high;
    }
    find_log_stats(l, n, NULL, &stats);
    return lse_real(&stats);
}

/* e = the terms of n <= LOGITS_BLOCK entries from the j-th on, relative to the maximum. */
static inline void softmax_terms_of_block(const logits *l, size_t j, size_t n, const struct maximum *maximum, real *e) {
    struct logit_buffer buffer;
    struct logit_block b = logits_block(l, j, j + n, &buffer);
    add_terms(n, b.high, b.low, maximum->high, l->row_n, e, NULL);
}

/* dx_j = cap'(scale x_j) factor e_j, block by block, as dx may be x. */
static inline void capped_gradients(const logits *l, size_t n, const struct maximum *maximum, struct pair factor,
                                    real *dx) {
    real e[LOGITS_BLOCK];
    double slope[LOGITS_BLOCK];
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        softmax_terms_of_block(l, j, length, maximum, e);
        softcap_slopes(l, j, length, slope);
        scale_terms(length, e, factor, e);
        multiply_by_slopes(length, e, slope, dx + j);
    }
}

/* dx = scale dlse cap' softmax(z): the terms times one factor. In place allowed.
 *
 * Error: below BOUND_LOGSUMEXP_BACKWARD = 4.25 ULP, and with a softcap by what it moves logits and slopes, besides. The
 * worst known: 2.98 ULP in worst-logsumexp-backward-f32, 2.15 in worst-logsumexp-backward-f64; with a sink 3.06 ULP in
 * worst-logsumexp-backward-sink-f32, 2.62 in worst-logsumexp-backward-sink-f64; with a softcap 0.39 of it in
 * worst-logsumexp-backward-softcap-f32, 0.54 of it in worst-logsumexp-backward-softcap-f64. */
NOT_INLINE static void logsumexp_backward_row(size_t n, const logits *given, real dlse, real *dx,
                                              struct policy policy) {
    logits l = *given;
    struct maximum maximum;
    enum row_kind kind = classify_row(n, &l, policy, &maximum);
    if (kind != ROW_COMPUTED || !isfinite(dlse)) {
        fill_kept(&l, n, kind == ROW_EMPTY ? 0 : canonical_nan(), 0, dx);
        return;
    }
    struct term_sum sum = softmax_terms(n, &l, &maximum, !has_softcap(&l.softcap) ? dx : NULL);
    struct pair factor = pair_mul(pair_of((double)l.scale), pair_of((double)dlse));
    factor = pair_div(factor, pair_of_sum(&sum));
    if (!factor_in_range(factor)) {
        fill_kept(&l, n, canonical_nan(), 0, dx);
    } else if (has_softcap(&l.softcap)) {
        capped_gradients(&l, n, &maximum, factor, dx);
    } else {
        scale_terms(n, dx, factor, dx);
    }
}

#endif
