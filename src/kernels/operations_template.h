/* Where each operation begins in an instruction set's kernels: plain rows go to the kernels of whole batches, and most
 * rows under options go one by one, each within its window. docs/bits.md says what each computes; the arguments stand
 * in the order of src/operations/operations.c.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_OPERATIONS_TEMPLATE_H
#define SMX_OPERATIONS_TEMPLATE_H

#include "../base/kulisch.h"
#include "argmax_template.h"
#include "backward_rows_template.h"
#include "double_backward_template.h"
#include "hessian_diagonal_template.h"
#include "jacobian_template.h"
#include "log_softmax_gradients_template.h"
#include "log_softmax_row_template.h"
#include "log_softmax_rows_template.h"
#include "logsumexp_row_template.h"
#include "logsumexp_rows_template.h"
#include "logsumexp_weighted_template.h"
#include "made_batch_template.h"
#include "masked_backward_template.h"
#include "nll_template.h"
#include "part_stats_template.h"
#include "row_fill_template.h"
#include "rows_of_call_template.h"
#include "scale_gradient_template.h"
#include "sink_gradient_template.h"
#include "softcap_backward_template.h"
#include "softmax_columns_template.h"
#include "softmax_logits_rows_template.h"
#include "softmax_rows_template.h"

/* ---- Softmax ---- */

/* The last step of a row in parts. */
static void softmax_part_of_row(const struct rows_call *c, const struct kept_row *r) {
    logits l = logits_of(c, r, row_at(c, 0, r));
    real *y = row_at(c, 1, r);
    softmax_of_part(c, r, &l, y);
    fill_outside(c, r, FILL_ZERO, y);
}

static void softmax_kernel(const struct rows_call *c, struct span run) {
    if (c->part != NULL) {
        each_row(c, run, softmax_part_of_row);
    } else if (c->plain) {
        softmax_rows(run.n, c->n, rows_at(c, 0, run), stride_of(c, 0), rows_at(c, 1, run), stride_of(c, 1),
                     c->options->policy);
    } else {
        softmax_logits_rows(c, run);
    }
}

static void softmax_columns_kernel(const struct rows_call *c, struct span run) {
    softmax_columns(run.n, c->n, value_at(c, 0, run.from), stride_of(c, 0), value_at(c, 1, run.from), stride_of(c, 1),
                    c->options->policy);
}

/* Vector number k of an operation that has some for each row: the mask is the row's. */
static inline void backward_of_vector(const struct rows_call *c, const struct kept_row *r, size_t k) {
    const logits l = logits_of(c, r, NULL);
    real *dx = window_at(c, 2, k, r);
    if (r->n != 0) {
        backward_logits_row(r->n, &l, row_at(c, 0, r), window_at(c, 1, k, r), dx);
    }
    fill_outside(c, r, FILL_ZERO, dx);
}

/* The last step of a row in parts. */
static void backward_of_part(const struct rows_call *c, const struct kept_row *r) {
    const logits l = logits_of(c, r, NULL);
    const struct masked_rows rows = {&l, row_at(c, 0, r), row_at(c, 1, r)};
    const struct dot dot = dot_of_part(c, r->k);
    real *dx = row_at(c, 2, r);
    gradients_of_dot(r->n, &l, masked_factors, &rows, &dot, dx);
    fill_outside(c, r, FILL_ZERO, dx);
}

static void backward_under_options(const struct rows_call *c, const struct kept_row *r) {
    backward_of_vector(c, r, r->k);
}

static void softmax_backward_kernel(const struct rows_call *c, struct span run) {
    if (c->part != NULL) {
        each_row(c, run, backward_of_part);
    } else if (c->plain) {
        const struct gradient_inputs in = {rows_at(c, 0, run), stride_of(c, 0), rows_at(c, 1, run), stride_of(c, 1)};
        backward_rows(run.n, c->n, &in, rows_at(c, 2, run), stride_of(c, 2), c->stream);
    } else {
        each_row(c, run, backward_under_options);
    }
}

