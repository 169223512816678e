/* Cross-entropy of rows with a label and nothing else, some at a time: all that is done once a row is done in lanes,
 * and in one double where the result is a real and that settles it (quick.h). docs/bits.md, "Cross-entropy". Against
 * sums in lanes and the rest row by row (AVX2, Zen 3): 4.5 times as fast at n = 8, 2.6 at 64; with gradient 5.8 at 8, 3
 * at 64; against rows one by one, with gradient: 2.4 at 200, 1.6 at 512, 1.3 at 1000. */
#ifndef SMX_CE_LABELS_H
#define SMX_CE_LABELS_H

#include "short_log_rows.h"

typedef struct NAME(smx_ce_labels) ce_labels;

/* What the results of a group follow from, per lane. */
struct ce_lanes {
    struct lanes *s;
    struct lanes_stats *stats;
    real label[LANES_MOST]; /* the label's logit */
    real loss[LANES_MOST], lse[LANES_MOST];
    real unique[LANES_MOST]; /* the largest entry, if it has no equals; else +inf */
    real at_peak[LANES_MOST], at_label[LANES_MOST];
    real high[LANES_MOST], low[LANES_MOST]; /* what a term is multiplied by */
};

/* loss = (first - label) + log1p(rho), lse = first + log1p(rho). False if one double does not settle them all. */
static inline bool ce_losses(struct ce_lanes *c, const double *rho) {
    real loss_above[LANES_MOST], lse_above[LANES_MOST];
    for (size_t i = 0; i < V_LANES; i++) {
        double log1p = quick_log1p(rho[i]), first = (double)c->s->first[i], distance = first - (double)c->label[i];
        double loss = distance + log1p, lse = first + log1p;
        double loss_error = loss * QUICK_ERROR, lse_error = (fabs(first) + log1p) * QUICK_ERROR;
        c->loss[i] = (real)(loss - loss_error);
        loss_above[i] = (real)(loss + loss_error);
        c->lse[i] = (real)(lse - lse_error);
        lse_above[i] = (real)(lse + lse_error);
    }
    return lanes_equal(c->loss, loss_above) && lanes_equal(c->lse, lse_above);
}

/* exp(label - first) as (whole + part) 2^exponent, as `probability` has it. */
static inline void label_terms(const struct ce_lanes *c, real *whole, real *part, real *exponent) {
    real v[LANES_MOST], low[LANES_MOST];
    for (size_t i = 0; i < V_LANES; i++) {
        struct pair distance = distance_between(c->s->first[i], c->label[i]), below = pair_negative(distance);
        v[i] = (real)below.high;
        low[i] = (real)((below.high - (double)v[i]) + below.low);
    }
    v_t s, w, n;
    m_t live = exp_of_lanes(v_load(v), v_load(low), &s, &w, &n);
    v_store(whole, v_keep(live, s));
    v_store(part, v_keep(live, w));
    v_store(exponent, v_keep(live, n));
}

/* Gradients at the peak and the label, and what makes gradients of the other terms; false as above. */
static inline bool ce_gradients(struct ce_lanes *c, struct pair factor) {
    real whole[LANES_MOST], part[LANES_MOST], exponent[LANES_MOST];
    real peak_above[LANES_MOST], label_above[LANES_MOST];
    label_terms(c, whole, part, exponent);
    for (size_t i = 0; i < V_LANES; i++) {
        struct pair rho = rho_of_lane(c->stats, i), w = pair_add(pair_of(1), rho);
        int k = (int)c->stats->exponent[i];
        bool nothing = k < FACTOR_LEAST;
        struct pair of_terms = fast_sum((double)c->stats->whole[i], (double)c->stats->part[i]);
        struct pair share = pair_div(select_pair(nothing, pair_of(0), of_terms), w);
        struct pair terms = pair_scaled(pair_mul(factor, share), nothing ? 0 : k);
        c->high[i] = (real)terms.high;
        c->low[i] = (real)((terms.high - (double)c->high[i]) + terms.low);
        double one = 1 / w.high, e = ((double)whole[i] + (double)part[i]) * double_power_of_two((int)exponent[i]);
        bool unique = c->s->first[i] != c->s->second[i], is_label = unique & (c->s->first[i] == c->label[i]);
        c->unique[i] = unique ? c->s->first[i] : (real)INFINITY;
        double at_peak = factor.high * one;
        double at_label = -factor.high * select_of(is_label, rho.high * one, 1 - e * one);
        c->at_peak[i] = (real)(at_peak - at_peak * QUICK_ERROR);
        peak_above[i] = (real)(at_peak + at_peak * QUICK_ERROR);
        c->at_label[i] = (real)(at_label - at_label * QUICK_ERROR);
        label_above[i] = (real)(at_label + at_label * QUICK_ERROR);
    }
    return lanes_equal(c->at_peak, peak_above) && lanes_equal(c->at_label, label_above);
}

