/* Cross-entropy of rows from their sums, whether logits are entries or are made in registers: losses, logsumexp and
 * gradients, a row in each lane. First all in one double, for all lanes; if Ziv's test (log1p_double_template.h) does
 * not settle one lane's floats, again in pairs. A label alone takes the shortest way; smoothing, dense targets, class
 * weights, z_loss and a gradient for each row stand beside it in lane_parts.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LABEL_LOSS_LANES_TEMPLATE_H
#define SMX_LABEL_LOSS_LANES_TEMPLATE_H

#include "../base/pair.h"
#include "../base/wide.h"

#include <math.h>
#include <string.h>

#include "cross_entropy_gradient_template.h"
#include "cross_entropy_parts_template.h"
#include "cross_entropy_row_template.h"
#include "lane_log_stats_template.h"
#include "lane_sums_template.h"
#include "log1p_double_template.h"
#include "log_stats_template.h"
#include "vector_helpers_template.h"

/* What rows share whose logits are their entries. */
typedef struct ce_labels {
    size_t n, ldx, lddx, ldt;
    struct pair gradient; /* of rows without one of their own */
    bool alone;           /* a label is all that a loss is made of, and gradient is below 2^29 in magnitude */
    bool places, idle;    /* whether argmax is wanted; whether nothing is of rows without a label */
    const real *class_weights;
    real smoothing, z_loss;
} ce_labels;

/* Such rows, from the first one on. Labels are negative where there is none, or one of the classes. */
typedef struct ce_plain_rows {
    const real *x, *targets, *dloss; /* but for x, null if there are none */
    const int64_t *labels;
    real *dx;
    ce_result *results;
} ce_plain_rows;

static inline ce_plain_rows plain_rows_from(const ce_labels *c, const ce_plain_rows *r, size_t k) {
    return (ce_plain_rows){.x = r->x + k * c->ldx,
                           .targets = r->targets == NULL ? NULL : r->targets + k * c->ldt,
                           .dloss = r->dloss == NULL ? NULL : r->dloss + k,
                           .labels = r->labels + k,
                           .dx = r->dx == NULL ? NULL : r->dx + k * c->lddx,
                           .results = r->results + k};
}

/* One of them, as all other rows are. */
static inline ce_row plain_row(const ce_labels *c, const ce_plain_rows *r, size_t i) {
    return (ce_row){.l = {.x = r->x + i * c->ldx, .stride = 1, .scale = 1, .row_n = c->n},
                    .n = c->n,
                    .classes = c->n,
                    .label = r->labels[i] < 0 ? NO_LABEL : r->labels[i],
                    .targets = r->targets == NULL ? NULL : r->targets + i * c->ldt,
                    .class_weights = c->class_weights,
                    .smoothing = c->smoothing,
                    .z_loss = c->z_loss,
                    .gradient = r->dloss == NULL ? c->gradient : pair_of((double)r->dloss[i])};
}

static inline bool rows_have_rest(const ce_labels *c, const ce_plain_rows *r) {
    return r->targets != NULL || c->smoothing != 0;
}

/* A pair in each lane. */
struct lane_pairs {
    double high[LANES_MOST], low[LANES_MOST];
};

static ALWAYS_INLINE struct pair pair_of_lanes(const struct lane_pairs *p, size_t i) {
    return (struct pair){p->high[i], p->low[i]};
}

static ALWAYS_INLINE void set_lane(struct lane_pairs *p, size_t i, struct pair value) {
    p->high[i] = value.high;
    p->low[i] = value.low;
}

/* What losses are made of besides the label's log p: the numbers of ce_parts, and F, in each lane. */
struct lane_parts {
    struct lane_pairs label_part, factor, rest, rest_distance;
    struct lane_pairs spread;
    real rest_at_label[LANES_MOST], rest_at_maximum[LANES_MOST];
};

/* What the results of V_LANES rows follow from, and the results. */
struct label_lanes {
    struct lane_sums *s;
    struct lane_log_stats *stats;
    bool alone;              /* a label is all that losses are made of: no parts */
    bool rest;               /* coefficients are spread over the classes */
    struct lane_parts parts; /* within this struct: compilers then know that they are apart from all else here */
    real label[LANES_MOST];  /* the label's logit; the largest where there is no label */
    real label_low[LANES_MOST];
    real loss[LANES_MOST], lse[LANES_MOST];
    real log_prob[LANES_MOST]; /* of the label */
    real unique[LANES_MOST];   /* the largest entry, if it has no equals; else +inf */
    real at_maximum[LANES_MOST], at_label[LANES_MOST];
    real high[LANES_MOST], low[LANES_MOST]; /* what a term is multiplied by */
};