static void softmax_jacobian_product_kernel(const struct rows_call *c, struct span run) {
    for (size_t k = run.from; k < run.from + run.n; k++) {
        struct kept_row r = kept_row(c, k / c->vectors);
        backward_of_vector(c, &r, k);
    }
}

/* The run is one of matrix rows, numbered through all matrices. */
static void softmax_jacobian_kernel(const struct rows_call *c, struct span run) {
    while (run.n > 0) {
        size_t k = run.from / c->n, first = run.from % c->n;
        size_t last = c->n - first < run.n ? c->n : first + run.n;
        const struct array *jac = &c->array[1];
        const struct span row = {k, 1};
        jacobian_rows(c->n, rows_at(c, 0, row), first, last, 1, (real *)jac->data + k * jac->matrix, jac->ld);
        run.from += last - first;
        run.n -= last - first;
    }
}

static void double_backward_under_options(const struct rows_call *c, const struct kept_row *r) {
    const logits l = logits_of(c, r, NULL);
    real *gy = row_at(c, 3, r), *gdy = row_at(c, 4, r);
    if (r->n != 0) {
        double_backward_row(r->n, &l, row_at(c, 0, r), row_at(c, 1, r), row_at(c, 2, r), gy, gdy);
    }
    if (gy != NULL) {
        fill_outside(c, r, FILL_ZERO, gy);
    }
    if (gdy != NULL) {
        fill_outside(c, r, FILL_ZERO, gdy);
    }
}

static void softmax_double_backward_kernel(const struct rows_call *c, struct span run) {
    each_row(c, run, double_backward_under_options);
}

static void argmax_under_options(const struct rows_call *c, const struct kept_row *r) {
    const logits l = logits_of(c, r, row_at(c, 0, r));
    int64_t place = argmax_row(r->n, &l);
    ((int64_t *)c->array[1].data)[r->k] = place < 0 ? place : (int64_t)r->first + place;
}

static void argmax_kernel(const struct rows_call *c, struct span run) { each_row(c, run, argmax_under_options); }

/* ---- Logarithms ---- */

/* The last step of a row in parts. */
static void log_softmax_of_part(const struct rows_call *c, const struct kept_row *r) {
    logits l = logits_of(c, r, row_at(c, 0, r));
    real *y = row_at(c, 1, r);
    struct log_stats stats;
    enum row_kind kind = kind_of_row(maxima_of_row(c, r->k), &l, c->options->policy);
    if (kind != ROW_COMPUTED) {
        fill_log_row(&l, r->n, kind, y);
    } else {
        stats_of_part(c, r, &l, &stats);
        log_logits(&l, r->n, &stats, y);
    }
    fill_outside(c, r, FILL_MINUS_INF, y);
}

static void log_softmax_kernel(const struct rows_call *c, struct span run) {
    if (c->plain && c->part == NULL) {
        log_softmax_rows(run.n, c->n, rows_at(c, 0, run), stride_of(c, 0), rows_at(c, 1, run), stride_of(c, 1),
                         c->options->policy, c->stream);
    } else if (c->part == NULL) {
        log_softmax_logits_rows(c, run);
    } else {
        each_row(c, run, log_softmax_of_part);
    }
}

static void log_softmax_columns_kernel(const struct rows_call *c, struct span run) {
    log_softmax_columns(run.n, c->n, value_at(c, 0, run.from), stride_of(c, 0), value_at(c, 1, run.from),
                        stride_of(c, 1), c->options->policy);
}

static void log_softmax_backward_under_options(const struct rows_call *c, const struct kept_row *r) {
    const logits l = logits_of(c, r, NULL);
    real *dx = row_at(c, 2, r);
    if (r->n != 0) {
        log_softmax_backward_row(r->n, &l, row_at(c, 0, r), row_at(c, 1, r), dx);
    }
    fill_outside(c, r, FILL_ZERO, dx);
}

static void log_softmax_backward_kernel(const struct rows_call *c, struct span run) {
    each_row(c, run, log_softmax_backward_under_options);
}

