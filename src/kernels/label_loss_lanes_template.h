/* Cross-entropy of rows with a label and nothing else, from their sums: losses, logsumexp and gradients, a row in each
 * lane. First all in one double, for all lanes; if Ziv's test (log1p_double_template.h) does not settle one lane's
 * floats, again in pairs.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LABEL_LOSS_LANES_TEMPLATE_H
#define SMX_LABEL_LOSS_LANES_TEMPLATE_H

#include "../base/pair.h"
#include "../base/wide.h"

#include <math.h>

#include "cross_entropy_gradient_template.h"
#include "cross_entropy_parts_template.h"
#include "lane_log_stats_template.h"
#include "lane_sums_template.h"
#include "log1p_double_template.h"
#include "log_stats_template.h"
#include "vector_helpers_template.h"

/* What rows share whose cross-entropy is that of a label and of nothing else. */
typedef struct ce_labels {
    size_t n, ldx, lddx;
    struct pair gradient; /* below 2^29 in magnitude */
    bool places, idle;    /* whether argmax is wanted; whether nothing is of rows without a label */
} ce_labels;

/* What the results of V_LANES rows follow from, and the results. */
struct label_lanes {
    struct lane_sums *s;
    struct lane_log_stats *stats;
    real label[LANES_MOST]; /* the label's logit */
    real loss[LANES_MOST], lse[LANES_MOST];
    real unique[LANES_MOST]; /* the largest entry, if it has no equals; else +inf */
    real at_maximum[LANES_MOST], at_label[LANES_MOST];
    real high[LANES_MOST], low[LANES_MOST]; /* what a term is multiplied by */
};

/* loss = (max - label) + log1p(rho), lse = max + log1p(rho). False if one double does not settle them all. */
static inline bool label_losses(struct label_lanes *c, const double *rho) {
    real loss_above[LANES_MOST], lse_above[LANES_MOST];
    for (size_t i = 0; i < V_LANES; i++) {
        double log1p = log1p_in_double(rho[i]), max = (double)c->s->largest[i];
        double distance = max - (double)c->label[i];
        double loss = distance + log1p, lse = max + log1p;
        double loss_error = loss * LOG_IN_DOUBLE_ERROR, lse_error = (fabs(max) + log1p) * LOG_IN_DOUBLE_ERROR;
        c->loss[i] = (real)(loss - loss_error);
        loss_above[i] = (real)(loss + loss_error);
        c->lse[i] = (real)(lse - lse_error);
        lse_above[i] = (real)(lse + lse_error);
    }
    return lanes_equal(c->loss, loss_above) && lanes_equal(c->lse, lse_above);
}

/* Gradients at the maximum and the label, and what makes gradients of the other terms (high, low). False if one double
 * does not settle the first two. */
static inline bool label_gradients(struct label_lanes *c, struct pair factor) {
    real maximum_above[LANES_MOST], label_above[LANES_MOST];
    for (size_t i = 0; i < V_LANES; i++) {
        struct pair rho = rho_of_lane(c->stats, i), w = pair_add(pair_of(1), rho);
        int k = (int)c->stats->exponent[i];
        bool nothing = k < FACTOR_LEAST;
        /* The other terms: dx = F exp(z - max) / (1 + rho), as a factor of terms. */
        struct pair share = pair_div(select_pair(nothing, pair_of(0), factor_of_lane(c->stats, i)), w);
        struct pair terms = pair_scaled(pair_mul(factor, share), nothing ? 0 : k);
        c->high[i] = (real)terms.high;
        c->low[i] = (real)((terms.high - (double)c->high[i]) + terms.low);
        /* The maximum: p = 1 / (1 + rho). The label: p - 1, which is -rho / (1 + rho) if it is the only maximum. */
        double one = 1 / w.high, exponent;
        struct pair distance = distance_between(c->s->largest[i], c->label[i]);
        struct pair of_label = exp_or_nothing(pair_negative(distance), &exponent);
        double e = of_label.high * power_of_integer(exponent);
        bool unique = c->s->largest[i] != c->s->second[i], is_label = unique & (c->s->largest[i] == c->label[i]);
        c->unique[i] = unique ? c->s->largest[i] : (real)INFINITY;
        double at_maximum = factor.high * one;
        double at_label = -factor.high * select_of(is_label, rho.high * one, 1 - e * one);
        c->at_maximum[i] = (real)(at_maximum - at_maximum * LOG_IN_DOUBLE_ERROR);
        maximum_above[i] = (real)(at_maximum + at_maximum * LOG_IN_DOUBLE_ERROR);
        c->at_label[i] = (real)(at_label - at_label * LOG_IN_DOUBLE_ERROR);
        label_above[i] = (real)(at_label + at_label * LOG_IN_DOUBLE_ERROR);
    }
    return lanes_equal(c->at_maximum, maximum_above) && lanes_equal(c->at_label, label_above);
}

/* One lane's losses by pairs, and its gradients at the maximum and the label: as a row of two entries, by the functions
 * that all other rows use. */
static void label_lane_by_pairs(struct label_lanes *c, size_t i, bool gradients, struct pair factor) {
    enum { LABEL, OTHER };
    bool unique = c->s->largest[i] != c->s->second[i];
    size_t max_at = unique && c->s->largest[i] == c->label[i] ? LABEL : OTHER;
    const ce_row row = {.n = 2, .label = LABEL};
    struct ce_parts parts = {.label_part = pair_of(1),
                             .label_distance = distance_between(c->s->largest[i], c->label[i]),
                             .stats = {.maximum = {c->s->largest[i], 0, c->s->second[i], max_at}}};
    parts.stats.rho = rho_of_lane(c->stats, i);
    c->loss[i] = (real)INFINITY;
    if (isfinite(parts.label_distance.high)) {
        c->loss[i] = real_plus_log1p(parts.label_distance, parts.stats.rho);
    }
    c->lse[i] = lse_real(&parts.stats);
    if (gradients) {
        const struct ce_gradient g = {.factor = factor};
        c->at_maximum[i] = gradient_of_entry(&row, &parts, &g, max_at, 1);
        c->at_label[i] = gradient_of_entry(&row, &parts, &g, LABEL, 1);
    }
}

/* All that follows from the sums. rho is found as pairs at once where gradients need it so. */
static void finish_label_lanes(struct label_lanes *c, bool gradients, struct pair factor) {
    double rho[LANES_MOST];
    if (gradients) {
        find_lane_rhos(c->s, c->stats);
    } else {
        rhos_in_double(c->s, rho);
    }
    bool losses = label_losses(c, gradients ? c->stats->rho_high : rho);
    if ((gradients && !label_gradients(c, factor)) || !losses) {
        find_lane_rhos(c->s, c->stats);
        for (size_t i = 0; i < V_LANES; i++) {
            label_lane_by_pairs(c, i, gradients, factor);
        }
    }
}

/* Gives the results that the lanes have. */
static inline void store_label_results(size_t rows, const struct label_lanes *c, ce_result *results) {
    for (size_t i = 0; i < rows; i++) {
        results[i] = (ce_result){c->loss[i] + 0, c->lse[i], 0 - c->loss[i], 0};
    }
}

#endif
