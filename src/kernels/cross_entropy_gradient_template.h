/* Gradients of a row's cross-entropy with respect to its logits and its targets. docs/bits.md, "Cross-entropy".
 *
 *     dx_i = slope_i F (C p_i - A_i),    C = sum of the A_c + 2 z_loss lse,    F = scale dL/dloss
 *
 * p_i is a term times a factor, so most entries are a term times one pair of reals. The largest entry and the label are
 * computed in full, in pairs: there C p_i and A_i nearly cancel in a row that is nearly certain, and p_i - 1 must come
 * from rho. They are found before dx is written, which may be x.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_CROSS_ENTROPY_GRADIENT_TEMPLATE_H
#define SMX_CROSS_ENTROPY_GRADIENT_TEMPLATE_H

#include "../base/pair.h"

#include <math.h>
#include <string.h>

#include "cross_entropy_parts_template.h"
#include "cross_entropy_rest_template.h"
#include "log_stats_template.h"
#include "logits_template.h"
#include "logits_terms_template.h"
#include "mask_template.h"
#include "row_max_template.h"
#include "row_scale_template.h"
#include "softcap_template.h"
#include "vector_helpers_template.h"

/* What all entries share. */
struct ce_gradient {
    struct pair factor; /* F */
    struct pair spread; /* C without the label's part */
    struct pair terms;  /* F C p_i for a term of 1 */
};

/* F */
static inline struct pair factor_of_row(const ce_row *r) {
    return pair_times(pair_of((double)r->l.scale), r->gradient);
}

/* A label outside of the row's window is masked out. */
static inline bool has_label(const ce_row *r) { return r->label >= 0 && (size_t)r->label < r->n; }

static inline double slope_of_entry(const ce_row *r, size_t j) {
    double slope = 1;
    if (has_softcap(&r->l.softcap)) {
        softcap_slopes(&r->l, j, 1, &slope);
    }
    return slope;
}

/* dx of the maximum or the label, in full: at the label C p - A = (B + 2 z_loss lse) p - label_part (1 - p) - rest, so
 * that p - 1 is never formed. `slope` of the softcap there. */
static inline real gradient_of_entry(const ce_row *r, const struct ce_parts *parts, const struct ce_gradient *g,
                                     size_t j, double slope) {
    bool is_label = r->label == (int64_t)j,
         is_maximum = j == parts->stats.maximum.argmax && !tied(&parts->stats.maximum);
    struct pair p, other;
    probability(&parts->stats, parts->label_distance, is_maximum, &p, &other);
    struct pair value = pair_times(g->spread, p);
    if (is_label) {
        value = pair_add(value, pair_negative(pair_times(parts->label_part, other)));
    } else {
        value = pair_add(value, pair_times(parts->label_part, p));
    }
    if (parts->has_rest) {
        real rest;
        value = pair_add(value, pair_of(-(double)*rest_block(r, j, 1, &rest)));
    }
    return canonical(real_of(pair_times(pair_times(value, g->factor), pair_of(slope))));
}

/* y = e (high + low) unscale - F rest for terms e, F rest rounded with the difference only. No NaN arises: the factor
 * is in range, and F and the rest are finite. In place allowed. */
static ALWAYS_INLINE void scale_less_rest_of(size_t n, const real *e, const real factor[2], real unscale, real f,
                                             const real *rest, real even, real *y) {
    v_t high = v_set1(factor[0]), low = v_set1(factor[1]), last = v_set1(unscale), fv = v_set1(f), zero = v_set1(0);
    v_t share = v_set1(even);
    for (size_t j = 0; j < n; j += V_LANES) {
        size_t lanes = n - j < V_LANES ? n - j : V_LANES;
        v_t ej = load_lanes(e + j, lanes), of_rest = rest == NULL ? share : load_lanes(rest + j, lanes);
        v_t scaled = v_mul(v_fma(ej, high, v_mul(ej, low)), last);
        store_lanes(y + j, v_add(v_fnma(fv, of_rest, scaled), zero), lanes);
    }
}

/* The same for the rest_c from the j-th on, n <= LOGITS_BLOCK, or any n of even ones. */
static inline void scale_less_rest(const ce_row *r, size_t j, size_t n, const real *e, const real factor[2],
                                   real unscale, real f, real *y) {
    if (rest_is_even(r)) {
        scale_less_rest_of(n, e, factor, unscale, f, NULL, even_share(r), y);
    } else {
        real buffer[LOGITS_BLOCK];
        scale_less_rest_of(n, e, factor, unscale, f, rest_block(r, j, n, buffer), 0, y);
    }
}

