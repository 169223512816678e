/* Logsumexp of a row of logits, and its gradient. docs/bits.md, "Logarithms". Template: compiled once for each
 * instruction set and type. */
#ifndef SMX_LOGSUMEXP_ROW_TEMPLATE_H
#define SMX_LOGSUMEXP_ROW_TEMPLATE_H

#include "../base/pair.h"
#include "../options/policy.h"

#include <math.h>

#include "log_stats_template.h"
#include "logits_max_template.h"
#include "logits_terms_template.h"
#include "mask_template.h"
#include "row_max_template.h"
#include "row_scale_template.h"
#include "row_terms_template.h"
#include "vector_helpers_template.h"

/* Error: as logsumexp_rows. */
NOT_INLINE static real logsumexp_row(size_t n, const logits *l) {
    struct log_stats stats;
    stats.maximum = maximum_of_logits(l, n);
    if (!isfinite(stats.maximum.high)) {
        return stats.maximum.high;
    }
    find_log_stats(l, n, NULL, &stats);
    return lse_real(&stats);
}

/* dx = scale dlse softmax(z): the terms times one factor. In place allowed.
 *
 * Error: below 4 ULP; the worst known is 1.82 (docs/accuracy.md). */
NOT_INLINE static void logsumexp_backward_row(size_t n, const logits *given, real dlse, real *dx,
                                              struct policy policy) {
    logits l = *given;
    struct maximum maximum;
    enum row_kind kind = classify_row(n, &l, policy, &maximum);
    if (kind != ROW_COMPUTED || !isfinite(dlse)) {
        fill_kept(&l, n, kind == ROW_EMPTY ? 0 : canonical_nan(), 0, dx);
        return;
    }
    struct term_sum sum = softmax_terms(n, &l, &maximum, dx);
    struct pair factor = pair_mul(pair_of((double)l.scale), pair_of((double)dlse));
    factor = pair_div(factor, pair_of_sum(&sum));
    if (factor_in_range(factor)) {
        scale_terms(n, dx, factor, dx);
    } else {
        fill_kept(&l, n, canonical_nan(), 0, dx);
    }
}

#endif
