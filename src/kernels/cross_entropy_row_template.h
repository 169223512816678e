/* Cross-entropy of one row: the loss, what belongs to it, and gradients. docs/bits.md, "Cross-entropy".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_CROSS_ENTROPY_ROW_TEMPLATE_H
#define SMX_CROSS_ENTROPY_ROW_TEMPLATE_H

#include "../base/pair.h"

#include <math.h>

#include "cross_entropy_gradient_template.h"
#include "cross_entropy_parts_template.h"
#include "cross_entropy_rest_template.h"
#include "log_stats_template.h"
#include "logits_max_template.h"
#include "mask_template.h"
#include "rest_distance_template.h"
#include "row_max_template.h"
#include "vector_helpers_template.h"

/* The coefficient of the label's -log p: what smoothing leaves of 1, times the class weight. */
static inline struct pair label_part(const ce_row *r) {
    if (r->label == NO_LABEL) {
        return pair_of(0);
    }
    struct pair keep = sum_of(1, -(double)r->smoothing);
    return r->class_weights == NULL ? keep : pair_times(keep, pair_of((double)r->class_weights[r->label]));
}

/* The results of a row that is not computed. An empty row costs nothing if no class has a coefficient, else infinitely
 * much. `largest`: the largest magnitude among the rest_c. */
static ce_result ce_result_of_uncomputed(const ce_row *r, enum row_kind kind, const struct ce_parts *parts,
                                         real largest) {
    const struct maximum *maximum = &parts->stats.maximum;
    ce_result result = {.lse = maximum->high,
                        .argmax = maximum->high == (real)INFINITY ? (int64_t)maximum->argmax : -1};
    if (kind == ROW_NAN) {
        result.loss = result.target_log_prob = canonical_nan();
        fill_gradients(r, canonical_nan());
        return result;
    }
    bool costs = parts->label_part.high != 0 || largest != 0;
    result.loss = costs ? (real)INFINITY : 0;
    result.target_log_prob = -(real)INFINITY;
    fill_gradients(r, 0);
    return result;
}

/* Adds what stays finite to *sum, and what does not to *infinite: pairs cannot hold infinities. */
static inline void add_to_loss(struct pair a, struct pair *sum, double *infinite) {
    if (isfinite(sum->high + a.high)) {
        *sum = pair_add(*sum, a);
    } else {
        *infinite += sum->high + a.high;
    }
}

/* The loss, part by part, in pairs. */
static inline real loss_of(const ce_row *r, const struct ce_parts *parts) {
    struct pair sum = pair_of(0), log1p = pair_log1p(parts->stats.rho);
    double infinite = 0;
    if (parts->label_part.high != 0) {
        if (isfinite(parts->label_distance.high)) {
            add_to_loss(pair_times(parts->label_part, pair_add(parts->label_distance, log1p)), &sum, &infinite);
        } else {
            infinite += parts->label_distance.high;
        }
    }
    if (parts->has_rest) {
        add_to_loss(pair_times(parts->rest, log1p), &sum, &infinite);
        add_to_loss(parts->rest_distance, &sum, &infinite);
    }
    if (r->z_loss != 0) {
        struct pair lse = r->l.limit ? pair_of((double)INFINITY) : lse_of(&parts->stats);
        /* lse^2 alone may overflow */
        add_to_loss(pair_times(pair_times(pair_of((double)r->z_loss), lse), lse), &sum, &infinite);
    }
    return canonical(infinite != 0 ? (real)infinite : real_of(sum));
}

/* Whether dx can be computed, as far as the row's own numbers are concerned. */
static inline bool sound_gradient(const ce_row *r, const struct ce_parts *parts) {
    return isfinite(parts->rest.high) && isfinite((real)(r->gradient.high * (double)r->l.scale)) &&
           !(r->l.limit && r->z_loss != 0);
}

/* Whether the loss is the label's -log p. */
static inline bool label_alone(const ce_row *r, const struct ce_parts *parts) {
    return parts->label_part.high == 1 && parts->label_part.low == 0 && !parts->has_rest && r->z_loss == 0;
}

/* All that follows from the statistics. `stored`: dx holds the terms. */
static ce_result ce_finish(const ce_row *r, const struct ce_parts *parts, bool stored) {
    const struct log_stats *stats = &parts->stats;
    ce_result result = {.lse = r->l.limit ? (real)INFINITY : lse_real(stats),
                        .target_log_prob = label_log_prob(parts),
                        .argmax = (int64_t)stats->maximum.argmax};
    result.loss = label_alone(r, parts) ? 0 - result.target_log_prob : loss_of(r, parts);
    if (r->dtargets != NULL && isfinite(parts->rest.high) && isfinite(r->gradient.high)) {
        ce_gradient_of_targets(r, stats);
    } else if (r->dtargets != NULL) {
        fill_kept(&r->l, r->n, canonical_nan(), 0, r->dtargets);
    }
    if (r->dx != NULL && sound_gradient(r, parts)) {
        ce_gradient_row(r, parts, stored);
    } else if (r->dx != NULL) {
        fill_kept(&r->l, r->n, canonical_nan(), 0, r->dx);
    }
    return result;
}

/* Maximum, parts of the loss, rho, then all results. */
static ce_result cross_entropy_row(const ce_row *given) {
    ce_row row = *given, *r = &row;
    struct ce_parts parts = {.label_part = label_part(r), .has_rest = has_rest(r)};
    enum row_kind kind = classify_row(r->n, &r->l, r->policy, &parts.stats.maximum);
    if (kind != ROW_COMPUTED) {
        return ce_result_of_uncomputed(r, kind, &parts, parts.has_rest ? largest_rest(r) : 0);
    }
    set_no_label(&parts);
    if (has_label(r)) {
        set_label_entry(&r->l, (size_t)r->label, &parts);
    }
    if (parts.has_rest) {
        const struct rest_sum rest = find_rest_sum(r);
        parts.rest = rest.sum;
        parts.rest_distance = find_rest_distance(r, &parts.stats.maximum, &rest);
    }
    /* Terms may stand where the gradient will, unless the logits there are needed again. */
    bool entries_needed = has_softcap(&r->l.softcap) || r->dtargets != NULL;
    bool stored = sound_gradient(r, &parts) && r->dx != NULL && !(r->dx == r->l.x && entries_needed);
    find_log_stats(&r->l, r->n, stored ? r->dx : NULL, &parts.stats);
    return ce_finish(r, &parts, stored);
}

#endif
