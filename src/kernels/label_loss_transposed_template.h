/* Cross-entropy of short rows whose logits are their entries, each lane with a row of its own.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LABEL_LOSS_TRANSPOSED_TEMPLATE_H
#define SMX_LABEL_LOSS_TRANSPOSED_TEMPLATE_H

#include "../base/attributes.h"

#include "cross_entropy_parts_template.h"
#include "cross_entropy_rest_template.h"
#include "label_loss_lanes_template.h"
#include "log_transposed_template.h"
#include "rest_lanes_template.h"
#include "transpose_template.h"
#include "vector_helpers_template.h"

#ifdef V_TRANSPOSE

/* The gradients from the terms, in place; null rest: there is none. */
static ALWAYS_INLINE void scale_terms_of_lanes(size_t n, const real *columns, const struct label_lanes *c,
                                               const real *rest, real *terms) {
    v_t high = v_load(c->high), low = v_load(c->low), unique = v_load(c->unique), zero = v_set1(0),
        at_maximum = v_add(v_load(c->at_maximum), zero), unscale = v_set1(TERM_UNSCALE), factor = zero;
    if (rest != NULL) {
        real of_lanes[LANES_MOST];
        for (size_t i = 0; i < V_LANES; i++) {
            of_lanes[i] = (real)c->parts.factor.high[i];
        }
        factor = v_load(of_lanes);
    }
    for (size_t j = 0; j < n; j++) {
        v_t e = v_load(terms + j * V_LANES), dx = v_mul(v_fma(e, high, v_mul(e, low)), unscale);
        if (rest != NULL) {
            dx = v_fnma(factor, v_load(rest + j * V_LANES), dx);
        }
        m_t maximum = v_eq(v_load(columns + j * V_LANES), unique);
        v_store(terms + j * V_LANES, v_select(maximum, at_maximum, v_add(dx, zero)));
    }
}

/* The first place of each lane's largest entry: from the last entry to the first, the last one found stays. */
static inline void find_argmax_of_lanes(size_t rows, size_t n, const real *columns, const real *maxima,
                                        ce_result *results) {
    real place[LANES_MOST];
    v_t at = v_set1(0), largest = v_load(maxima);
    for (size_t j = n; j-- > 0;) {
        at = v_select(v_eq(v_load(columns + j * V_LANES), largest), v_set1((real)j), at);
    }
    v_store(place, at);
    for (size_t i = 0; i < rows; i++) {
        results[i].argmax = (int64_t)place[i];
    }
}

/* The logits of the labels of V_LANES rows, or the largest where there is none; those of lanes without a row are the
 * last row's. */
static inline void load_label_logits(size_t rows, const real *columns, const int64_t *labels, struct label_lanes *c) {
    for (size_t i = 0; i < V_LANES; i++) {
        int64_t label = labels[i < rows ? i : rows - 1];
        c->label[i] = label < 0 ? c->s->largest[i] : columns[(size_t)label * V_LANES + i];
    }
    v_store(c->label_low, v_set1(0));
}

/* The rest_c of V_LANES rows from the k-th on, or of any rows, if they have labels. */
static inline void rest_columns(size_t rows, const ce_labels *c, const ce_plain_rows *r, real *rest) {
    const ce_row row = plain_row(c, r, 0);
    real buffer[LOGITS_BLOCK];
    if (r->targets == NULL) {
        const real *shared = rest_block(&row, 0, c->n, buffer);
        for (size_t j = 0; j < c->n; j++) {
            v_store(rest + j * V_LANES, v_set1(shared[j]));
        }
        return;
    }
    transpose_in(rows, c->n, r->targets, c->ldt, rest);
    v_t even = v_set1(even_share(&row)), keep = v_set1(1 - c->smoothing);
    for (size_t j = 0; j < c->n && c->smoothing != 0; j++) {
        v_store(rest + j * V_LANES, v_fma(keep, v_load(rest + j * V_LANES), even));
    }
    for (size_t j = 0; j < c->n && c->class_weights != NULL; j++) {
        v_store(rest + j * V_LANES, v_mul(v_load(rest + j * V_LANES), v_set1(c->class_weights[j])));
    }
}

