/* Softmax forward: whole rows, and rows in parts. The contracts stand in smx.h. */
#include "log.h"

typedef struct NAME(smx_softmax_stats) forward_stats;

/* ---- Whole rows ---- */

struct forward_call {
    const struct NAME(smx_kernels) * kernels;
    struct policy policy;
    size_t rows, n, pieces;
    const real *x;
    size_t ldx;
    real *y;
    size_t ldy;
};

static void forward_task(void *data, size_t i) {
    const struct forward_call *c = data;
    struct span rows = piece_of(c->rows, c->pieces, i);
    float_env caller = float_env_enter();
    c->kernels->softmax_rows(rows.n, c->n, c->x + rows.from * c->ldx, c->ldx, c->y + rows.from * c->ldy, c->ldy,
                             c->policy);
    float_env_leave(caller);
}

/* ---- One row over several threads: the three steps of the public part functions, each over all parts ---- */

struct forward_row {
    const struct NAME(smx_kernels) * kernels;
    enum { FORWARD_MAX, FORWARD_TERMS, FORWARD_SCALE } step;
    size_t n, parts;
    const real *x;
    real *y;
    real max;
    struct wide sum;
    forward_stats part[PARTS_MAX];
};

static void forward_row_task(void *data, size_t i) {
    struct forward_row *r = data;
    struct span part = part_of(r->n, r->parts, i);
    const real *x = r->x + part.from;
    real *y = r->y + part.from;
    float_env caller = float_env_enter();
    if (r->step == FORWARD_MAX) {
        r->part[i].max = r->kernels->row_max(part.n, x);
    } else if (r->step == FORWARD_TERMS) {
        struct wide sum = {{0}};
        r->kernels->row_terms(part.n, x, r->max, r->n, y, &sum);
        memcpy(r->part[i].sum, sum.limb, sizeof sum.limb);
    } else {
        r->kernels->row_scale(part.n, y, &r->sum, y);
    }
    float_env_leave(caller);
}

/* The larger; NaN if either is. */
static real merged_max(real a, real b) {
    if (is_nan(a)) {
        return a;
    }
    return is_nan(b) || place_of(b) > place_of(a) ? b : a;
}

static void forward_one_row(struct forward_row *r, const struct settings *settings) {
    r->step = FORWARD_MAX;
    smx_run_tasks(settings, r->parts, forward_row_task, r);
    r->max = -(real)INFINITY;
    for (size_t i = 0; i < r->parts; i++) {
        r->max = merged_max(r->max, r->part[i].max);
    }
    float_env caller = float_env_enter();
    enum filling filling = r->kernels->row_filling(settings->policy, r->max);
    float_env_leave(caller);
    if (filling != FILL_NOT) {
        r->kernels->row_fill(r->n, filling, r->y);
        return;
    }
    r->step = FORWARD_TERMS;
    smx_run_tasks(settings, r->parts, forward_row_task, r);
    memset(&r->sum, 0, sizeof r->sum);
    for (size_t i = 0; i < r->parts; i++) {
        add_sums(r->sum.limb, r->part[i].sum);
    }
    r->step = FORWARD_SCALE;
    smx_run_tasks(settings, r->parts, forward_row_task, r);
}

/* Under scale and masks. */
static smx_status softmax_of_logits(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                    const struct settings *settings, const struct NAME(smx_kernels) * kernels) {
    struct logits_call call = {
        .base = {.kernels = kernels, .settings = settings, .rows = rows, .n = n, .row = y_of_row},
        .x = x,
        .ldx = ldx,
        .ldy = ldy,
        .kernel = kernels->softmax_logits_row,
        .rest = FILL_ZERO};
    call.y = y;
    smx_status status = check_call(&call, "y", "ldy");
    if (status == SMX_OK) {
        run_rows(&call.base);
    }
    return status;
}

smx_status NAME(smx_softmax)(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                             const smx_options *opt) {
    struct settings settings;
    const struct NAME(smx_kernels) * kernels;
    smx_status status = begin(opt, &settings, &kernels);
    if (status != SMX_OK || rows == 0 || n == 0) {
        return status;
    }
    if (!settings_plain(&settings)) {
        return softmax_of_logits(rows, n, x, ldx, y, ldy, &settings, kernels);
    }
    struct matrix in = matrix_of(x, rows, n, ldx, "x", "ldx"), out = matrix_of(y, rows, n, ldy, "y", "ldy");
    if ((status = check_matrix(&in)) != SMX_OK || (status = check_matrix(&out)) != SMX_OK ||
        (status = check_output(&out, &in)) != SMX_OK) {
        return status;
    }
    size_t parts = parts_of_row(&settings, rows, n);
    if (parts > 1) {
        struct forward_row row = {.kernels = kernels, .n = n, .parts = parts};
        for (size_t k = 0; k < rows; k++) {
            row.x = x + k * ldx;
            row.y = y + k * ldy;
            forward_one_row(&row, &settings);
        }
        return SMX_OK;
    }
    struct forward_call call = {.kernels = kernels,
                                .policy = settings.policy,
                                .rows = rows,
                                .n = n,
                                .pieces = smx_pieces(&settings, rows, n),
                                .x = x,
                                .ldx = ldx,
                                .y = y,
                                .ldy = ldy};
    smx_run_tasks(&settings, call.pieces, forward_task, &call);
    return SMX_OK;
}

