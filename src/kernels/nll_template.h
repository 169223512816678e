/* Negative log-likelihood of rows of log-probabilities: the losses of their labels, and the gradient, which is not 0 at
 * the label alone. Who counts, and where results go, is as in cross-entropy. docs/bits.md, "Negative log-likelihood".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_NLL_TEMPLATE_H
#define SMX_NLL_TEMPLATE_H

#include "argmax_template.h"
#include "cross_entropy_call_template.h"

/* -G w_t of row k, for its label's weight. */
static inline real nll_gradient(const struct rows_call *c, size_t k, real weight) {
    struct pair gradient = c->ce->gradient;
    if (c->ce->reduction == SMX_REDUCTION_NONE && ce_values(c, CE_DLOSS) != NULL) {
        gradient = pair_of((double)ce_values(c, CE_DLOSS)[k]);
    }
    if (!isfinite(gradient.high)) {
        return canonical_nan();
    }
    return canonical(real_of(pair_times(gradient, pair_of(-(double)weight))));
}

/* Of a row with a label. Its log-probabilities may stand where the gradient goes.
 *
 * Error: each result is rounded once: BOUND_NLL = 0.5 ULP. */
static ce_result nll_row(const struct rows_call *c, size_t k, size_t label, const real *x) {
    real log_prob = x[label],
         weight = ce_values(c, CE_CLASS_WEIGHTS) == NULL ? 1 : ce_values(c, CE_CLASS_WEIGHTS)[label];
    const ce_result result = {.loss = weight == 0 && !isnan(log_prob) ? 0 : canonical(-weight * log_prob),
                              .target_log_prob = canonical(log_prob)};
    if (ce_values(c, CE_DX) != NULL) {
        real *dx = ce_values(c, CE_DX) + k * stride_of(c, CE_DX);
        row_fill(c->n, FILL_ZERO, dx);
        dx[label] = nll_gradient(c, k, weight);
    }
    return result;
}

static void nll_some_rows(const struct rows_call *c, struct span run) {
    ce_result results[CE_ROWS];
    bool places = c->array[CE_ARGMAX].data != NULL || c->array[CE_CORRECT].data != NULL;
    for (size_t i = 0; i < run.n; i++) {
        size_t k = run.from + i;
        const logits l = {.x = c->n == 0 ? NULL : ce_values(c, CE_X) + k * stride_of(c, CE_X), .stride = 1, .scale = 1};
        int64_t place = places ? argmax_row(c->n, &l) : -1;
        results[i] = (ce_result){0};
        if (!row_is_ignored(c->ce, c->array, k)) {
            results[i] = nll_row(c, k, (size_t)label_of_row(c->ce, c->array, k), l.x);
        }
        results[i].argmax = place;
    }
    write_results(c, run, results);
}

static void nll_kernel(const struct rows_call *c, struct span run) { ce_run_by_run(c, run, nll_some_rows); }

#endif
