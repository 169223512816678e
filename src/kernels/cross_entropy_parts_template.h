/* What the loss of a row is made of. docs/bits.md, "Cross-entropy".
 *
 *     loss = sum over classes of A_c (-log p_c) + z_loss lse^2,    -log p_c = (m - z_c) + log1p(rho)
 *
 * The coefficient A_c is that of the label, at the label, plus rest_c, which smoothing and dense targets spread over
 * the classes. With B the sum of the rest_c and R the sum of rest_c (m - z_c), both exact dot products,
 *
 *     loss = label_part (m - z_label + log1p(rho)) + B log1p(rho) + R + z_loss lse^2
 *
 * so the classes meet only in two dot products (cross_entropy_rest_template.h), and a label alone needs neither.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_CROSS_ENTROPY_PARTS_TEMPLATE_H
#define SMX_CROSS_ENTROPY_PARTS_TEMPLATE_H

#include "../base/pair.h"
#include "../base/wide.h"

#include <math.h>

#include "log_stats_template.h"
#include "logits_template.h"
#include "mask_template.h"
#include "row_max_template.h"
#include "row_scale_template.h"
#include "vector_helpers_template.h"

/* Of rows without a label. */
#define NO_LABEL INT64_MIN

/* A row's cross-entropy: what is asked (gradients may be null), and what is found. The gradient G is dL/dloss. */
typedef struct ce_row {
    logits l;
    size_t n, classes; /* entries in the row's window, and all */
    struct policy policy;
    bool places;   /* whether argmax is wanted */
    int64_t label; /* its place in the window, outside of which it is masked out; NO_LABEL: none */
    const real *targets, *class_weights; /* from the window's first class on */
    real smoothing, z_loss;
    struct pair gradient;
    real *dx, *dtargets;
} ce_row;

/* Whether coefficients are spread over the classes. */
static inline bool has_rest(const ce_row *r) { return r->targets != NULL || r->smoothing != 0; }

typedef struct ce_result {
    real loss, lse, target_log_prob;
    int64_t argmax; /* -1: none */
} ce_result;

/* The numbers of that formula. */
struct ce_parts {
    struct pair label_part;     /* coefficient of the label's -log p */
    struct pair rest;           /* sum of the rest_c */
    struct pair rest_distance;  /* sum of rest_c (m - z_c) */
    struct pair label_distance; /* m - z at the label; +inf if that is masked out */
    real label_below;           /* z - m there, as log-softmax rounds it; -inf */
    bool has_rest;
    struct log_stats stats;
};

/* m - z as a pair; +inf if z is -inf, or too far below. */
static inline struct pair distance_between(real m, real z) {
    struct pair distance = sum_of((double)m, -(double)z);
    return isfinite(distance.high) ? distance : pair_of((double)INFINITY);
}

static inline void set_no_label(struct ce_parts *parts) {
    parts->label_distance = pair_of((double)INFINITY);
    parts->label_below = -(real)INFINITY;
}

/* The label's logit, of two reals; a null low stands for none. The maximum must be known. */
static inline void set_label(real high, const real *low, struct ce_parts *parts) {
    const struct maximum *maximum = &parts->stats.maximum;
    parts->label_distance = distance_between(maximum->high, high);
    parts->label_below = high - maximum->high;
    if (low != NULL) {
        parts->label_below += *low - maximum->low;
        if (isfinite(parts->label_distance.high)) {
            parts->label_distance = pair_add(parts->label_distance, sum_of((double)maximum->low, -(double)*low));
        }
    }
}

/* The same of one entry. */
NOT_INLINE static void set_label_entry(const logits *l, size_t j, struct ce_parts *parts) {
    struct logit_buffer buffer;
    struct logit_block z = logits_block(l, j, j + 1, &buffer);
    set_label(z.high[0], z.low, parts);
}

/* log p of the label: log-softmax, there. */
static inline real label_log_prob(const struct ce_parts *parts) {
    return parts->label_below - log1p_real(&parts->stats);
}

/* p and 1 - p of an entry at this distance from the maximum; `is_maximum`: it is the one that rho leaves out. Of that,
 * 1 - p is rho / (1 + rho), with all digits; any other p is at most 1/2, so that 1 - p loses none. */
static inline void probability(const struct log_stats *stats, struct pair distance, bool is_maximum, struct pair *p,
                               struct pair *other) {
    struct pair whole = pair_add(pair_of(1), stats->rho);
    if (is_maximum) {
        *p = pair_div(pair_of(1), whole);
        *other = pair_div(stats->rho, whole);
        return;
    }
    *p = pair_of(0);
    if (distance.high < -(double)EXP_LOWEST) {
        double exponent;
        struct pair e = pair_exp(pair_negative(distance), &exponent);
        if (exponent >= FACTOR_LEAST) {
            *p = pair_div(pair_scaled(e, (int)exponent), whole);
        }
    }
    *other = pair_add(pair_of(1), pair_negative(*p));
}

/* a b, where either may be infinite; 0 wins. */
static inline struct pair pair_times(struct pair a, struct pair b) {
    if (a.high == 0 || b.high == 0) {
        return pair_of(0);
    }
    double product = a.high * b.high;
    return isfinite(product) ? pair_mul(a, b) : pair_of(product);
}

#endif
