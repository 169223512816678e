/* What the loss of a row is made of. docs/bits.md, "Cross-entropy".
 *
 *     loss = sum over classes of A_c (-log p_c) + z_loss lse^2,    -log p_c = (m - z_c) + log1p(rho)
 *
 * The coefficient A_c is that of the label, at the label, plus rest_c, which smoothing and dense targets spread over
 * the classes. With B the sum of the rest_c and R the sum of rest_c (m - z_c), both exact dot products,
 *
 *     loss = label_part (m - z_label + log1p(rho)) + B log1p(rho) + R + z_loss lse^2
 *
 * so the classes meet only in two dot products, and a label alone needs neither.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_CROSS_ENTROPY_PARTS_TEMPLATE_H
#define SMX_CROSS_ENTROPY_PARTS_TEMPLATE_H

#include "../base/pair.h"
#include "../base/wide.h"

#include <math.h>

#include "exact_dot_template.h"
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
    int64_t label; /* its place in the window, outside of which it is masked out; NO_LABEL: none */
    const real *targets, *class_weights; /* from the window's first class on */
    real smoothing, z_loss;
    struct pair gradient;
    real *dx, *dtargets;
} ce_row;

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
    bool has_rest;
    struct log_stats stats;
};

/* n <= LOGITS_BLOCK of the rest_c; 0 where masked out. */
static inline void rest_block(const ce_row *r, size_t j, size_t n, real *rest) {
    real even = r->smoothing / (real)r->classes, keep = 1 - r->smoothing;
    for (size_t i = 0; i < n; i++) {
        real a = r->targets == NULL  ? even
                 : r->smoothing == 0 ? r->targets[j + i]
                                     : r_fma(keep, r->targets[j + i], even);
        rest[i] = r->class_weights == NULL ? a : a * r->class_weights[j + i];
    }
    if (masked(&r->l)) {
        clear_masked(&r->l, j, n, rest);
    }
}

/* What makers of factors of the two dot products need. */
struct rest_factors {
    const ce_row *r;
    const struct maximum *maximum;
    real down; /* a power of two that brings the rest_c below 2 */
};

/* Factors of B, the sum of the rest_c. */
static void rest_and_ones(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct rest_factors *f = row;
    rest_block(f->r, j, n, b);
    for (size_t i = 0; i < n; i++) {
        a[i] = 1;
    }
}

/* Factors of R, the sum of rest_c (m - z_c). A coefficient of 0 makes 0 of an infinite distance. */
static void rest_and_distances(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct rest_factors *f = row;
    struct logit_buffer buffer;
    struct logit_block z = logits_block(&f->r->l, j, j + n, &buffer);
    rest_block(f->r, j, n, a);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t left = n - i < V_LANES ? n - i : V_LANES;
        v_store_n(b + i, v_sub(v_set1(0), below_maximum(&z, i, n, f->maximum)), left);
    }
    for (size_t i = 0; i < n; i++) {
        b[i] = a[i] == 0 ? 0 : b[i];
        a[i] *= f->down;
    }
}

/* The largest magnitude among the rest_c. */
static inline real largest_rest(const ce_row *r) {
    real rest[LOGITS_BLOCK], largest = 0;
    for (size_t j = 0; j < r->n; j += LOGITS_BLOCK) {
        size_t length = block_length(r->n - j);
        rest_block(r, j, length, rest);
        for (size_t i = 0; i < length; i++) {
            real magnitude = rest[i] < 0 ? -rest[i] : rest[i];
            largest = magnitude > largest ? magnitude : largest;
        }
    }
    return largest;
}

/* The loss's value where a logit of -inf has a coefficient: infinite, with the coefficients' sign. */
static inline double infinite_distance(const struct rest_factors *f) {
    real a[LOGITS_BLOCK], b[LOGITS_BLOCK];
    double value = 0;
    for (size_t j = 0; j < f->r->n; j += LOGITS_BLOCK) {
        size_t length = block_length(f->r->n - j);
        rest_and_distances(f, j, length, a, b);
        for (size_t i = 0; i < length; i++) {
            if (!isfinite(a[i]) || !isfinite(b[i])) {
                value += (double)a[i] * (double)b[i];
            }
        }
    }
    return isnan(value) ? (double)canonical_nan() : value;
}

/* The power of two by which the rest_c, the largest of which has this magnitude, exceed 2. */
static inline int rest_above_two(real largest) {
    if (!(largest >= 2 && isfinite(largest))) {
        return 0;
    }
    int up = exponent_of((double)largest);
    return up < REAL_BIAS - 1 ? up : REAL_BIAS - 1;
}

/* B and R from their sums; of R, which has been brought down, `infinite` is what it is where it is not finite. */
static inline void set_rest(const struct dot *sum, const struct dot *distance, int up, double infinite,
                            struct ce_parts *parts) {
    parts->rest = dot_is_finite(sum) ? pair_of_dot(sum) : pair_of((double)canonical_nan());
    parts->rest_distance = dot_is_finite(distance) ? pair_scaled(pair_of_dot(distance), up) : pair_of(infinite);
}

/* B and R. Where R is infinite, because a logit of -inf has a coefficient, it is added up plainly. */
static void find_rest(const ce_row *r, struct ce_parts *parts) {
    int up = rest_above_two(largest_rest(r));
    const struct rest_factors f = {r, &parts->stats.maximum, power_of_two(-up)};
    struct dot sum = exact_dot(r->n, r->l.row_n, rest_and_ones, &f);
    struct dot distance = exact_dot(r->n, r->l.row_n, rest_and_distances, &f);
    set_rest(&sum, &distance, up, dot_is_finite(&distance) ? 0 : infinite_distance(&f), parts);
}

/* m - z as a pair; +inf if z is -inf, or too far below. */
static inline struct pair distance_between(real m, real z) {
    struct pair distance = sum_of((double)m, -(double)z);
    return isfinite(distance.high) ? distance : pair_of((double)INFINITY);
}

/* The same for a logit of two reals; a null low stands for none. */
static inline struct pair distance_of_logit(real high, const real *low, const struct maximum *maximum) {
    struct pair distance = distance_between(maximum->high, high);
    if (low != NULL && isfinite(distance.high)) {
        distance = pair_add(distance, sum_of((double)maximum->low, -(double)*low));
    }
    return distance;
}

/* m - z of one entry; +inf if it is -inf. */
static inline struct pair distance_of_entry(const logits *l, size_t j, const struct maximum *maximum) {
    struct logit_buffer buffer;
    struct logit_block z = logits_block(l, j, j + 1, &buffer);
    return distance_of_logit(z.high[0], z.low, maximum);
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
