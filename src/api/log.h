/* Functions of logits that give rows of y, or one number a row. The contracts stand in smx/smx.h and smx/log.h. */
#include "logits.h"

struct logits_call {
    struct row_call base;
    const real *x;
    size_t ldx;
    real *y;
    size_t ldy;
    /* Of functions that give rows of y: */
    void (*kernel)(size_t n, const logits *l, real *y, struct policy);
    bool stream;
    enum filling rest; /* of places that lengths or causality mask out */
};

/* The checks that functions from x to y share, once the options are read; neither rows nor n is 0. */
static smx_status check_call(const struct logits_call *call, const char *y, const char *ldy) {
    size_t rows = call->base.rows, n = call->base.n;
    const struct settings *settings = call->base.settings;
    struct matrix in = matrix_of(call->x, rows, n, call->ldx, "x", "ldx");
    struct matrix out = matrix_of(call->y, rows, n, call->ldy, y, ldy);
    smx_status status;
    if ((status = check_matrix(&in)) != SMX_OK || (status = check_matrix(&out)) != SMX_OK ||
        (status = check_output(&out, &in)) != SMX_OK || settings_plain(settings) ||
        (status = check_logits(settings, rows, n)) != SMX_OK) {
        return status;
    }
    return check_apart_from_masks(out, settings, rows, n);
}

static void fill_rest(const struct NAME(smx_kernels) * kernels, size_t n, size_t kept, enum filling filling, real *y) {
    if (kept < n) {
        kernels->row_fill(n - kept, filling, y + kept);
    }
}

static void y_of_row(const struct row_call *call, size_t k) {
    const struct logits_call *c = (const struct logits_call *)call;
    size_t kept = kept_entries(call->settings, k, call->n);
    logits l = logits_of_row(call->settings, k, call->n, c->x + k * c->ldx);
    real *y = c->y + k * c->ldy;
    if (kept != 0) {
        c->kernel(kept, &l, y, call->settings->policy);
    }
    fill_rest(call->kernels, call->n, kept, c->rest, y);
}

static void log_softmax_of_rows(const struct row_call *call, struct span run) {
    const struct logits_call *c = (const struct logits_call *)call;
    call->kernels->log_softmax_rows(run.n, call->n, c->x + run.from * c->ldx, c->ldx, c->y + run.from * c->ldy, c->ldy,
                                    call->settings->policy, c->stream);
}

smx_status NAME(smx_log_softmax)(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                 const smx_options *opt) {
    struct settings settings;
    struct logits_call call = {
        .base = {.settings = &settings, .rows = rows, .n = n, .row = y_of_row, .plain_rows = log_softmax_of_rows},
        .x = x,
        .ldx = ldx,
        .ldy = ldy,
        .rest = FILL_MINUS_INF};
    call.y = y;
    smx_status status = begin(opt, &settings, &call.base.kernels);
    if (status != SMX_OK || rows == 0 || n == 0) {
        return status;
    }
    call.kernel = call.base.kernels->log_softmax_row;
    if ((status = check_call(&call, "y", "ldy")) == SMX_OK) {
        struct matrix in = matrix_of(x, rows, n, ldx, "x", "ldx"), out = matrix_of(y, rows, n, ldy, "y", "ldy");
        call.stream = bypasses_cache(&out, &in);
        run_rows(&call.base);
    }
    return status;
}

static void logsumexp_of_row(const struct row_call *call, size_t k) {
    const struct logits_call *c = (const struct logits_call *)call;
    size_t kept = kept_entries(call->settings, k, call->n);
    logits l = logits_of_row(call->settings, k, call->n, c->x + k * c->ldx);
    c->y[k] = kept == 0 ? -(real)INFINITY : call->kernels->logsumexp_row(kept, &l);
}

static void logsumexp_of_rows(const struct row_call *call, struct span run) {
    const struct logits_call *c = (const struct logits_call *)call;
    call->kernels->logsumexp_rows(run.n, call->n, c->x + run.from * c->ldx, c->ldx, c->y + run.from);
}

/* The checks of functions from x to one number a row. */
static smx_status begin_numbers(struct logits_call *call, struct settings *settings, const smx_options *opt) {
    size_t rows = call->base.rows, n = call->base.n;
    call->base.settings = settings;
    smx_status status = begin(opt, settings, &call->base.kernels);
    if (status != SMX_OK || rows == 0) {
        return status;
    }
    struct matrix out = matrix_of(call->y, 1, rows, rows, "lse", "lse");
    if ((status = check_matrix(&out)) != SMX_OK || n == 0) {
        return status;
    }
    struct matrix in = matrix_of(call->x, rows, n, call->ldx, "x", "ldx");
    if ((status = check_matrix(&in)) != SMX_OK || (status = check_logits(settings, rows, n)) != SMX_OK ||
        (status = check_apart(&out, &in)) != SMX_OK) {
        return status;
    }
    return check_apart_from_options(&out, settings, rows, n);
}

