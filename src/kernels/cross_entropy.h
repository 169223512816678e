/* Cross-entropy of a row: loss, what belongs to it, gradients. docs/bits.md, "Cross-entropy". */
#ifndef SMX_CROSS_ENTROPY_KERNELS_H
#define SMX_CROSS_ENTROPY_KERNELS_H

#include "derivatives.h"
#include "log.h"

typedef struct NAME(smx_ce_row) ce_row;
typedef struct NAME(smx_ce_result) ce_result;

/* What the loss is made of: sum of A_c (-log p_c) + z_loss lse^2, with A_c = label_part at the label + rest_c. */
struct ce_parts {
    struct pair label_part;     /* coefficient of the label's -log p */
    struct pair rest;           /* sum of the rest_c */
    struct pair rest_distance;  /* sum of rest_c (m - z_c) */
    struct pair label_distance; /* m - z at the label; +inf if that is masked out */
    bool has_rest;
    struct log_stats stats;
};

/* ---- Coefficients spread over classes: smoothing and dense targets ---- */

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

struct rest_factors {
    const ce_row *r;
    const struct peak *peak;
    real down; /* a power of two that brings the rest_c below 2 */
};

static void rest_and_ones(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct rest_factors *f = row;
    rest_block(f->r, j, n, b);
    for (size_t i = 0; i < n; i++) {
        a[i] = 1;
    }
}

