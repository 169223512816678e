/* Functions from two rows to one: derivatives of softmax and log-softmax under scale and masks. The contracts stand in
 * smx/log.h and smx/second_order.h. */
#include "logits.h"

typedef void (*two_rows)(size_t n, const logits *l, const real *a, const real *b, real *out);

/* What a function's caller knows b and out by. */
struct two_names {
    const char *b, *ldb, *out, *ldo;
};
static const struct two_names names_backward = {"dy", "lddy", "dx", "lddx"};
static const struct two_names names_jvp = {"v", "ldv", "jv", "ldjv"};
static const struct two_names names_product = {"v", "ldv", "out", "ldo"};

struct two_call {
    struct row_call base; /* its rows are those of b and out */
    const struct two_names *names;
    size_t count; /* so many rows of b for each of a, which has the masks */
    const real *a;
    size_t lda;
    const real *b;
    size_t ldb;
    real *out;
    size_t ldo;
    two_rows kernel;
};

static void two_rows_of_row(const struct row_call *call, size_t k) {
    const struct two_call *c = (const struct two_call *)call;
    size_t of_a = k / c->count, kept = kept_entries(call->settings, of_a, call->n);
    logits l = logits_of_row(call->settings, of_a, call->n, NULL);
    real *out = c->out + k * c->ldo;
    if (kept != 0) {
        c->kernel(kept, &l, c->a + of_a * c->lda, c->b + k * c->ldb, out);
    }
    fill_rest(call->kernels, call->n, kept, FILL_ZERO, out);
}

/* The checks, once the options are read; the output may be b, and a as well if `over_a`. */
static smx_status check_two(const struct two_call *c, bool over_a) {
    size_t rows = c->base.rows, n = c->base.n;
    const struct settings *settings = c->base.settings;
    struct matrix a = matrix_of(c->a, rows / c->count, n, c->lda, "y", "ldy");
    struct matrix b = matrix_of(c->b, rows, n, c->ldb, c->names->b, c->names->ldb);
    struct matrix out = matrix_of(c->out, rows, n, c->ldo, c->names->out, c->names->ldo);
    smx_status status;
    if ((status = check_matrix(&a)) != SMX_OK || (status = check_matrix(&b)) != SMX_OK ||
        (status = check_matrix(&out)) != SMX_OK || (status = check_output(&out, &b)) != SMX_OK ||
        (status = check_logits(settings, rows / c->count, n)) != SMX_OK ||
        (status = over_a ? check_output(&out, &a) : check_apart(&out, &a)) != SMX_OK) {
        return status;
    }
    return check_apart_from_options(&out, settings, rows / c->count, n);
}

static smx_status run_two(struct two_call *call, bool over_a, const struct settings *settings) {
    call->base.settings = settings;
    call->base.row = two_rows_of_row;
    smx_status status = check_two(call, over_a);
    if (status == SMX_OK) {
        run_rows(&call->base);
    }
    return status;
}

/* Of log-softmax, in forward mode (jvp) or backward. */
static smx_status log_derivative(bool jvp, size_t rows, size_t n, const real *y, size_t ldy, const real *dy,
                                 size_t lddy, real *dx, size_t lddx, const smx_options *opt) {
    struct settings settings;
    struct two_call call = {
        .base = {.rows = rows, .n = n}, .count = 1, .a = y, .lda = ldy, .b = dy, .ldb = lddy, .ldo = lddx};
    call.names = jvp ? &names_jvp : &names_backward;
    call.out = dx;
    smx_status status = begin(opt, &settings, &call.base.kernels);
    if (status != SMX_OK || rows == 0 || n == 0) {
        return status;
    }
    call.kernel = jvp ? call.base.kernels->log_softmax_jvp_row : call.base.kernels->log_softmax_backward_row;
    return run_two(&call, true, &settings);
}

smx_status NAME(smx_log_softmax_backward)(size_t rows, size_t n, const real *y, size_t ldy, const real *dy, size_t lddy,
                                          real *dx, size_t lddx, const smx_options *opt) {
    return log_derivative(false, rows, n, y, ldy, dy, lddy, dx, lddx, opt);
}