/* ---- Rows in parts ---- */

smx_status NAME(smx_softmax_part_max)(size_t n, const real *x, forward_stats *stats) {
    struct settings settings;
    const struct NAME(smx_kernels) * kernels;
    smx_status status = begin(NULL, &settings, &kernels);
    if (status != SMX_OK) {
        return status;
    }
    if (stats == NULL) {
        return smx_refuse(SMX_ERROR_NULL, "stats");
    }
    struct matrix in = matrix_of(x, 1, n, n, "x", "x");
    if (n != 0 && (status = check_matrix(&in)) != SMX_OK) {
        return status;
    }
    float_env caller = float_env_enter();
    forward_stats result = {.max = kernels->row_max(n, x)};
    float_env_leave(caller);
    *stats = result;
    return SMX_OK;
}

smx_status NAME(smx_softmax_part_sum)(size_t n, const real *x, size_t row_n, forward_stats *stats,
                                      const smx_options *opt) {
    struct settings settings;
    const struct NAME(smx_kernels) * kernels;
    smx_status status = begin_plain(opt, &settings, &kernels);
    if (status != SMX_OK) {
        return status;
    }
    if (stats == NULL) {
        return smx_refuse(SMX_ERROR_NULL, "stats");
    }
    if (row_n < n || row_n > SMX_ROW_MOST) {
        return smx_refuse(SMX_ERROR_SIZE, "row_n");
    }
    struct matrix in = matrix_of(x, 1, n, n, "x", "x");
    if (n != 0 && (status = check_matrix(&in)) != SMX_OK) {
        return status;
    }
    struct wide sum = {{0}};
    float_env caller = float_env_enter();
    if (kernels->row_filling(settings.policy, stats->max) == FILL_NOT) {
        kernels->row_terms(n, x, stats->max, row_n, NULL, &sum);
    }
    float_env_leave(caller);
    wide_carry(&sum);
    memcpy(stats->sum, sum.limb, sizeof sum.limb);
    return SMX_OK;
}

/* A row's sum holds the term of its maximum, which is at least sqrt(1/2). */
static bool sum_of_a_row(struct wide sum) {
    wide_carry(&sum);
    return sum.limb[3] > 0 || (sum.limb[3] == 0 && sum.limb[2] >= (int64_t)1 << (ONE_IN_SUM - 1 - 64));
}

smx_status NAME(smx_softmax_part_finish)(size_t n, const real *x, const forward_stats *stats, real *y,
                                         const smx_options *opt) {
    struct settings settings;
    const struct NAME(smx_kernels) * kernels;
    smx_status status = begin_plain(opt, &settings, &kernels);
    if (status != SMX_OK) {
        return status;
    }
    if (stats == NULL) {
        return smx_refuse(SMX_ERROR_NULL, "stats");
    }
    struct wide sum, ignored = {{0}};
    memcpy(sum.limb, stats->sum, sizeof sum.limb);
    float_env caller = float_env_enter();
    enum filling filling = kernels->row_filling(settings.policy, stats->max);
    float_env_leave(caller);
    if (filling == FILL_NOT && !sum_of_a_row(sum)) {
        return smx_refuse(SMX_ERROR_STATS, "stats");
    }
    if (n == 0) {
        return SMX_OK;
    }
    struct matrix in = matrix_of(x, 1, n, n, "x", "x"), out = matrix_of(y, 1, n, n, "y", "y");
    if ((status = check_matrix(&in)) != SMX_OK || (status = check_matrix(&out)) != SMX_OK ||
        (status = check_output(&out, &in)) != SMX_OK) {
        return status;
    }
    caller = float_env_enter();
    if (filling != FILL_NOT) {
        kernels->row_fill(n, filling, y);
    } else {
        kernels->row_terms(n, x, stats->max, n, y, &ignored);
        kernels->row_scale(n, y, &sum, y);
    }
    float_env_leave(caller);
    return SMX_OK;
}

smx_status NAME(smx_softmax_stats_merge)(forward_stats *into, const forward_stats *from) {
    if (into == NULL || from == NULL) {
        return smx_refuse(SMX_ERROR_NULL, into == NULL ? "into" : "from");
    }
    bool same_max = place_of(into->max) == place_of(from->max) || (is_nan(into->max) && is_nan(from->max));
    if (!same_max && !(sums_are_zero(into->sum) && sums_are_zero(from->sum))) {
        return smx_refuse(SMX_ERROR_STATS, "from");
    }
    into->max = merged_max(into->max, from->max);
    add_sums(into->sum, from->sum);
    return SMX_OK;
}