/* The label's distance from the maximum, and the maximum, in one double. */
static ALWAYS_INLINE double double_distance(const struct label_lanes *c, size_t i) {
    return ((double)c->s->largest[i] - (double)c->label[i]) + ((double)c->s->largest_low[i] - (double)c->label_low[i]);
}

static ALWAYS_INLINE double double_maximum(const struct label_lanes *c, size_t i) {
    return (double)c->s->largest[i] + (double)c->s->largest_low[i];
}

/* The same as pairs. */
static ALWAYS_INLINE struct maximum maximum_of_lane(const struct label_lanes *c, size_t i) {
    return (struct maximum){c->s->largest[i], c->s->largest_low[i], c->s->second[i], 0};
}

/* NaN in place of an infinite distance: no loop here has to ask. */
static ALWAYS_INLINE struct pair finite_distance(const struct label_lanes *c, size_t i) {
    struct pair distance = distance_between(c->s->largest[i], c->label[i]);
    return pair_add(distance, sum_of((double)c->s->largest_low[i], -(double)c->label_low[i]));
}

/* log p of the label, as log-softmax has it, and lse = max + log1p(rho). False if one double does not settle them
 * all. */
static inline bool label_log_probs(struct label_lanes *c, const double *rho) {
    real log1p_below[LANES_MOST], log1p_above[LANES_MOST], lse_below[LANES_MOST], lse_above[LANES_MOST];
    for (size_t i = 0; i < V_LANES; i++) {
        double log1p = log1p_in_double(rho[i]), max = double_maximum(c, i), lse = max + log1p;
        double log1p_error = log1p * LOG_IN_DOUBLE_ERROR, lse_error = (fabs(max) + log1p) * LOG_IN_DOUBLE_ERROR;
        log1p_below[i] = (real)(log1p - log1p_error);
        log1p_above[i] = (real)(log1p + log1p_error);
        lse_below[i] = (real)(lse - lse_error);
        lse_above[i] = (real)(lse + lse_error);
    }
    v_t below =
        v_add(v_sub(v_load(c->label), v_load(c->s->largest)), v_sub(v_load(c->label_low), v_load(c->s->largest_low)));
    v_store(c->log_prob, v_sub(below, v_load(log1p_below)));
    v_store(c->lse, v_load(lse_below));
    return lanes_equal(log1p_below, log1p_above) && lanes_equal(c->lse, lse_above);
}

/* Whether a lane's loss is its label's -log p. */
static ALWAYS_INLINE bool label_alone_in_lane(const struct label_lanes *c, size_t i, double z_loss) {
    return !c->rest & (z_loss == 0) & (c->parts.label_part.high[i] == 1);
}

/* The loss as loss_of has it; its log p must be known. False if one double does not settle them all. */
static inline bool losses_of_parts(struct label_lanes *c, const double *rho, double z_loss) {
    const struct lane_parts *p = &c->parts;
    real above[LANES_MOST];
    for (size_t i = 0; i < V_LANES; i++) {
        double log1p = log1p_in_double(rho[i]), max = double_maximum(c, i), lse = max + log1p;
        double lse_most = fabs(max) + log1p, label_loss = double_distance(c, i) + log1p;
        double of_label = p->label_part.high[i] == 0 ? 0 : p->label_part.high[i] * label_loss;
        double of_rest = p->rest.high[i] * log1p, distance = p->rest_distance.high[i];
        double loss = (of_label + of_rest) + (distance + z_loss * (lse * lse));
        double most = (of_label + fabs(of_rest)) + (fabs(distance) + z_loss * (lse_most * lse_most));
        double error = most * LOG_IN_DOUBLE_ERROR;
        bool alone = label_alone_in_lane(c, i, z_loss);
        c->loss[i] = alone ? 0 - c->log_prob[i] : (real)(loss - error);
        above[i] = alone ? c->loss[i] : (real)(loss + error);
    }
    return lanes_equal(c->loss, above);
}

/* Whether all factors of terms are below 2^29 in magnitude, whatever rho is, and each F is in range: log1p(rho) is
 * below 16. */
static inline bool gradients_in_range(const struct label_lanes *c, double z_loss) {
    const struct lane_parts *p = &c->parts;
    double bound[LANES_MOST], sum = 0;
    for (size_t i = 0; i < V_LANES; i++) {
        double most = p->label_part.high[i] + fabs(p->rest.high[i]);
        most += 2 * z_loss * (fabs((double)c->s->largest[i]) + 16) + 0x1p-60;
        bound[i] = most * fabs(p->factor.high[i]);
    }
    for (size_t i = 0; i < V_LANES; i++) {
        sum += bound[i];
    }
    return sum < 0x1p29; /* not for NaN */
}