static void log_softmax_jvp_under_options(const struct rows_call *c, const struct kept_row *r) {
    const logits l = logits_of(c, r, NULL);
    real *jv = row_at(c, 2, r);
    if (r->n != 0) {
        log_softmax_jvp_row(r->n, &l, row_at(c, 0, r), row_at(c, 1, r), jv);
    }
    fill_outside(c, r, FILL_ZERO, jv);
}

static void log_softmax_jvp_kernel(const struct rows_call *c, struct span run) {
    each_row(c, run, log_softmax_jvp_under_options);
}

/* The last step of rows in parts. */
static void logsumexp_of_part(const struct rows_call *c, const struct kept_row *r) {
    const logits l = logits_of(c, r, row_at(c, 0, r));
    real *lse = value_at(c, 1, r->k);
    *lse = high_of_row(maxima_of_row(c, r->k), &l);
    if (isfinite(*lse)) {
        struct log_stats stats;
        stats_of_part(c, r, &l, &stats);
        *lse = lse_real(&stats);
    }
}

static void logsumexp_kernel(const struct rows_call *c, struct span run) {
    if (c->plain && c->n != 0 && c->part == NULL) {
        logsumexp_rows(run.n, c->n, rows_at(c, 0, run), stride_of(c, 0), value_at(c, 1, run.from));
    } else if (c->part == NULL) {
        logsumexp_logits_rows(c, run);
    } else {
        each_row(c, run, logsumexp_of_part);
    }
}

static void logsumexp_backward_under_options(const struct rows_call *c, const struct kept_row *r) {
    const logits l = logits_of(c, r, row_at(c, 0, r));
    real *dx = row_at(c, 2, r);
    if (r->n != 0) {
        logsumexp_backward_row(r->n, &l, *value_at(c, 1, r->k), dx, c->options->policy);
    }
    fill_outside(c, r, FILL_ZERO, dx);
}

static void logsumexp_backward_kernel(const struct rows_call *c, struct span run) {
    each_row(c, run, logsumexp_backward_under_options);
}

static void logsumexp_weighted_under_options(const struct rows_call *c, const struct kept_row *r) {
    real sign = 0, lse = -(real)INFINITY;
    if (c->part != NULL) {
        lse = logsumexp_weighted_of_part(c, r->k, &sign);
    } else if (r->n != 0) {
        logits l = logits_of(c, r, row_at(c, 0, r));
        l.weight = row_at(c, 1, r);
        lse = logsumexp_weighted_row(r->n, &l, &sign);
    }
    *value_at(c, 2, r->k) = lse;
    if (c->array[3].data != NULL) {
        *value_at(c, 3, r->k) = sign;
    }
}

static void logsumexp_weighted_kernel(const struct rows_call *c, struct span run) {
    each_row(c, run, logsumexp_weighted_under_options);
}

/* ---- Rows in parts ---- */

static void part_kernel(const struct rows_call *c, struct span run) { each_row(c, run, part_under_options); }

/* ---- The gradient of a scale ---- */

static inline struct pair scale_gradient_of(const struct rows_call *c, size_t k) {
    struct kept_row r = kept_row(c, k);
    const logits l = logits_of(c, &r, NULL);
    return r.n == 0 ? pair_of(0) : scale_gradient_row(r.n, &l, row_at(c, 0, &r), row_at(c, 1, &r));
}

static void scale_gradient_kernel(const struct rows_call *c, struct span run) {
    for (size_t k = run.from; k < run.from + run.n; k++) {
        struct pair value = scale_gradient_of(c, k);
        exact_sum_add(c->sum, value.high);
        exact_sum_add(c->sum, value.low);
    }
}

static void scale_gradient_rows_kernel(const struct rows_call *c, struct span run) {
    for (size_t k = run.from; k < run.from + run.n; k++) {
        struct pair value = scale_gradient_of(c, k);
        *value_at(c, 2, k) = canonical((real)(value.high + value.low));
    }
}

/* ---- What options add ---- */

