/* Softmax backward: whole rows, and rows in parts. The contracts stand in smx.h. */
#include "derivatives.h"

/* ---- Whole rows ---- */

struct backward_call {
    const struct NAME(smx_kernels) * kernels;
    size_t rows, n, pieces;
    const real *y;
    size_t ldy;
    const real *dy;
    size_t lddy;
    real *dx;
    size_t lddx;
    bool stream;
};

static void backward_task(void *data, size_t i) {
    const struct backward_call *c = data;
    struct span rows = piece_of(c->rows, c->pieces, i);
    float_env caller = float_env_enter();
    c->kernels->backward_rows(rows.n, c->n, c->y + rows.from * c->ldy, c->ldy, c->dy + rows.from * c->lddy, c->lddy,
                              c->dx + rows.from * c->lddx, c->lddx, c->stream);
    float_env_leave(caller);
}

/* ---- One row over several threads ---- */

struct backward_row {
    const struct NAME(smx_kernels) * kernels;
    enum { BACKWARD_EXPONENT, BACKWARD_PRODUCTS, BACKWARD_FINISH } step;
    size_t n, parts;
    const real *y, *dy;
    real *dx;
    int32_t exponent;
    struct wide sum;
    smx_softmax_backward_stats part[PARTS_MAX];
};

static void backward_row_task(void *data, size_t i) {
    struct backward_row *r = data;
    struct span part = part_of(r->n, r->parts, i);
    const real *y = r->y + part.from, *dy = r->dy + part.from;
    float_env caller = float_env_enter();
    if (r->step == BACKWARD_EXPONENT) {
        r->part[i].exponent = r->kernels->backward_exponent(part.n, y, dy);
    } else if (r->step == BACKWARD_PRODUCTS) {
        struct wide sum = {{0}};
        r->kernels->backward_products(part.n, y, dy, r->exponent, r->n, &sum);
        memcpy(r->part[i].sum, sum.limb, sizeof sum.limb);
    } else {
        r->kernels->backward_finish(part.n, y, dy, r->exponent, &r->sum, r->dx + part.from);
    }
    float_env_leave(caller);
}

static void backward_one_row(struct backward_row *r, const struct settings *settings) {
    r->step = BACKWARD_EXPONENT;
    smx_run_tasks(settings, r->parts, backward_row_task, r);
    r->exponent = INT32_MIN;
    for (size_t i = 0; i < r->parts; i++) {
        r->exponent = r->part[i].exponent > r->exponent ? r->part[i].exponent : r->exponent;
    }
    r->step = BACKWARD_PRODUCTS;
    smx_run_tasks(settings, r->parts, backward_row_task, r);
    memset(&r->sum, 0, sizeof r->sum);
    for (size_t i = 0; i < r->parts; i++) {
        add_sums(r->sum.limb, r->part[i].sum);
    }
    r->step = BACKWARD_FINISH;
    smx_run_tasks(settings, r->parts, backward_row_task, r);
}

smx_status NAME(smx_softmax_backward)(size_t rows, size_t n, const real *y, size_t ldy, const real *dy, size_t lddy,
                                      real *dx, size_t lddx, const smx_options *opt) {
    struct settings settings;
    const struct NAME(smx_kernels) * kernels;
    smx_status status = begin(opt, &settings, &kernels);
    if (status != SMX_OK || rows == 0 || n == 0) {
        return status;
    }
    if (!settings_plain(&settings)) {
        struct two_call call = {.base = {.kernels = kernels, .rows = rows, .n = n},
                                .names = &names_backward,
                                .count = 1,
                                .a = y,
                                .lda = ldy,
                                .b = dy,
                                .ldb = lddy,
                                .ldo = lddx,
                                .kernel = kernels->backward_logits_row};
        call.out = dx;
        return run_two(&call, true, &settings);
    }
    struct matrix in = matrix_of(y, rows, n, ldy, "y", "ldy");
    struct matrix din = matrix_of(dy, rows, n, lddy, "dy", "lddy");
    struct matrix out = matrix_of(dx, rows, n, lddx, "dx", "lddx");
    if ((status = check_matrix(&in)) != SMX_OK || (status = check_matrix(&din)) != SMX_OK ||
        (status = check_matrix(&out)) != SMX_OK || (status = check_output(&out, &in)) != SMX_OK ||
        (status = check_output(&out, &din)) != SMX_OK) {
        return status;
    }
    size_t parts = parts_of_row(&settings, rows, n);
    if (parts > 1) {
        struct backward_row row = {.kernels = kernels, .n = n, .parts = parts};
        for (size_t k = 0; k < rows; k++) {
            row.y = y + k * ldy;
            row.dy = dy + k * lddy;
            row.dx = dx + k * lddx;
            backward_one_row(&row, &settings);
        }
        return SMX_OK;
    }
    struct backward_call call = {.kernels = kernels,
                                 .rows = rows,
                                 .n = n,
                                 .pieces = smx_pieces(&settings, rows, n),
                                 .y = y,
                                 .ldy = ldy,
                                 .dy = dy,
                                 .lddy = lddy,
                                 .dx = dx,
                                 .lddx = lddx,
                                 .stream = bypasses_cache(&out, &in) && bypasses_cache(&out, &din)};
    smx_run_tasks(&settings, call.pieces, backward_task, &call);
    return SMX_OK;
}