/* B + 2 z_loss lse */
static inline void find_spread(struct label_lanes *c, double z_loss) {
    struct lane_parts *p = &c->parts;
    p->spread = p->rest;
    for (size_t i = 0; i < V_LANES && z_loss != 0; i++) {
        const struct maximum maximum = maximum_of_lane(c, i);
        struct pair lse = pair_add(maximum_pair(&maximum), pair_log1p(rho_of_lane(c->stats, i)));
        set_lane(&p->spread, i, pair_add(pair_of_lanes(&p->rest, i), pair_mul(pair_of(2 * z_loss), lse)));
    }
}

/* C p, less A, of the maximum (if that is not the label) and the label, and how large the error of the first may be for
 * an error of 1. `other` is 1 - p of the label. */
static ALWAYS_INLINE double gradient_at_maximum(const struct lane_parts *p, size_t i, double probability,
                                                double *magnitude) {
    double of_all = (p->spread.high[i] + p->label_part.high[i]) * probability, rest = (double)p->rest_at_maximum[i];
    *magnitude = (fabs(p->spread.high[i]) + p->label_part.high[i]) * probability + fabs(rest);
    return of_all - rest;
}

static ALWAYS_INLINE double gradient_at_label(const struct lane_parts *p, size_t i, double probability, double other,
                                              double *magnitude) {
    double of_all = p->spread.high[i] * probability, of_label = p->label_part.high[i] * other;
    double rest = (double)p->rest_at_label[i];
    *magnitude = (fabs(of_all) + of_label) + fabs(rest);
    return (of_all - of_label) - rest;
}

/* Gradients at the maximum and the label, and what makes gradients of the other terms (high, low). False if one double
 * does not settle the first two. A constant `alone` says whether there is nothing but a label; then F is `shared`. */
static ALWAYS_INLINE bool label_gradients(struct label_lanes *c, bool alone, struct pair shared) {
    real maximum_above[LANES_MOST], label_above[LANES_MOST];
    const struct lane_parts *p = &c->parts;
    for (size_t i = 0; i < V_LANES; i++) {
        struct pair rho = rho_of_lane(c->stats, i), w = pair_add(pair_of(1), rho);
        int k = (int)c->stats->exponent[i];
        bool nothing = k < FACTOR_LEAST;
        struct pair factor = alone ? shared : pair_of_lanes(&p->factor, i), all = factor;
        if (!alone) {
            all = pair_mul(pair_add(pair_of_lanes(&p->spread, i), pair_of_lanes(&p->label_part, i)), factor);
        }
        /* The other terms: dx = F C exp(z - max) / (1 + rho), as a factor of terms. */
        struct pair share = pair_div(select_pair(nothing, pair_of(0), factor_of_lane(c->stats, i)), w);
        struct pair terms = pair_scaled(pair_mul(all, share), nothing ? 0 : k);
        c->high[i] = (real)terms.high;
        c->low[i] = (real)((terms.high - (double)c->high[i]) + terms.low);
        /* The maximum: p = 1 / (1 + rho). The label: p - 1, which is -rho / (1 + rho) if it is the only maximum. */
        double one = 1 / w.high, exponent;
        struct pair distance = finite_distance(c, i);
        struct pair of_label = exp_or_nothing(pair_negative(distance), &exponent);
        double e = of_label.high * power_of_integer(exponent);
        bool unique = c->s->largest[i] != c->s->second[i], is_label = unique & (c->s->largest[i] == c->label[i]);
        c->unique[i] = unique ? c->s->largest[i] : (real)INFINITY;
        double other = select_of(is_label, rho.high * one, 1 - e * one);
        double maximum_error = one, label_error = other, maximum = one, label = -other;
        if (!alone) {
            maximum = gradient_at_maximum(p, i, one, &maximum_error);
            label = gradient_at_label(p, i, e * one, other, &label_error);
        }
        double at_maximum = factor.high * maximum, at_label = factor.high * label;
        maximum_error *= factor.high * LOG_IN_DOUBLE_ERROR; /* of either sign */
        label_error *= factor.high * LOG_IN_DOUBLE_ERROR;
        c->at_maximum[i] = (real)(at_maximum - maximum_error);
        maximum_above[i] = (real)(at_maximum + maximum_error);
        c->at_label[i] = (real)(at_label - label_error);
        label_above[i] = (real)(at_label + label_error);
    }
    return lanes_equal(c->at_maximum, maximum_above) && lanes_equal(c->at_label, label_above);
}

/* One lane's losses by pairs, and its gradients at the maximum and the label: as a row of two entries, by the functions
 * that all other rows use. */