/* B, R and all else that parts are, of up to V_LANES rows; false if something is out of range. */
static bool parts_in_lanes(size_t rows, const ce_labels *c, const ce_plain_rows *r, const struct rest_sum *shared,
                           const real *columns, const real *rest, struct label_lanes *l) {
    struct lane_parts *p = &l->parts;
    start_lane_parts(rows, c, r, p);
    if (rows_have_rest(c, r)) {
        struct sum_lanes sum, distance;
        bool dense = r->targets != NULL;
        if (dense ? !sum_rest_in_lanes(c->n, rest, &sum) ||
                        !sum_distances_in_lanes(c->n, columns, l->s->largest, rest, true, &distance)
                  : !(shared->largest < 2) ||
                        !sum_distances_in_lanes(c->n, columns, l->s->largest, rest, false, &distance)) {
            return false;
        }
        for (size_t i = 0; i < V_LANES; i++) {
            set_lane(&p->rest, i, dense ? pair_of_sum_lane(&sum, i) : shared->sum);
            set_lane(&p->rest_distance, i, pair_of_sum_lane(&distance, i));
        }
        if (r->dx != NULL) {
            rest_at_maxima(c->n, columns, l->s->largest, rest, p->rest_at_maximum);
        }
        for (size_t i = 0; i < V_LANES && r->dx != NULL; i++) {
            int64_t label = r->labels[i < rows ? i : rows - 1];
            p->rest_at_label[i] = label < 0 ? p->rest_at_maximum[i] : rest[(size_t)label * V_LANES + i];
        }
    }
    return r->dx == NULL || gradients_in_range(l, (double)c->z_loss);
}

/* As many short rows as log_transposed_rows says; false, with nothing written, if one of them has no finite maximum, or
 * something is out of range. */
static ALWAYS_INLINE bool label_loss_transposed(size_t rows, const ce_labels *c, const ce_plain_rows *r,
                                                const struct rest_sum *shared, bool alone, bool gradients) {
    size_t n = c->n;
    struct transposed_logs t;
    struct label_lanes l[LOG_TRANSPOSED_VECTORS];
    real rest[LOG_TRANSPOSED_REALS];
    bool with_rest = !alone && rows_have_rest(c, r), dense = r->targets != NULL;
    if (!log_stats_transposed(rows, n, r->x, c->ldx, gradients, &t)) {
        return false;
    }
    /* Losses, and what gradients are made with. */
    for (size_t k = 0; k < rows; k += V_LANES) {
        const ce_plain_rows from = plain_rows_from(c, r, k);
        struct label_lanes *own = &l[k / V_LANES];
        own->s = &t.sums[k / V_LANES];
        own->stats = &t.stats[k / V_LANES];
        own->alone = alone;
        own->rest = with_rest;
        load_label_logits(lanes_used(rows, k), t.columns + k * n, from.labels, own);
        if (!alone) {
            real *of_rows = rest + (dense ? k * n : 0);
            if (with_rest && (dense || k == 0)) {
                rest_columns(lanes_used(rows, k), c, &from, of_rows);
            }
            if (!parts_in_lanes(lanes_used(rows, k), c, &from, shared, t.columns + k * n, of_rows, own)) {
                return false;
            }
        }
        finish_label_lanes(own, gradients, c);
    }
    /* Results, and gradients back to rows; that of the label stands beside them. */
    for (size_t k = 0; k < rows; k += V_LANES) {
        size_t lanes = lanes_used(rows, k);
        real *own = t.terms + k * n;
        store_label_results(lanes, &l[k / V_LANES], r->results + k);
        if (c->places) {
            find_argmax_of_lanes(lanes, n, t.columns + k * n, t.sums[k / V_LANES].largest, r->results + k);
        }
        if (gradients) {
            if (with_rest) {
                scale_terms_of_lanes(n, t.columns + k * n, &l[k / V_LANES], rest + (dense ? k * n : 0), own);
            } else {
                scale_terms_of_lanes(n, t.columns + k * n, &l[k / V_LANES], NULL, own);
            }
            transpose_out(lanes, n, own, r->dx + k * c->lddx, c->lddx);
            for (size_t i = 0; i < lanes; i++) {
                if (r->labels[k + i] >= 0) {
                    r->dx[(k + i) * c->lddx + (size_t)r->labels[k + i]] = l[k / V_LANES].at_label[i] + 0;
                }
            }
        }
    }
    return true;
}

/* With and without gradients, and for labels alone, these are functions of their own: what is a constant for each makes
 * them short. */
static bool label_losses_transposed(size_t rows, const ce_labels *c, const ce_plain_rows *r) {
    return label_loss_transposed(rows, c, r, NULL, true, false);
}

static bool label_gradients_transposed(size_t rows, const ce_labels *c, const ce_plain_rows *r) {
    return label_loss_transposed(rows, c, r, NULL, true, true);
}

static bool losses_of_parts_transposed(size_t rows, const ce_labels *c, const ce_plain_rows *r,
                                       const struct rest_sum *shared) {
    return label_loss_transposed(rows, c, r, shared, false, false);
}

static bool gradients_of_parts_transposed(size_t rows, const ce_labels *c, const ce_plain_rows *r,
                                          const struct rest_sum *shared) {
    return label_loss_transposed(rows, c, r, shared, false, true);
}

#endif

#endif