smx_status NAME(smx_logsumexp)(size_t rows, size_t n, const real *x, size_t ldx, real *lse, const smx_options *opt) {
    struct logits_call call = {.base = {.rows = rows, .n = n, .row = logsumexp_of_row, .plain_rows = logsumexp_of_rows},
                               .x = x,
                               .ldx = ldx,
                               .y = lse};
    struct settings settings;
    smx_status status = begin_numbers(&call, &settings, opt);
    if (status != SMX_OK || rows == 0) {
        return status;
    }
    if (n == 0) {
        call.base.kernels->row_fill(rows, FILL_MINUS_INF, lse);
        return SMX_OK;
    }
    run_rows(&call.base);
    return SMX_OK;
}

/* ---- Backward of logsumexp ---- */

struct lse_backward_call {
    struct logits_call base;
    const real *dlse;
};

static void lse_backward_of_row(const struct row_call *call, size_t k) {
    const struct lse_backward_call *c = (const struct lse_backward_call *)call;
    size_t kept = kept_entries(call->settings, k, call->n);
    logits l = logits_of_row(call->settings, k, call->n, c->base.x + k * c->base.ldx);
    real *dx = c->base.y + k * c->base.ldy;
    if (kept != 0) {
        call->kernels->logsumexp_backward_row(kept, &l, c->dlse[k], dx, call->settings->policy);
    }
    fill_rest(call->kernels, call->n, kept, FILL_ZERO, dx);
}

smx_status NAME(smx_logsumexp_backward)(size_t rows, size_t n, const real *x, size_t ldx, const real *dlse, real *dx,
                                        size_t lddx, const smx_options *opt) {
    struct lse_backward_call call = {
        .base = {.base = {.rows = rows, .n = n, .row = lse_backward_of_row}, .x = x, .ldx = ldx, .y = dx, .ldy = lddx},
        .dlse = dlse};
    struct settings settings;
    call.base.base.settings = &settings;
    smx_status status = begin(opt, &settings, &call.base.base.kernels);
    if (status != SMX_OK || rows == 0 || n == 0 || (status = check_call(&call.base, "dx", "lddx")) != SMX_OK) {
        return status;
    }
    struct matrix numbers = matrix_of(dlse, 1, rows, rows, "dlse", "dlse");
    struct matrix out = matrix_of(dx, rows, n, lddx, "dx", "lddx");
    if ((status = check_matrix(&numbers)) != SMX_OK || (status = check_apart(&out, &numbers)) != SMX_OK) {
        return status;
    }
    run_rows(&call.base.base);
    return SMX_OK;
}

/* ---- Weighted logsumexp ---- */

struct weighted_call {
    struct logits_call base;
    const real *b;
    size_t ldb;
    real *sign;
};

static void weighted_of_row(const struct row_call *call, size_t k) {
    const struct weighted_call *c = (const struct weighted_call *)call;
    size_t kept = kept_entries(call->settings, k, call->n);
    logits l = logits_of_row(call->settings, k, call->n, c->base.x + k * c->base.ldx);
    real sign = 0, lse = -(real)INFINITY;
    l.weight = c->b + k * c->ldb;
    if (kept != 0) {
        lse = call->kernels->logsumexp_weighted_row(kept, &l, &sign);
    }
    c->base.y[k] = lse;
    if (c->sign != NULL) {
        c->sign[k] = sign;
    }
}

smx_status NAME(smx_logsumexp_weighted)(size_t rows, size_t n, const real *x, size_t ldx, const real *b, size_t ldb,
                                        real *lse, real *sign, const smx_options *opt) {
    struct weighted_call call = {
        .base = {.base = {.rows = rows, .n = n, .row = weighted_of_row}, .x = x, .ldx = ldx, .y = lse},
        .b = b,
        .ldb = ldb,
        .sign = sign};
    struct settings settings;
    smx_status status = begin_numbers(&call.base, &settings, opt);
    if (status != SMX_OK || rows == 0) {
        return status;
    }
    struct matrix out = matrix_of(lse, 1, rows, rows, "lse", "lse");
    struct matrix signs = matrix_of(sign, 1, rows, rows, "sign", "sign");
    if (n != 0) {
        struct matrix in = matrix_of(x, rows, n, ldx, "x", "ldx");
        struct matrix weights = matrix_of(b, ldb == 0 ? 1 : rows, n, ldb == 0 ? n : ldb, "b", "ldb");
        if ((status = check_matrix(&weights)) != SMX_OK || (status = check_apart(&out, &weights)) != SMX_OK) {
            return status;
        }
        if (sign != NULL &&
            ((status = check_apart(&signs, &in)) != SMX_OK || (status = check_apart(&signs, &weights)) != SMX_OK ||
             (status = check_apart_from_options(&signs, &settings, rows, n)) != SMX_OK)) {
            return status;
        }
    }
    if (sign != NULL && (status = check_apart(&signs, &out)) != SMX_OK) {
        return status;
    }
    if (n == 0) {
        call.base.base.kernels->row_fill(rows, FILL_MINUS_INF, lse);
        if (sign != NULL) {
            call.base.base.kernels->row_fill(rows, FILL_ZERO, sign);
        }
        return SMX_OK;
    }
    run_rows(&call.base.base);
    return SMX_OK;
}
