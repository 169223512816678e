/* The gradient of softmax with respect to a row's sink. docs/bits.md, "Derivatives".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SINK_GRADIENT_TEMPLATE_H
#define SMX_SINK_GRADIENT_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/pair.h"

#include "cross_entropy_parts_template.h"
#include "exact_dot_template.h"
#include "log_stats_template.h"
#include "logits_max_template.h"
#include "mask_template.h"
#include "masked_backward_template.h"

/* exp(s - lse), the probability of the sink. As 1 - sum of y it would have lost its digits. */
static inline struct pair sink_probability(const logits *l, size_t n, const struct log_stats *stats) {
    struct pair distance = distance_between(stats->maximum.high, sink_logit(l)), p, other;
    if (isfinite(distance.high)) {
        distance = pair_add(distance, pair_of((double)stats->maximum.low));
    }
    probability(stats, distance, stats->maximum.argmax == n, &p, &other);
    return p;
}

/* ds = -p_s sum_j y_j dy_j; +0 without a sink.
 *
 * Error: at most BOUND_SINK_GRADIENT = 2^-22 times p_s sum of |y_j dy_j|, and 2^-149, in f32, with 2^-51 and 2^-1074 in
 * f64, where p_s is held to 2^-1074. The worst known: 0.5 of it in worst-sink-gradient-f32; 1 of it, nearly, is reached
 * where dy is subnormal: 0.996 of it in worst-sink-gradient-f64. */
NOT_INLINE static real sink_gradient_row(size_t n, const logits *given, const real *y, const real *dy,
                                         struct policy policy) {
    logits l = *given;
    struct log_stats stats;
    const struct masked_rows rows = {&l, y, dy};
    if (l.sink == NULL) {
        return 0;
    }
    enum row_kind kind = classify_row(n, &l, policy, &stats.maximum);
    if (kind != ROW_COMPUTED) {
        return kind == ROW_EMPTY ? 0 : canonical_nan();
    }
    struct dot dot = exact_dot(n, l.row_n, masked_factors, &rows);
    if (!dot_is_finite(&dot)) {
        return canonical_nan();
    }
    find_log_stats(&l, n, NULL, &stats);
    struct pair p = sink_probability(&l, n, &stats);
    return canonical(real_of(pair_negative(pair_times(p, pair_of_dot(&dot)))));
}

#endif