/* dx of n <= LOGITS_BLOCK entries from their terms e, which may stand there: F C p, less F A where it is not the
 * label's, times the softcap's slope. */
static inline void gradient_block(const ce_row *r, const struct ce_parts *parts, const struct ce_gradient *g, size_t j,
                                  size_t n, const real *e, real *dx) {
    real factor[2], unscale = reals_of_factor(g->terms, factor);
    if (parts->has_rest) {
        scale_less_rest(r, j, n, e, factor, unscale, (real)g->factor.high, dx);
    } else {
        scale_by_reals(n, e, factor, unscale, dx);
    }
    if (has_softcap(&r->l.softcap)) {
        double slope[LOGITS_BLOCK];
        softcap_slopes(&r->l, j, n, slope);
        multiply_by_slopes(n, dx, slope, dx);
    }
}

/* All dx, from the terms stored there, or from terms made again block by block. */
static void ce_gradient_row(const ce_row *r, const struct ce_parts *parts, bool stored) {
    const struct log_stats *stats = &parts->stats;
    struct pair whole = pair_add(pair_of(1), stats->rho);
    /* What all entries share. */
    struct ce_gradient g;

    g.factor = factor_of_row(r);
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
    size_t at = stats->maximum.argmax;
    bool has_maximum =
        at < r->n && !tied(&stats->maximum); /* else it is as its equals, or in another part of the row */
    real at_maximum = has_maximum ? gradient_of_entry(r, parts, &g, at, slope_of_entry(r, at)) : 0, at_label = 0;
    if (has_label(r)) {
        size_t j = (size_t)r->label;
        at_label = gradient_of_entry(r, parts, &g, j, slope_of_entry(r, j));
    }
    /* All entries as if none were special. Terms that are not stored are made in a block: the softcap's slopes need
     * entries that dx may stand on. */
    for (size_t j = 0; j < r->n; j += LOGITS_BLOCK) {
        size_t length = block_length(r->n - j);
        if (stored) {
            gradient_block(r, parts, &g, j, length, r->dx + j, r->dx + j);
        } else {
            real block[LOGITS_BLOCK];
            terms_of_block(&r->l, j, length, &stats->maximum, block);
            gradient_block(r, parts, &g, j, length, block, block);
            memcpy(r->dx + j, block, length * sizeof(real));
        }
    }
    if (has_maximum) {
        r->dx[at] = at_maximum;
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

/* dtargets = G (1 - smoothing) w (-log p), as -log p = log1p(rho) - (z - m). */
static void ce_gradient_of_targets(const ce_row *r, const struct log_stats *stats) {
    v_t log1p = v_set1(log1p_real(stats));
    struct pair factor = pair_times(r->gradient, sum_of(1, -(double)r->smoothing));
    for (size_t j = 0; j < r->n; j += LOGITS_BLOCK) {
        size_t length = block_length(r->n - j);
        struct logit_buffer buffer;
        struct logit_block z = logits_block(&r->l, j, j + length, &buffer);
        real *to = r->dtargets + j;
        for (size_t i = 0; i < length; i += V_LANES) {
            size_t left = length - i < V_LANES ? length - i : V_LANES;
            v_store_n(to + i, v_sub(log1p, below_maximum(&z, i, length, &stats->maximum)), left);
        }
        for (size_t i = 0; i < length; i++) {
            double weight = r->class_weights == NULL ? 1 : (double)r->class_weights[j + i];
            double coefficient = factor.high * weight;
            to[i] = coefficient == 0 ? 0 : canonical((real)(coefficient * (double)to[i]));
        }
        if (masked(&r->l)) {
            clear_masked(&r->l, j, length, to);
        }
    }
}

/* Gradients of a row that is not computed: a value where kept, 0 elsewhere. */
static inline void fill_gradients(const ce_row *r, real value) {
    if (r->dtargets != NULL) {
        fill_kept(&r->l, r->n, value, 0, r->dtargets);
    }
    if (r->dx != NULL) {
        fill_kept(&r->l, r->n, value, 0, r->dx);
    }
}

#endif
