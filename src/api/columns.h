/* Functions down columns. The contracts stand in smx/columns.h. */
#include "common.h"

/* Whole cache lines of columns for each thread. */
#define COLUMNS_UNIT (64 / sizeof(real))

struct columns_call {
    void (*kernel)(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy);
    struct policy policy;
    size_t columns, n, pieces;
    const real *x;
    size_t ldx;
    real *y;
    size_t ldy;
};

static void columns_task(void *data, size_t i) {
    const struct columns_call *c = data;
    struct span units = piece_of((c->columns - 1) / COLUMNS_UNIT + 1, c->pieces, i);
    size_t from = units.from * COLUMNS_UNIT, to = (units.from + units.n) * COLUMNS_UNIT;
    to = to < c->columns ? to : c->columns;
    float_env caller = float_env_enter();
    c->kernel(to - from, c->n, c->x + from, c->ldx, c->y + from, c->ldy, c->policy);
    float_env_leave(caller);
}

static smx_status run_columns(struct columns_call *call, const struct settings *settings) {
    struct matrix in = matrix_of(call->x, call->n, call->columns, call->ldx, "x", "ldx");
    struct matrix out = matrix_of(call->y, call->n, call->columns, call->ldy, "y", "ldy");
    smx_status status;
    if (call->n > SMX_ROW_MOST) {
        return smx_refuse(SMX_ERROR_SIZE, "n");
    }
    if ((status = check_matrix(&in)) != SMX_OK || (status = check_matrix(&out)) != SMX_OK ||
        (status = check_output(&out, &in)) != SMX_OK) {
        return status;
    }
    call->policy = settings->policy;
    call->pieces = smx_pieces(settings, (call->columns - 1) / COLUMNS_UNIT + 1, call->n * COLUMNS_UNIT);
    smx_run_tasks(settings, call->pieces, columns_task, call);
    return SMX_OK;
}

static smx_status down_columns(bool logarithm, size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                               const smx_options *opt) {
    struct settings settings;
    const struct NAME(smx_kernels) * kernels;
    smx_status status = begin_plain(opt, &settings, &kernels);
    if (status != SMX_OK || columns == 0 || n == 0) {
        return status;
    }
    struct columns_call call = {.columns = columns, .n = n, .x = x, .ldx = ldx, .ldy = ldy};
    call.kernel = logarithm ? kernels->log_softmax_columns : kernels->softmax_columns;
    call.y = y;
    return run_columns(&call, &settings);
}

smx_status NAME(smx_softmax_columns)(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                     const smx_options *opt) {
    return down_columns(false, columns, n, x, ldx, y, ldy, opt);
}

smx_status NAME(smx_log_softmax_columns)(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                         const smx_options *opt) {
    return down_columns(true, columns, n, x, ldx, y, ldy, opt);
}