static void label_lane_by_pairs(struct label_lanes *c, size_t i, bool gradients, const ce_labels *shared) {
    enum { LABEL, OTHER };
    bool unique = c->s->largest[i] != c->s->second[i];
    size_t max_at = unique && c->s->largest[i] == c->label[i] ? LABEL : OTHER;
    ce_row row = {.n = 2, .label = LABEL};
    struct ce_parts parts = {.label_part = pair_of(1), .stats = {.maximum = maximum_of_lane(c, i)}};
    struct ce_gradient g = {.factor = shared->gradient};
    real rest[2];
    parts.stats.maximum.argmax = max_at;
    parts.stats.rho = rho_of_lane(c->stats, i);
    set_label(c->label[i], &c->label_low[i], &parts);
    c->lse[i] = lse_real(&parts.stats);
    c->log_prob[i] = label_log_prob(&parts);
    c->loss[i] = 0 - c->log_prob[i];
    if (!c->alone) {
        const struct lane_parts *p = &c->parts;
        rest[LABEL] = p->rest_at_label[i];
        rest[OTHER] = p->rest_at_maximum[i];
        row.targets = rest;
        row.z_loss = shared->z_loss;
        parts.has_rest = c->rest;
        parts.label_part = pair_of_lanes(&p->label_part, i);
        parts.rest = pair_of_lanes(&p->rest, i);
        parts.rest_distance = pair_of_lanes(&p->rest_distance, i);
        g.factor = pair_of_lanes(&p->factor, i);
        g.spread = gradients ? pair_of_lanes(&p->spread, i) : pair_of(0);
        if (!label_alone(&row, &parts)) {
            c->loss[i] = loss_of(&row, &parts);
        }
    }
    if (gradients) {
        c->at_maximum[i] = gradient_of_entry(&row, &parts, &g, max_at, 1);
        c->at_label[i] = gradient_of_entry(&row, &parts, &g, LABEL, 1);
    }
}

/* All that follows from the sums. rho is found as pairs at once where gradients need it so. */
static void finish_label_lanes(struct label_lanes *c, bool gradients, const ce_labels *shared) {
    double in_double[LANES_MOST];
    const double *rho = gradients ? c->stats->rho_high : in_double;
    if (gradients) {
        find_lane_rhos(c->s, c->stats);
    } else {
        rhos_in_double(c->s, in_double);
    }
    bool settled = label_log_probs(c, rho);
    if (c->alone) {
        v_store(c->loss, v_sub(v_set1(0), v_load(c->log_prob)));
        settled = (!gradients || label_gradients(c, true, shared->gradient)) && settled;
    } else {
        double z_loss = (double)shared->z_loss;
        settled = losses_of_parts(c, rho, z_loss) && settled;
        if (gradients) {
            find_spread(c, z_loss);
            settled = label_gradients(c, false, shared->gradient) && settled;
        }
    }
    if (!settled) {
        find_lane_rhos(c->s, c->stats);
        for (size_t i = 0; i < V_LANES; i++) {
            label_lane_by_pairs(c, i, gradients, shared);
        }
    }
}

/* Gives the results that the lanes have. */
static inline void store_label_results(size_t rows, const struct label_lanes *c, ce_result *results) {
    for (size_t i = 0; i < rows; i++) {
        results[i] = (ce_result){c->loss[i] + 0, c->lse[i], c->log_prob[i], 0};
    }
}

/* The coefficients of up to V_LANES rows but for B and R, in lanes; lanes without a row have the last one's. */
static inline void start_lane_parts(size_t rows, const ce_labels *c, const ce_plain_rows *r, struct lane_parts *p) {
    struct pair keep = sum_of(1, -(double)c->smoothing);
    memset(&p->rest, 0, sizeof p->rest);
    memset(&p->rest_distance, 0, sizeof p->rest_distance);
    memset(p->rest_at_label, 0, sizeof p->rest_at_label);
    memset(p->rest_at_maximum, 0, sizeof p->rest_at_maximum);
    double weight[LANES_MOST];
    for (size_t i = 0; i < V_LANES; i++) {
        int64_t label = r->labels[i < rows ? i : rows - 1];
        weight[i] = label < 0 ? 0 : c->class_weights == NULL ? 1 : (double)c->class_weights[label];
    }
    for (size_t i = 0; i < V_LANES; i++) {
        set_lane(&p->label_part, i, pair_mul(keep, pair_of(weight[i])));
        set_lane(&p->factor, i, c->gradient);
    }
    for (size_t i = 0; i < V_LANES && r->dloss != NULL; i++) {
        set_lane(&p->factor, i, pair_of((double)r->dloss[i < rows ? i : rows - 1]));
    }
}

#endif