/* One lane's losses by pairs, and its gradients at the peak and the label. */
static void ce_lane_by_pairs(struct ce_lanes *c, size_t i, bool gradients, struct pair factor) {
    enum { LABEL, OTHER };
    bool unique = c->s->first[i] != c->s->second[i];
    size_t peak_at = unique && c->s->first[i] == c->label[i] ? LABEL : OTHER;
    const ce_row row = {.n = 2, .label = LABEL};
    struct ce_parts parts = {.label_part = pair_of(1),
                             .label_distance = distance_between(c->s->first[i], c->label[i]),
                             .stats = {.peak = {c->s->first[i], 0, c->s->second[i], peak_at}}};
    parts.stats.rho = rho_of_lane(c->stats, i);
    c->loss[i] = (real)INFINITY;
    if (isfinite(parts.label_distance.high)) {
        c->loss[i] = real_plus_log1p(parts.label_distance, parts.stats.rho);
    }
    c->lse[i] = lse_real(&parts.stats);
    if (gradients) {
        const struct ce_gradient g = {.factor = factor};
        c->at_peak[i] = gradient_of_entry(&row, &parts, &g, peak_at, 1);
        c->at_label[i] = gradient_of_entry(&row, &parts, &g, LABEL, 1);
    }
}

/* All that follows from the sums. */
static void ce_lanes_finish(struct ce_lanes *c, bool gradients, struct pair factor) {
    double rho[LANES_MOST];
    if (gradients) {
        find_lanes_rho(c->s, c->stats);
    } else {
        quick_rho(c->s, c->stats, rho);
    }
    bool losses = ce_losses(c, gradients ? c->stats->rho_high : rho);
    if ((gradients && !ce_gradients(c, factor)) || !losses) {
        find_lanes_rho(c->s, c->stats);
        for (size_t i = 0; i < V_LANES; i++) {
            ce_lane_by_pairs(c, i, gradients, factor);
        }
    }
}

/* Gives the results that the lanes have. */
static inline void ce_lanes_results(size_t rows, const struct ce_lanes *c, ce_result *results) {
    for (size_t i = 0; i < rows; i++) {
        results[i] = (ce_result){c->loss[i] + 0, c->lse[i], 0 - c->loss[i], 0};
    }
}

#ifdef V_TRANSPOSE

/* The gradients from the terms, in place. */
static inline void ce_scale_terms(size_t n, const real *columns, const struct ce_lanes *c, real *terms) {
    v_t high = v_load(c->high), low = v_load(c->low), unique = v_load(c->unique),
        at_peak = v_add(v_load(c->at_peak), v_set1(0));
    v_t unscale = v_set1(TERM_UNSCALE);
    for (size_t j = 0; j < n; j++) {
        v_t e = v_load(terms + j * V_LANES);
        v_t dx = scaled_result(v_fma(e, high, v_mul(e, low)), unscale);
        m_t peak = v_eq(v_load(columns + j * V_LANES), unique);
        v_store(terms + j * V_LANES, either(peak, at_peak, dx));
    }
}

/* The first place of each lane's largest entry. */
static inline void ce_places(size_t rows, size_t n, const real *columns, const real *first, ce_result *results) {
    real place[LANES_MOST];
    v_t at = v_set1(0), largest = v_load(first);
    for (size_t j = n; j-- > 0;) {
        at = either(v_eq(v_load(columns + j * V_LANES), largest), v_set1((real)j), at);
    }
    v_store(place, at);
    for (size_t i = 0; i < rows; i++) {
        results[i].argmax = (int64_t)place[i];
    }
}

/* The logits of a group's labels; those of lanes without a row are the last row's. */
static inline void ce_labels_of_group(size_t rows, const real *columns, const int64_t *labels, struct ce_lanes *c) {
    for (size_t i = 0; i < V_LANES; i++) {
        int64_t label = labels[i < rows ? i : rows - 1];
        c->label[i] = columns[(label < 0 ? 0 : (size_t)label) * V_LANES + i];
    }
}