static void softcap_backward_under_options(const struct rows_call *c, const struct kept_row *r) {
    const logits l = logits_of(c, r, row_at(c, 0, r));
    real *dx = row_at(c, 2, r);
    softcap_backward_row(r->n, &l, row_at(c, 1, r), dx);
    fill_outside(c, r, FILL_ZERO, dx);
}

static void softcap_backward_kernel(const struct rows_call *c, struct span run) {
    each_row(c, run, softcap_backward_under_options);
}

static void sink_gradient_under_options(const struct rows_call *c, const struct kept_row *r) {
    const logits l = logits_of(c, r, row_at(c, 0, r));
    *value_at(c, 3, r->k) = sink_gradient_row(r->n, &l, row_at(c, 1, r), row_at(c, 2, r), c->options->policy);
}

static void sink_gradient_kernel(const struct rows_call *c, struct span run) {
    each_row(c, run, sink_gradient_under_options);
}

/* ---- The Hessian of cross-entropy ---- */

/* Softmax into the product's place, and its backward pass over it.
 *
 * Error: at most BOUND_HESSIAN_PRODUCT = 2^-20 times scale^2 p_i (|v_i| + sum of p_j |v_j|) in f32, with 2^-49 in f64,
 * and what smx/second_order.h has besides. The worst known is 0.34 of that (docs/accuracy.md). */
static void hessian_product_under_options(const struct rows_call *c, const struct kept_row *r) {
    const logits l = logits_of(c, r, row_at(c, 0, r));
    logits masks = l;
    masks.scale *= l.scale;
    real *hv = row_at(c, 2, r);
    if (r->n != 0) {
        softmax_logits_row(r->n, &l, hv, c->options->policy);
        backward_logits_row(r->n, &masks, hv, row_at(c, 1, r), hv);
    }
    fill_outside(c, r, FILL_ZERO, hv);
}

static void cross_entropy_hessian_product_kernel(const struct rows_call *c, struct span run) {
    each_row(c, run, hessian_product_under_options);
}

/* The matrix of a row of NaN, which its last row holds: NaN for each two kept entries, +0 in masked places. */
static void hessian_of_nan(size_t n, real *matrix, size_t ld) {
    real *last = matrix + (n - 1) * ld;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(last[i])) {
            row_fill(n, FILL_ZERO, matrix + i * ld);
        } else if (i < n - 1) {
            memcpy(matrix + i * ld, last, n * sizeof(real));
        }
    }
}

/* Softmax into the matrix's last row, from which the rows follow; the last one last, over itself. The largest p (1 - p)
 * is made from the logits, where 1 - p keeps its digits.
 *
 * Error: below BOUND_HESSIAN = 10 ULP; the worst known: 0.63 of it in worst-hessian-f32. */
static void hessian_under_options(const struct rows_call *c, const struct kept_row *r) {
    size_t n = c->n, ld = c->array[1].ld;
    const logits l = logits_of(c, r, row_at(c, 0, r));
    real *matrix = (real *)c->array[1].data + r->k * c->array[1].matrix, *last = matrix + (n - 1) * ld;
    real scale = l.scale * l.scale;
    if (r->n != 0) {
        softmax_logits_row(r->n, &l, last + r->first, c->options->policy);
    }
    fill_outside(c, r, FILL_ZERO, last + r->first);
    if (any_nan(n, last)) {
        hessian_of_nan(n, matrix, ld);
        return;
    }
    jacobian_rows(n, last, 0, n - 1, scale, matrix, ld);
    jacobian_rows(n, last, n - 1, n, scale, matrix, ld);
    size_t at = r->n;
    real variance = r->n == 0 ? 0 : peak_variance_row(r->n, &l, c->options->policy, &at);
    if (at < r->n) {
        size_t i = r->first + at;
        matrix[i * ld + i] = scale * variance;
    }
    for (size_t i = 0; i < n; i++) {
        row_clean(n, matrix + i * ld);
    }
}

static void cross_entropy_hessian_kernel(const struct rows_call *c, struct span run) {
    each_row(c, run, hessian_under_options);
}

#endif
