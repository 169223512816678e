/* Cross-entropy of short rows with labels and nothing else, each lane with a row of its own. Template: compiled once
 * for each instruction set and type. */
#ifndef SMX_LABEL_LOSS_TRANSPOSED_TEMPLATE_H
#define SMX_LABEL_LOSS_TRANSPOSED_TEMPLATE_H

#include "../base/attributes.h"

#include "cross_entropy_parts_template.h"
#include "label_loss_lanes_template.h"
#include "log_transposed_template.h"
#include "transpose_template.h"
#include "vector_helpers_template.h"

#ifdef V_TRANSPOSE

/* The gradients from the terms, in place. */
static inline void scale_terms_of_lanes(size_t n, const real *columns, const struct label_lanes *c, real *terms) {
    v_t high = v_load(c->high), low = v_load(c->low), unique = v_load(c->unique),
        at_maximum = v_add(v_load(c->at_maximum), v_set1(0));
    v_t unscale = v_set1(TERM_UNSCALE);
    for (size_t j = 0; j < n; j++) {
        v_t e = v_load(terms + j * V_LANES);
        v_t dx = scaled_result(v_fma(e, high, v_mul(e, low)), unscale);
        m_t maximum = v_eq(v_load(columns + j * V_LANES), unique);
        v_store(terms + j * V_LANES, select_lanes(maximum, at_maximum, dx));
    }
}

/* The first place of each lane's largest entry. */
static inline void find_argmax_of_lanes(size_t rows, size_t n, const real *columns, const real *first,
                                        ce_result *results) {
    real place[LANES_MOST];
    v_t at = v_set1(0), largest = v_load(first);
    for (size_t j = n; j-- > 0;) {
        at = select_lanes(v_eq(v_load(columns + j * V_LANES), largest), v_set1((real)j), at);
    }
    v_store(place, at);
    for (size_t i = 0; i < rows; i++) {
        results[i].argmax = (int64_t)place[i];
    }
}

/* The logits of a group's labels; those of lanes without a row are the last row's. */
static inline void load_label_logits(size_t rows, const real *columns, const int64_t *labels, struct label_lanes *c) {
    for (size_t i = 0; i < V_LANES; i++) {
        int64_t label = labels[i < rows ? i : rows - 1];
        c->label[i] = columns[(label < 0 ? 0 : (size_t)label) * V_LANES + i];
    }
}

/* As many short rows as log_transposed_rows says; false, with nothing written, if one of them has no finite maximum. */
static ALWAYS_INLINE bool label_loss_transposed(size_t rows, const ce_labels *c, const real *x, const int64_t *labels,
                                                bool gradients, real *dx, ce_result *results) {
    size_t n = c->n;
    struct transposed_logs t;
    struct label_lanes l[LOG_TRANSPOSED_VECTORS];
    if (!log_stats_transposed(rows, n, x, c->ldx, gradients, &t)) {
        return false;
    }
    for (size_t k = 0; k < rows; k += V_LANES) {
        struct label_lanes *own = &l[k / V_LANES];
        own->s = &t.sums[k / V_LANES];
        own->stats = &t.stats[k / V_LANES];
        load_label_logits(lanes_used(rows, k), t.columns + k * n, labels + k, own);
        finish_label_lanes(own, gradients, c->gradient);
    }
    for (size_t k = 0; k < rows; k += V_LANES) {
        size_t lanes = lanes_used(rows, k);
        real *own = t.terms + k * n;
        store_label_results(lanes, &l[k / V_LANES], results + k);
        if (c->places) {
            find_argmax_of_lanes(lanes, n, t.columns + k * n, t.sums[k / V_LANES].first, results + k);
        }
        if (gradients) {
            scale_terms_of_lanes(n, t.columns + k * n, &l[k / V_LANES], own);
            transpose_out(lanes, n, own, dx + k * c->lddx, c->lddx);
            for (size_t i = 0; i < lanes; i++) {
                if (labels[k + i] >= 0) {
                    dx[(k + i) * c->lddx + (size_t)labels[k + i]] = l[k / V_LANES].at_label[i] + 0;
                }
            }
        }
    }
    return true;
}

/* With and without gradients these are functions of their own: `gradients` is a constant for each. */
static bool label_losses_transposed(size_t rows, const ce_labels *c, const real *x, const int64_t *labels,
                                    ce_result *results) {
    return label_loss_transposed(rows, c, x, labels, false, NULL, results);
}

static bool label_gradients_transposed(size_t rows, const ce_labels *c, const real *x, const int64_t *labels, real *dx,
                                       ce_result *results) {
    return label_loss_transposed(rows, c, x, labels, true, dx, results);
}

#endif

#endif