/* As many short rows as log_rows_in_lanes says; false, with nothing written, if one of them has no finite maximum. */
static ALWAYS_INLINE bool ce_groups(size_t rows, const ce_labels *c, const real *x, const int64_t *labels,
                                    bool gradients, real *dx, ce_result *results) {
    size_t n = c->n;
    real columns[LOG_COLUMNS], terms[LOG_COLUMNS];
    struct lanes s[LOG_GROUPS];
    struct lanes_stats stats[LOG_GROUPS];
    struct ce_lanes l[LOG_GROUPS];
    if (!log_groups(rows, n, x, c->ldx, columns, gradients, terms, s, stats)) {
        return false;
    }
    for (size_t k = 0; k < rows; k += V_LANES) {
        struct ce_lanes *own = &l[k / V_LANES];
        own->s = &s[k / V_LANES];
        own->stats = &stats[k / V_LANES];
        ce_labels_of_group(lanes_of_group(rows, k), columns + k * n, labels + k, own);
        ce_lanes_finish(own, gradients, c->gradient);
    }
    for (size_t k = 0; k < rows; k += V_LANES) {
        size_t lanes = lanes_of_group(rows, k);
        real *own = terms + k * n;
        ce_lanes_results(lanes, &l[k / V_LANES], results + k);
        if (c->places) {
            ce_places(lanes, n, columns + k * n, s[k / V_LANES].first, results + k);
        }
        if (gradients) {
            ce_scale_terms(n, columns + k * n, &l[k / V_LANES], own);
            rows_out(lanes, n, own, dx + k * c->lddx, c->lddx);
            for (size_t i = 0; i < lanes; i++) {
                if (labels[k + i] >= 0) {
                    dx[(k + i) * c->lddx + (size_t)labels[k + i]] = l[k / V_LANES].at_label[i] + 0;
                }
            }
        }
    }
    return true;
}

static bool ce_groups_losses(size_t rows, const ce_labels *c, const real *x, const int64_t *labels,
                             ce_result *results) {
    return ce_groups(rows, c, x, labels, false, NULL, results);
}

static bool ce_groups_gradients(size_t rows, const ce_labels *c, const real *x, const int64_t *labels, real *dx,
                                ce_result *results) {
    return ce_groups(rows, c, x, labels, true, dx, results);
}

#endif

/* The same for rows of any length. */
static bool ce_labels_some(size_t rows, const ce_labels *c, const real *x, const int64_t *labels, real *dx,
                           ce_result *results) {
    size_t n = c->n, place[LANES_MOST];
    struct lanes s;
    struct lanes_stats stats;
    struct ce_lanes l = {.s = &s, .stats = &stats};
    if (!log_rows_peaks(rows, n, x, c->ldx, &s)) {
        return false;
    }
    for (size_t i = 0; i < V_LANES; i++) {
        size_t row = i < rows ? i : rows - 1;
        l.label[i] = x[row * c->ldx + (labels[row] < 0 ? 0 : (size_t)labels[row])];
    }
    for (size_t i = 0; i < rows && (c->places || dx != NULL); i++) { /* before dx, which may be x, is written */
        place[i] = place_of_value(n, x + i * c->ldx, s.first[i], NULL, 0);
    }
    log_rows_terms(rows, n, x, c->ldx, dx, c->lddx, &s, &stats);
    ce_lanes_finish(&l, dx != NULL, c->gradient);
    ce_lanes_results(rows, &l, results);
    for (size_t i = 0; i < rows; i++) {
        results[i].argmax = c->places ? (int64_t)place[i] : 0;
        if (dx != NULL) {
            const real factor[2] = {l.high[i], l.low[i]};
            real *to = dx + i * c->lddx;
            scale_by_reals(n, to, factor, TERM_UNSCALE, to);
            if (isfinite(l.unique[i])) {
                to[place[i]] = l.at_peak[i] + 0;
            }
            if (labels[i] >= 0) {
                to[labels[i]] = l.at_label[i] + 0;
            }
        }
    }
    return true;
}

/* The length of the run of rows that are handled, or left out, together; `out`: they are left out. */
static inline size_t ce_run_of_rows(size_t rows, const ce_labels *c, const int64_t *labels, bool *out) {
    size_t most = log_rows_at_once(c->n), run = 1;
    *out = c->idle && labels[0] < 0;
    while (run < rows && (*out || run < most) && (c->idle && labels[run] < 0) == *out) {
        run++;
    }
    return run;
}

/* As many of the rows as can be handled so, from the first on; their number. Labels are negative where there is none,
 * or one of the classes. */
NOT_INLINE static size_t cross_entropy_labels(size_t rows, const ce_labels *c, const real *x, const int64_t *labels,
                                              real *dx, ce_result *results) {
    size_t done = 0;
    bool going = QUICK && c->n > 0 && c->n < WIDE_FROM;
    while (going && done < rows) {
        const real *from = x + done * c->ldx;
        real *to = dx == NULL ? NULL : dx + done * c->lddx;
        size_t group = rows - done;
#ifdef V_TRANSPOSE
        if (c->n <= SHORT_ROW_LOG && group >= SHORT_GROUP) {
            group = log_rows_in_lanes(group, c->n);
            going = to == NULL ? ce_groups_losses(group, c, from, labels + done, results + done)
                               : ce_groups_gradients(group, c, from, labels + done, to, results + done);
            done += going ? group : 0;
            continue;
        }
#endif
        bool out;
        group = ce_run_of_rows(group < V_LANES ? group : V_LANES, c, labels + done, &out);
        going = out || ce_labels_some(group, c, from, labels + done, to, results + done);
        done += going ? group : 0;
    }
    return done;
}

#endif