smx_status NAME(smx_log_softmax_jvp)(size_t rows, size_t n, const real *y, size_t ldy, const real *v, size_t ldv,
                                     real *jv, size_t ldjv, const smx_options *opt) {
    return log_derivative(true, rows, n, y, ldy, v, ldv, jv, ldjv, opt);
}

smx_status NAME(smx_softmax_jacobian_product)(size_t rows, size_t n, const real *y, size_t ldy, size_t count,
                                              const real *v, size_t ldv, real *out, size_t ldo,
                                              const smx_options *opt) {
    struct settings settings;
    struct two_call call = {.base = {.n = n}, .count = count, .a = y, .lda = ldy, .b = v, .ldb = ldv, .ldo = ldo};
    call.names = &names_product;
    call.out = out;
    smx_status status = begin(opt, &settings, &call.base.kernels);
    if (status != SMX_OK || rows == 0 || n == 0 || count == 0) {
        return status;
    }
    if (rows > SIZE_MAX / count) {
        return smx_refuse(SMX_ERROR_SIZE, "count");
    }
    call.base.rows = rows * count;
    call.kernel = call.base.kernels->backward_logits_row;
    return run_two(&call, false, &settings);
}

/* ---- Double backward ---- */

struct double_call {
    struct row_call base;
    const real *y, *dy, *ddx;
    size_t ldy, lddy, lddx;
    real *gy, *gdy;
    size_t ldgy, ldgdy;
};

static void double_backward_of_row(const struct row_call *call, size_t k) {
    const struct double_call *c = (const struct double_call *)call;
    size_t n = call->n, kept = kept_entries(call->settings, k, n);
    logits l = logits_of_row(call->settings, k, n, NULL);
    real *gy = c->gy == NULL ? NULL : c->gy + k * c->ldgy, *gdy = c->gdy == NULL ? NULL : c->gdy + k * c->ldgdy;
    if (kept != 0) {
        call->kernels->double_backward_row(kept, &l, c->y + k * c->ldy, c->dy + k * c->lddy, c->ddx + k * c->lddx, gy,
                                           gdy);
    }
    if (gy != NULL) {
        fill_rest(call->kernels, n, kept, FILL_ZERO, gy);
    }
    if (gdy != NULL) {
        fill_rest(call->kernels, n, kept, FILL_ZERO, gdy);
    }
}

/* An output that must overlap none of the inputs. */
static smx_status check_apart_from(const struct matrix *out, const struct matrix *in, size_t count) {
    smx_status status = check_matrix(out);
    for (size_t i = 0; i < count && status == SMX_OK; i++) {
        status = check_apart(out, &in[i]);
    }
    return status;
}

smx_status NAME(smx_softmax_double_backward)(size_t rows, size_t n, const real *y, size_t ldy, const real *dy,
                                             size_t lddy, const real *ddx, size_t lddx, real *gy, size_t ldgy,
                                             real *gdy, size_t ldgdy, const smx_options *opt) {
    struct settings settings;
    struct double_call call = {.base = {.settings = &settings, .rows = rows, .n = n, .row = double_backward_of_row},
                               .y = y,
                               .dy = dy,
                               .ddx = ddx,
                               .ldy = ldy,
                               .lddy = lddy,
                               .lddx = lddx,
                               .gy = gy,
                               .gdy = gdy,
                               .ldgy = ldgy,
                               .ldgdy = ldgdy};
    smx_status status = begin(opt, &settings, &call.base.kernels);
    if (status != SMX_OK || rows == 0 || n == 0) {
        return status;
    }
    struct matrix in[4] = {matrix_of(y, rows, n, ldy, "y", "ldy"), matrix_of(dy, rows, n, lddy, "dy", "lddy"),
                           matrix_of(ddx, rows, n, lddx, "ddx", "lddx"), matrix_of(gy, rows, n, ldgy, "gy", "ldgy")};
    for (size_t i = 0; i < 3 && status == SMX_OK; i++) {
        status = check_matrix(&in[i]);
    }
    if (status == SMX_OK && gy != NULL && (status = check_apart_from(&in[3], in, 3)) == SMX_OK) {
        status = check_apart_from_options(&in[3], &settings, rows, n);
    }
    if (status == SMX_OK && gdy != NULL) {
        struct matrix out = matrix_of(gdy, rows, n, ldgdy, "gdy", "ldgdy");
        if ((status = check_apart_from(&out, in, gy == NULL ? 3 : 4)) == SMX_OK) {
            status = check_apart_from_options(&out, &settings, rows, n);
        }
    }
    if (status == SMX_OK && (status = check_logits(&settings, rows, n)) == SMX_OK) {
        run_rows(&call.base);
    }
    return status;
}