static void rest_and_distances(const void *row, size_t j, size_t n, real *a, real *b) {
    const struct rest_factors *f = row;
    struct buffer buffer;
    struct block z = logits_block(&f->r->l, j, j + n, &buffer);
    rest_block(f->r, j, n, a);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t left = n - i < V_LANES ? n - i : V_LANES;
        v_store_n(b + i, v_sub(v_set1(0), below_peak(&z, i, n, f->peak)), left);
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
static inline double distance_of_edges(const struct rest_factors *f) {
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

static void find_rest(const ce_row *r, struct ce_parts *parts) {
    struct rest_factors f = {r, &parts->stats.peak, 1};
    real largest = largest_rest(r);
    int up = 0;
    if (largest >= 2 && isfinite(largest)) {
        up = exponent_of((double)largest);
        up = up < REAL_BIAS - 1 ? up : REAL_BIAS - 1;
        f.down = power_of_two(-up);
    }
    struct dot sum = exact_dot(r->n, r->l.row_n, rest_and_ones, &f);
    struct dot distance = exact_dot(r->n, r->l.row_n, rest_and_distances, &f);
    parts->rest = dot_is_finite(&sum) ? pair_of_dot(&sum) : pair_of((double)canonical_nan());
    parts->rest_distance =
        dot_is_finite(&distance) ? pair_scaled(pair_of_dot(&distance), up) : pair_of(distance_of_edges(&f));
}

/* ---- The label ---- */

/* m - z as a pair; +inf if z is -inf, or too far below. */
static inline struct pair distance_between(real m, real z) {
    struct pair distance = sum_of((double)m, -(double)z);
    return isfinite(distance.high) ? distance : pair_of((double)INFINITY);
}

/* m - z of one entry; +inf if it is -inf. */
static inline struct pair distance_of_entry(const logits *l, size_t j, const struct peak *peak) {
    struct buffer buffer;
    struct block z = logits_block(l, j, j + 1, &buffer);
    struct pair distance = distance_between(peak->high, z.high[0]);
    if (z.low != NULL && isfinite(distance.high)) {
        distance = pair_add(distance, sum_of((double)peak->low, -(double)z.low[0]));
    }
    return distance;
}

/* p and 1 - p of an entry at this distance from the peak; `is_peak`: it is the one that the sum leaves out. */
static inline void probability(const struct log_stats *stats, struct pair distance, bool is_peak, struct pair *p,
                               struct pair *other) {
    struct pair whole = pair_add(pair_of(1), stats->rho);
    if (is_peak) {
        *p = pair_div(pair_of(1), whole);
        *other = pair_div(stats->rho, whole);
        return;
    }
    *p = pair_of(0);
    if (distance.high < -(double)EXP_LOWEST) {
        int exponent;
        real v[2];
        reals_of_pair(pair_negative(distance), v);
        struct pair e = exp_of(v[0], v[1], &exponent);
        if (exponent >= FACTOR_LEAST) {
            *p = pair_div(pair_scaled(e, exponent), whole);
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

/* A real that is not a number only in the canonical way, and not -0. */
static inline real clean(real a) { return isnan(a) ? canonical_nan() : a + 0; }

/* ---- Gradients ---- */

/* What all entries' dx_i = slope_i F (C p_i - A_i) share. */
struct ce_gradient {
    struct pair factor; /* F */
    struct pair spread; /* C without the label's part */
    struct pair terms;  /* F C p_i for a term of 1 */
};

static inline bool has_label(const ce_row *r) { return r->label >= 0 && (size_t)r->label < r->n; }

/* The softcap's slope at n <= LOGITS_BLOCK entries from the j-th on. */
static inline void slopes(const ce_row *r, size_t j, size_t n, double *slope) {
    logits uncapped = r->l;
    struct buffer buffer;
    uncapped.softcap = 0;
    struct block z = logits_block(&uncapped, j, j + n, &buffer);
    for (size_t i = 0; i < n; i++) {
        double low = z.low == NULL ? 0 : (double)z.low[i];
        slope[i] = isfinite(z.high[i]) ? softcap_slope((double)z.high[i] + low, (double)r->l.softcap) : 0;
    }
}

static inline double slope_of_entry(const ce_row *r, size_t j) {
    double slope = 1;
    if (r->l.softcap != 0) {
        slopes(r, j, 1, &slope);
    }
    return slope;
}

/* dx of the peak or the label, in full; `slope` of the softcap there. */
static inline real gradient_of_entry(const ce_row *r, const struct ce_parts *parts, const struct ce_gradient *g,
                                     size_t j, double slope) {
    bool is_label = r->label == (int64_t)j, is_peak = j == parts->stats.peak.at && !tied(&parts->stats.peak);
    struct pair p, other;
    probability(&parts->stats, parts->label_distance, is_peak, &p, &other);
    struct pair value = pair_times(g->spread, p);
    if (is_label) {
        value = pair_add(value, pair_negative(pair_times(parts->label_part, other)));
    } else {
        value = pair_add(value, pair_times(parts->label_part, p));
    }
    if (parts->has_rest) {
        real rest;
        rest_block(r, j, 1, &rest);
        value = pair_add(value, pair_of(-(double)rest));
    }
    return clean(real_of(pair_times(pair_times(value, g->factor), pair_of(slope))));
}

/* dx of n <= LOGITS_BLOCK entries from their F C p, in place: takes off F A, and minds the softcap. */
static inline void finish_block(const ce_row *r, const struct ce_parts *parts, const struct ce_gradient *g, size_t j,
                                size_t n, real *dx) {
    v_t factor = v_set1((real)g->factor.high), zero = v_set1(0);
    if (parts->has_rest) {
        real rest[LOGITS_BLOCK];
        rest_block(r, j, n, rest);
        for (size_t i = 0; i < n; i += V_LANES) {
            size_t left = n - i < V_LANES ? n - i : V_LANES;
            v_t value = v_fnma(factor, v_load_n(rest + i, left, zero), v_load_n(dx + i, left, zero));
            v_store_n(dx + i, clean_nan(v_add(value, zero)), left);
        }
    }
    if (r->l.softcap != 0) {
        double slope[LOGITS_BLOCK];
        slopes(r, j, n, slope);
        for (size_t i = 0; i < n; i++) {
            dx[i] = clean((real)((double)dx[i] * slope[i]));
        }
    }
}

/* All dx, from the terms stored there, or from terms made again block by block. */
static void ce_gradient_row(const ce_row *r, const struct ce_parts *parts, bool stored) {
    const struct log_stats *stats = &parts->stats;
    struct pair whole = pair_add(pair_of(1), stats->rho);
    struct ce_gradient g;
    g.factor = pair_times(pair_of((double)r->l.scale), r->gradient);
    g.spread = parts->rest;
    if (r->z_loss != 0) {
        g.spread = pair_add(g.spread, pair_times(pair_of(2 * (double)r->z_loss), lse_of(stats)));
    }
    g.terms = pair_times(pair_add(g.spread, parts->label_part), g.factor);
    g.terms = pair_scaled(pair_times(g.terms, pair_div(stats->factor, whole)), stats->factor_exponent);
    if (!factor_in_range(g.terms)) {
        fill_kept(&r->l, r->n, canonical_nan(), 0, r->dx);
        return;
    }
    /* Before dx, which may be x, is overwritten. */
    size_t at = stats->peak.at;
    real at_peak = gradient_of_entry(r, parts, &g, at, slope_of_entry(r, at)), at_label = 0;
    if (has_label(r)) {
        size_t j = (size_t)r->label;
        at_label = gradient_of_entry(r, parts, &g, j, slope_of_entry(r, j));
    }
    if (stored && !parts->has_rest) {
        scale_terms(r->n, r->dx, g.terms, r->dx);
    } else {
        real block[LOGITS_BLOCK];
        for (size_t j = 0; j < r->n; j += LOGITS_BLOCK) {
            size_t length = block_length(r->n - j);
            if (!stored) {
                terms_of_block(&r->l, j, length, &stats->peak, block);
            }
            scale_terms(length, stored ? r->dx + j : block, g.terms, block);
            finish_block(r, parts, &g, j, length, block);
            memcpy(r->dx + j, block, length * sizeof(real));
        }
    }
    if (!tied(&stats->peak)) { /* else it is as its equals */
        r->dx[at] = at_peak;
    }
    if (has_label(r)) {
        r->dx[r->label] = at_label;
    }
    if (masked(&r->l)) {
        for (size_t j = 0; j < r->n; j += LOGITS_BLOCK) {
            clear_masked(&r->l, j, block_length(r->n - j), r->dx + j);
        }
    }
}

/* dtargets = G (1 - smoothing) w (-log p) */
static void ce_gradient_of_targets(const ce_row *r, const struct log_stats *stats) {
    v_t log1p = v_set1(log1p_real(stats));
    struct pair factor = pair_times(r->gradient, sum_of(1, -(double)r->smoothing));
    for (size_t j = 0; j < r->n; j += LOGITS_BLOCK) {
        size_t length = block_length(r->n - j);
        struct buffer buffer;
        struct block z = logits_block(&r->l, j, j + length, &buffer);
        real *to = r->dtargets + j;
        for (size_t i = 0; i < length; i += V_LANES) {
            size_t left = length - i < V_LANES ? length - i : V_LANES;
            v_store_n(to + i, v_sub(log1p, below_peak(&z, i, length, &stats->peak)), left);
        }
        for (size_t i = 0; i < length; i++) {
            double weight = r->class_weights == NULL ? 1 : (double)r->class_weights[j + i];
            double coefficient = factor.high * weight;
            to[i] = coefficient == 0 ? 0 : clean((real)(coefficient * (double)to[i]));
        }
        if (masked(&r->l)) {
            clear_masked(&r->l, j, length, to);
        }
    }
}

static inline void fill_gradients(const ce_row *r, real value) {
    if (r->dtargets != NULL) {
        fill_kept(&r->l, r->n, value, 0, r->dtargets);
    }
    if (r->dx != NULL) {
        fill_kept(&r->l, r->n, value, 0, r->dx);
    }
}

/* ---- The row ---- */

static inline struct pair label_part(const ce_row *r) {
    if (r->label < 0) {
        return pair_of(0);
    }
    struct pair keep = sum_of(1, -(double)r->smoothing);
    return r->class_weights == NULL ? keep : pair_times(keep, pair_of((double)r->class_weights[r->label]));
}

/* The results of a row without a peak to compute with. */
static ce_result ce_result_of_edge(const ce_row *r, enum fate fate, const struct ce_parts *parts) {
    const struct peak *peak = &parts->stats.peak;
    ce_result result = {.lse = peak->high, .argmax = peak->high == (real)INFINITY ? (int64_t)peak->at : -1};
    if (fate == NOT_A_NUMBER) {
        result.loss = result.target_log_prob = canonical_nan();
        fill_gradients(r, canonical_nan());
        return result;
    }
    bool costs = parts->label_part.high != 0 || (parts->has_rest && largest_rest(r) != 0);
    result.loss = costs ? (real)INFINITY : 0;
    result.target_log_prob = -(real)INFINITY;
    fill_gradients(r, 0);
    return result;
}

/* Adds what stays finite to *sum, and what does not to *edge. */
static inline void add_to_loss(struct pair a, struct pair *sum, double *edge) {
    if (isfinite(sum->high + a.high)) {
        *sum = pair_add(*sum, a);
    } else {
        *edge += sum->high + a.high;
    }
}

static inline real loss_of(const ce_row *r, const struct ce_parts *parts) {
    struct pair sum = pair_of(0), log1p = pair_log1p(parts->stats.rho);
    double edge = 0;
    if (parts->label_part.high != 0) {
        if (isfinite(parts->label_distance.high)) {
            add_to_loss(pair_times(parts->label_part, pair_add(parts->label_distance, log1p)), &sum, &edge);
        } else {
            edge += parts->label_distance.high;
        }
    }
    if (parts->has_rest) {
        add_to_loss(pair_times(parts->rest, log1p), &sum, &edge);
        add_to_loss(parts->rest_distance, &sum, &edge);
    }
    if (r->z_loss != 0) {
        struct pair lse = r->l.limit ? pair_of((double)INFINITY) : lse_of(&parts->stats);
        add_to_loss(pair_times(pair_of((double)r->z_loss), pair_times(lse, lse)), &sum, &edge);
    }
    return clean(edge != 0 ? (real)edge : real_of(sum));
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
    ce_result result = {.lse = (real)INFINITY, .target_log_prob = -(real)INFINITY, .argmax = (int64_t)stats->peak.at};
    if (!r->l.limit) {
        result.lse = lse_real(stats);
    }
    real distance = (real)INFINITY;
    if (isfinite(parts->label_distance.high)) {
        distance = real_plus_log1p(parts->label_distance, stats->rho);
        result.target_log_prob = 0 - distance;
    }
    result.loss = label_alone(r, parts) ? clean(distance) : loss_of(r, parts);
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

static ce_result cross_entropy_row(const ce_row *given) {
    ce_row row = *given, *r = &row;
    struct ce_parts parts = {.label_part = label_part(r), .has_rest = r->targets != NULL || r->smoothing != 0};
    enum fate fate = peak_and_fate(r->n, &r->l, r->policy, &parts.stats.peak);
    if (fate != COMPUTED) {
        return ce_result_of_edge(r, fate, &parts);
    }
    parts.label_distance = pair_of((double)INFINITY);
    if (has_label(r)) {
        parts.label_distance = distance_of_entry(&r->l, (size_t)r->label, &parts.stats.peak);
    }
    if (parts.has_rest) {
        find_rest(r, &parts);
    }
    /* Terms may stand where the gradient will, unless the logits there are needed again. */
    bool stored =
        sound_gradient(r, &parts) && r->dx != NULL && r->l.softcap == 0 && !(r->dx == r->l.x && r->dtargets != NULL);
    find_log_stats(&r->l, r->n, stored ? r->dx : NULL, &parts.stats);
    return ce_finish(r, &parts, stored);
}

#endif
