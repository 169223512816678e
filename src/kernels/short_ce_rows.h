/* Cross-entropy of short rows with a label and nothing else, each lane with a row of its own: all that is done once a
 * row is done in lanes too, and in one double where the result is a real and that settles it (quick.h). docs/bits.md,
 * "Cross-entropy". Against sums in lanes and the rest row by row (AVX2, Zen 3): 4.5 times as fast at n = 8, 2.6 at 64;
 * with gradient 5.8 at 8, 3 at 64. */
#ifndef SMX_SHORT_CE_ROWS_H
#define SMX_SHORT_CE_ROWS_H

#include "short_log_rows.h"

typedef struct NAME(smx_ce_labels) ce_labels;

#ifdef V_TRANSPOSE

/* What the results of a group follow from, per lane. */
struct ce_lanes {
    struct lanes s;
    struct lanes_stats stats;
    real label[LANES_MOST]; /* the label's logit */
    real loss[LANES_MOST], lse[LANES_MOST];
    real unique[LANES_MOST]; /* the largest entry, if it has no equals; else +inf */
    real at_peak[LANES_MOST], at_label[LANES_MOST];
    real high[LANES_MOST], low[LANES_MOST]; /* what a term is multiplied by */
};

static inline bool lanes_equal(const real *a, const real *b) { return !m_any(m_not(v_eq(v_load(a), v_load(b)))); }

/* loss = (first - label) + log1p(rho), lse = first + log1p(rho). False if one double does not settle them all. */
static inline bool ce_losses(struct ce_lanes *c, const double *rho) {
    real loss_above[LANES_MOST], lse_above[LANES_MOST];
    for (size_t i = 0; i < V_LANES; i++) {
        double log1p = quick_log1p(rho[i]), first = (double)c->s.first[i], distance = first - (double)c->label[i];
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
        struct pair distance = distance_between(c->s.first[i], c->label[i]), below = pair_negative(distance);
        v[i] = (real)below.high;
        low[i] = (real)((below.high - (double)v[i]) + below.low);
    }
    v_t lowest = v_set1(EXP_LOWEST), value = v_load(v), rest = v_load(low);
    v_t magic = v_set1(ROUND_MAGIC), w, power;
    m_t live = m_not(v_ge(lowest, value));
    value = v_max(value, lowest);
    v_t n = v_sub(v_fma(value, v_set1(LOG2E), magic), magic);
    v_t s = exp_parts(value, &rest, magic, &w, &power);
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
        struct pair rho = rho_of_lane(&c->stats, i), w = pair_add(pair_of(1), rho);
        int k = (int)c->stats.exponent[i];
        bool nothing = k < FACTOR_LEAST;
        struct pair of_terms = fast_sum((double)c->stats.whole[i], (double)c->stats.part[i]);
        struct pair share = pair_div(select_pair(nothing, pair_of(0), of_terms), w);
        struct pair terms = pair_scaled(pair_mul(factor, share), nothing ? 0 : k);
        c->high[i] = (real)terms.high;
        c->low[i] = (real)((terms.high - (double)c->high[i]) + terms.low);
        double one = 1 / w.high, e = ((double)whole[i] + (double)part[i]) * double_power_of_two((int)exponent[i]);
        bool unique = c->s.first[i] != c->s.second[i], is_label = unique & (c->s.first[i] == c->label[i]);
        c->unique[i] = unique ? c->s.first[i] : (real)INFINITY;
        double at_peak = factor.high * one;
        double at_label = -factor.high * select_of(is_label, rho.high * one, 1 - e * one);
        c->at_peak[i] = (real)(at_peak - at_peak * QUICK_ERROR);
        peak_above[i] = (real)(at_peak + at_peak * QUICK_ERROR);
        c->at_label[i] = (real)(at_label - at_label * QUICK_ERROR);
        label_above[i] = (real)(at_label + at_label * QUICK_ERROR);
    }
    return lanes_equal(c->at_peak, peak_above) && lanes_equal(c->at_label, label_above);
}

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

/* Up to V_LANES rows; false, with nothing written, if one of them needs more than this. */
static bool ce_labels_group(size_t rows, const ce_labels *c, const real *x, const int64_t *labels, real *dx,
                            ce_result *results) {
    size_t n = c->n;
    real columns[SHORT_ROW_LOG * V_LANES], terms[SHORT_ROW_LOG * V_LANES];
    double rho[LANES_MOST];
    struct ce_lanes l;
    rows_in(rows, n, x, c->ldx, columns);
    if (!log_lanes(V_LANES, n, columns, V_LANES, dx == NULL ? NULL : terms, V_LANES, &l.s, &l.stats)) {
        return false;
    }
    for (size_t i = 0; i < V_LANES; i++) {
        int64_t label = labels[i < rows ? i : rows - 1];
        l.label[i] = columns[(label < 0 ? 0 : (size_t)label) * V_LANES + i];
    }
    if (dx != NULL) {
        find_lanes_rho(n, &l.s, &l.stats);
    }
    quick_rho(&l.s, &l.stats, rho);
    if (!ce_losses(&l, rho) || (dx != NULL && !ce_gradients(&l, c->gradient))) {
        return false;
    }
    for (size_t i = 0; i < rows; i++) {
        results[i] = (ce_result){l.loss[i] + 0, l.lse[i], 0 - l.loss[i], 0};
    }
    if (c->places) {
        ce_places(rows, n, columns, l.s.first, results);
    }
    if (dx != NULL) {
        ce_scale_terms(n, columns, &l, terms);
        for (size_t i = 0; i < rows; i++) {
            if (labels[i] >= 0) {
                terms[(size_t)labels[i] * V_LANES + i] = l.at_label[i] + 0;
            }
        }
        rows_out(rows, n, terms, dx, c->lddx);
    }
    return true;
}

#endif

/* As many of the rows as can be handled so, from the first on; their number. Labels are negative where there is none,
 * or one of the classes. */
static size_t cross_entropy_labels(size_t rows, const ce_labels *c, const real *x, const int64_t *labels, real *dx,
                                   ce_result *results) {
    size_t done = 0;
#ifdef V_TRANSPOSE
    while (c->n <= SHORT_ROW_LOG && rows - done >= SHORT_GROUP) {
        size_t group = rows - done < V_LANES ? rows - done : V_LANES;
        if (!ce_labels_group(group, c, x + done * c->ldx, labels + done, dx == NULL ? NULL : dx + done * c->lddx,
                             results + done)) {
            break;
        }
        done += group;
    }
#else
    (void)rows, (void)c, (void)x, (void)labels, (void)dx, (void)results;
#endif
    return done;
}

#endif