/* ---- The gradient of a scale ---- */

struct scale_call {
    struct row_call base;
    const real *x, *dx;
    size_t ldx, lddx;
    real *each; /* one a row, or null: their sum */
    struct exact_sum_shared sum;
};

static struct pair scale_gradient_of_row(const struct scale_call *c, size_t k) {
    const struct row_call *call = &c->base;
    size_t kept = kept_entries(call->settings, k, call->n);
    logits l = logits_of_row(call->settings, k, call->n, NULL);
    return kept == 0 ? pair_of(0) : call->kernels->scale_gradient_row(kept, &l, c->x + k * c->ldx, c->dx + k * c->lddx);
}

static void scale_gradient_task(void *data, size_t i) {
    struct scale_call *c = data;
    struct span run = piece_of(c->base.rows, c->base.pieces, i);
    float_env caller = float_env_enter();
    smx_exact_sum sum = {{0}, 0, 0, 0};
    for (size_t k = run.from; k < run.from + run.n; k++) {
        struct pair value = scale_gradient_of_row(c, k);
        if (c->each != NULL) {
            c->each[k] = clean((real)(value.high + value.low));
        } else {
            exact_sum_add(&sum, value.high);
            exact_sum_add(&sum, value.low);
        }
    }
    exact_sum_share(&sum, &c->sum);
    float_env_leave(caller);
}

smx_status NAME(smx_scale_gradient)(size_t rows, size_t n, const real *x, size_t ldx, const real *dx, size_t lddx,
                                    real *dscale, const smx_options *opt) {
    struct settings settings;
    struct scale_call call = {
        .base = {.settings = &settings, .rows = rows, .n = n}, .x = x, .dx = dx, .ldx = ldx, .lddx = lddx};
    smx_status status = begin(opt, &settings, &call.base.kernels);
    if (status != SMX_OK) {
        return status;
    }
    size_t numbers = settings.scale_stride == 0 ? 1 : rows;
    if (numbers == 0) {
        return SMX_OK;
    }
    struct matrix out = matrix_of(dscale, 1, numbers, numbers, "dscale", "dscale");
    if ((status = check_matrix(&out)) != SMX_OK) {
        return status;
    }
    if (rows != 0 && n != 0) {
        struct matrix in[2] = {matrix_of(x, rows, n, ldx, "x", "ldx"), matrix_of(dx, rows, n, lddx, "dx", "lddx")};
        if ((status = check_matrix(&in[0])) != SMX_OK || (status = check_matrix(&in[1])) != SMX_OK ||
            (status = check_apart_from(&out, in, 2)) != SMX_OK ||
            (status = check_logits(&settings, rows, n)) != SMX_OK ||
            (status = check_apart_from_options(&out, &settings, rows, n)) != SMX_OK) {
            return status;
        }
        call.each = settings.scale_stride == 0 ? NULL : dscale;
        call.base.pieces = smx_pieces(&settings, rows, n);
        smx_run_tasks(&settings, call.base.pieces, scale_gradient_task, &call);
    } else {
        memset(dscale, 0, numbers * sizeof(real));
        return SMX_OK;
    }
    if (settings.scale_stride == 0) {
        smx_exact_sum sum = exact_sum_of_shared(&call.sum);
        float_env caller = float_env_enter();
        *dscale = real_of_sum(exact_sum_pair(&sum));
        float_env_leave(caller);
    }
    return SMX_OK;
}
