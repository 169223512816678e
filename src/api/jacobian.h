/* The softmax Jacobian. The contract stands in smx.h. */
#include "common.h"

struct jacobian_call {
    const struct NAME(smx_kernels) * kernels;
    size_t rows, n, pieces;
    const real *y;
    size_t ldy;
    real *jac;
    size_t ldj, matrix_stride;
};

/* A piece is a run of matrix rows, numbered through all matrices. */
static void jacobian_task(void *data, size_t i) {
    const struct jacobian_call *c = data;
    struct span run = piece_of(c->rows * c->n, c->pieces, i);
    float_env caller = float_env_enter();
    while (run.n > 0) {
        size_t k = run.from / c->n, first = run.from % c->n;
        size_t last = c->n - first < run.n ? c->n : first + run.n;
        c->kernels->jacobian_rows(c->n, c->y + k * c->ldy, first, last, 1, c->jac + k * c->matrix_stride, c->ldj);
        run.from += last - first;
        run.n -= last - first;
    }
    float_env_leave(caller);
}

/* The strides of n x n matrices. */
static smx_status check_matrices(size_t n, size_t ldj, size_t matrix_stride, const char *ldj_name) {
    if (ldj < n) {
        return smx_refuse(SMX_ERROR_STRIDE, ldj_name);
    }
    if (ldj > PTRDIFF_MAX / sizeof(real) / n) {
        return smx_refuse(SMX_ERROR_SIZE, ldj_name);
    }
    return matrix_stride < n * ldj ? smx_refuse(SMX_ERROR_STRIDE, "matrix_stride") : SMX_OK;
}

smx_status NAME(smx_softmax_jacobian)(size_t rows, size_t n, const real *y, size_t ldy, real *jac, size_t ldj,
                                      size_t matrix_stride, const smx_options *opt) {
    struct settings settings;
    const struct NAME(smx_kernels) * kernels;
    smx_status status = begin_plain(opt, &settings, &kernels);
    if (status != SMX_OK || rows == 0 || n == 0) {
        return status;
    }
    struct matrix in = matrix_of(y, rows, n, ldy, "y", "ldy");
    if ((status = check_matrix(&in)) != SMX_OK) {
        return status;
    }
    if ((status = check_matrices(n, ldj, matrix_stride, "ldj")) != SMX_OK) {
        return status;
    }
    struct matrix out = matrix_of(jac, rows, (n - 1) * ldj + n, matrix_stride, "jac", "matrix_stride");
    if ((status = check_matrix(&out)) != SMX_OK || (status = check_apart(&out, &in)) != SMX_OK) {
        return status;
    }
    struct jacobian_call call = {.kernels = kernels,
                                 .rows = rows,
                                 .n = n,
                                 .pieces = smx_pieces(&settings, rows * n, n),
                                 .y = y,
                                 .ldy = ldy,
                                 .jac = jac,
                                 .ldj = ldj,
                                 .matrix_stride = matrix_stride};
    smx_run_tasks(&settings, call.pieces, jacobian_task, &call);
    return SMX_OK;
}