/* The name that an argument of backward has in forward mode. */
static smx_status refuse_as_jvp(smx_status status) {
    const struct two_names *from = &names_backward, *to = &names_jvp;
    const char *name = smx_refused();
    return smx_refuse(status, strcmp(name, from->b) == 0     ? to->b
                              : strcmp(name, from->ldb) == 0 ? to->ldb
                              : strcmp(name, from->out) == 0 ? to->out
                              : strcmp(name, from->ldo) == 0 ? to->ldo
                                                             : name);
}

/* The Jacobian is symmetric: forward mode is backward. */
smx_status NAME(smx_softmax_jvp)(size_t rows, size_t n, const real *y, size_t ldy, const real *v, size_t ldv, real *jv,
                                 size_t ldjv, const smx_options *opt) {
    smx_status status = NAME(smx_softmax_backward)(rows, n, y, ldy, v, ldv, jv, ldjv, opt);
    return status == SMX_OK ? status : refuse_as_jvp(status);
}

/* ---- Rows in parts ---- */

/* The checks that the three steps share: y and dy, and the statistics' place. */
static smx_status begin_backward_part(size_t n, const real *y, const real *dy, const smx_softmax_backward_stats *stats,
                                      const struct NAME(smx_kernels) * *kernels) {
    struct settings settings;
    smx_status status = begin(NULL, &settings, kernels);
    if (status != SMX_OK) {
        return status;
    }
    if (stats == NULL) {
        return smx_refuse(SMX_ERROR_NULL, "stats");
    }
    struct matrix in = matrix_of(y, 1, n, n, "y", "y"), din = matrix_of(dy, 1, n, n, "dy", "dy");
    if (n != 0 && (status = check_matrix(&in)) == SMX_OK) {
        status = check_matrix(&din);
    }
    return status;
}

static bool exponent_of_a_row(int32_t exponent) {
    return exponent == INT32_MIN || exponent == INT32_MAX ||
           (exponent >= PRODUCT_EXPONENT_MIN && exponent <= PRODUCT_EXPONENT_MAX);
}

smx_status NAME(smx_softmax_backward_part_max)(size_t n, const real *y, const real *dy,
                                               smx_softmax_backward_stats *stats) {
    const struct NAME(smx_kernels) * kernels;
    smx_status status = begin_backward_part(n, y, dy, stats, &kernels);
    if (status != SMX_OK) {
        return status;
    }
    float_env caller = float_env_enter();
    smx_softmax_backward_stats result = {.exponent = kernels->backward_exponent(n, y, dy)};
    float_env_leave(caller);
    *stats = result;
    return SMX_OK;
}

smx_status NAME(smx_softmax_backward_part_sum)(size_t n, const real *y, const real *dy, size_t row_n,
                                               smx_softmax_backward_stats *stats) {
    const struct NAME(smx_kernels) * kernels;
    smx_status status = begin_backward_part(n, y, dy, stats, &kernels);
    if (status != SMX_OK) {
        return status;
    }
    if (row_n < n || row_n > SMX_ROW_MOST) {
        return smx_refuse(SMX_ERROR_SIZE, "row_n");
    }
    if (!exponent_of_a_row(stats->exponent)) {
        return smx_refuse(SMX_ERROR_STATS, "stats");
    }
    struct wide sum = {{0}};
    float_env caller = float_env_enter();
    kernels->backward_products(n, y, dy, stats->exponent, row_n, &sum);
    float_env_leave(caller);
    wide_carry(&sum);
    memcpy(stats->sum, sum.limb, sizeof sum.limb);
    return SMX_OK;
}

smx_status NAME(smx_softmax_backward_part_finish)(size_t n, const real *y, const real *dy,
                                                  const smx_softmax_backward_stats *stats, real *dx) {
    const struct NAME(smx_kernels) * kernels;
    smx_status status = begin_backward_part(n, y, dy, stats, &kernels);
    if (status != SMX_OK) {
        return status;
    }
    if (!exponent_of_a_row(stats->exponent)) {
        return smx_refuse(SMX_ERROR_STATS, "stats");
    }
    if (n == 0) {
        return SMX_OK;
    }
    struct matrix in = matrix_of(y, 1, n, n, "y", "y"), din = matrix_of(dy, 1, n, n, "dy", "dy");
    struct matrix out = matrix_of(dx, 1, n, n, "dx", "dx");
    if ((status = check_matrix(&out)) != SMX_OK || (status = check_output(&out, &in)) != SMX_OK ||
        (status = check_output(&out, &din)) != SMX_OK) {
        return status;
    }
    struct wide sum;
    memcpy(sum.limb, stats->sum, sizeof sum.limb);
    float_env caller = float_env_enter();
    kernels->backward_finish(n, y, dy, stats->exponent, &sum, dx);
    float_env_leave(caller);
    return SMX_OK;
}
