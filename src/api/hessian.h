/* The Hessian of cross-entropy. The contract stands in smx/second_order.h. */
#include "logits.h"

struct hessian_call {
    struct row_call base;
    const real *x;
    size_t ldx;
    const real *v; /* null: the Hessian written out */
    size_t ldv;
    real *out;
    size_t ldo, matrix_stride;
};

/* Softmax into the product's place, and its backward pass over it. */
static void hessian_product_of_row(const struct row_call *call, size_t k) {
    const struct hessian_call *c = (const struct hessian_call *)call;
    size_t n = call->n, kept = kept_entries(call->settings, k, n);
    logits l = logits_of_row(call->settings, k, n, c->x + k * c->ldx);
    logits masks = l;
    masks.scale *= l.scale;
    real *hv = c->out + k * c->ldo;
    if (kept != 0) {
        call->kernels->softmax_logits_row(kept, &l, hv, call->settings->policy);
        call->kernels->backward_logits_row(kept, &masks, hv, c->v + k * c->ldv, hv);
    }
    fill_rest(call->kernels, n, kept, FILL_ZERO, hv);
}

static bool any_nan(size_t n, const real *a) {
    for (size_t i = 0; i < n; i++) {
        if (is_nan(a[i])) {
            return true;
        }
    }
    return false;
}

/* The matrix of a row of NaN, which its last row holds: NaN for each two kept entries, +0 in masked places. */
static void hessian_of_nan(const struct row_call *call, real *matrix, size_t ldo) {
    size_t n = call->n;
    real *last = matrix + (n - 1) * ldo;
    for (size_t i = 0; i < n; i++) {
        if (!is_nan(last[i])) {
            call->kernels->row_fill(n, FILL_ZERO, matrix + i * ldo);
        } else if (i < n - 1) {
            memcpy(matrix + i * ldo, last, n * sizeof(real));
        }
    }
}

/* Softmax into the matrix's last row, from which the rows follow; the last one last, over itself. The largest p (1 - p)
 * is made from the logits, where 1 - p keeps its digits. */
static void hessian_of_row(const struct row_call *call, size_t k) {
    const struct hessian_call *c = (const struct hessian_call *)call;
    size_t n = call->n, kept = kept_entries(call->settings, k, n);
    logits l = logits_of_row(call->settings, k, n, c->x + k * c->ldx);
    real *matrix = c->out + k * c->matrix_stride, *last = matrix + (n - 1) * c->ldo;
    real scale = l.scale * l.scale;
    if (kept != 0) {
        call->kernels->softmax_logits_row(kept, &l, last, call->settings->policy);
    }
    fill_rest(call->kernels, n, kept, FILL_ZERO, last);
    if (any_nan(n, last)) {
        hessian_of_nan(call, matrix, c->ldo);
        return;
    }
    call->kernels->jacobian_rows(n, last, 0, n - 1, scale, matrix, c->ldo);
    call->kernels->jacobian_rows(n, last, n - 1, n, scale, matrix, c->ldo);
    size_t at = kept;
    real variance = kept == 0 ? 0 : call->kernels->peak_variance_row(kept, &l, call->settings->policy, &at);
    if (at < kept) {
        matrix[at * c->ldo + at] = scale * variance;
    }
    for (size_t i = 0; i < n; i++) {
        call->kernels->row_clean(n, matrix + i * c->ldo);
    }
}

static smx_status run_hessian(struct hessian_call *call, const struct matrix *out, bool in_place) {
    const struct settings *settings = call->base.settings;
    size_t rows = call->base.rows, n = call->base.n;
    struct matrix in = matrix_of(call->x, rows, n, call->ldx, "x", "ldx");
    smx_status status = check_matrix(&in);
    if (status == SMX_OK && (status = check_matrix(out)) == SMX_OK) {
        status = in_place ? check_output(out, &in) : check_apart(out, &in);
    }
    if (status == SMX_OK && (status = check_logits(settings, rows, n)) == SMX_OK &&
        (status = check_apart_from_options(out, settings, rows, n)) == SMX_OK) {
        run_rows(&call->base);
    }
    return status;
}

smx_status NAME(smx_cross_entropy_hessian_product)(size_t rows, size_t n, const real *x, size_t ldx, const real *v,
                                                   size_t ldv, real *hv, size_t ldhv, const smx_options *opt) {
    struct settings settings;
    struct hessian_call call = {.base = {.settings = &settings, .rows = rows, .n = n, .row = hessian_product_of_row},
                                .x = x,
                                .ldx = ldx,
                                .v = v,
                                .ldv = ldv,
                                .out = hv,
                                .ldo = ldhv};
    smx_status status = begin(opt, &settings, &call.base.kernels);
    if (status != SMX_OK || rows == 0 || n == 0) {
        return status;
    }
    struct matrix out = matrix_of(hv, rows, n, ldhv, "hv", "ldhv"), vectors = matrix_of(v, rows, n, ldv, "v", "ldv");
    if ((status = check_matrix(&vectors)) != SMX_OK || (status = check_matrix(&out)) != SMX_OK ||
        (status = check_apart(&out, &vectors)) != SMX_OK) {
        return status;
    }
    return run_hessian(&call, &out, true);
}

smx_status NAME(smx_cross_entropy_hessian)(size_t rows, size_t n, const real *x, size_t ldx, real *hess, size_t ldh,
                                           size_t matrix_stride, const smx_options *opt) {
    struct settings settings;
    struct hessian_call call = {
        .base = {.settings = &settings, .rows = rows, .n = n, .work = n * ldh, .row = hessian_of_row},
        .x = x,
        .ldx = ldx,
        .out = hess,
        .ldo = ldh,
        .matrix_stride = matrix_stride};
    smx_status status = begin(opt, &settings, &call.base.kernels);
    if (status != SMX_OK || rows == 0 || n == 0) {
        return status;
    }
    if ((status = check_matrices(n, ldh, matrix_stride, "ldh")) != SMX_OK) {
        return status;
    }
    struct matrix out = matrix_of(hess, rows, (n - 1) * ldh + n, matrix_stride, "hess", "matrix_stride");
    return run_hessian(&call, &out, false);
}
