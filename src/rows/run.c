/* Cuts the rows of a checked call over threads. */
#include "../base/arithmetic.h"

#include "rows.h"

#include "../base/float_env.h"
#include "../base/kulisch.h"
#include "../threads/parallel.h"
#include "row_parts.h"

/* Whole cache lines of columns for each thread. */
static size_t columns_unit(enum dtype real) { return 64 / dtype_size(real); }

/* How the work of a call can be cut: into so many units, one after the other, of so many elements each. */
struct units {
    size_t count, work;
    size_t each; /* of what the kernel counts: rows, columns, rows of matrices */
};

static inline struct units units_of(const struct rows_request *r) {
    const struct argument *first = &r->operation->argument[0];
    if (first->form == FORM_COLUMN) {
        size_t unit = columns_unit(r->real);
        return (struct units){(r->rows - 1) / unit + 1, r->n * unit, unit};
    }
    switch (r->operation->kernel) {
    case kernel_softmax_jacobian:
        return (struct units){r->rows * r->n, r->n, 1};
    case kernel_softmax_jacobian_product:
        return (struct units){r->rows * r->vectors, r->n, 1};
    case kernel_cross_entropy_hessian:
        return (struct units){r->rows, r->n * r->array[1].ld, 1};
    case kernel_cross_entropy:
    case kernel_nll:
        return (struct units){r->rows, r->n + 1, 1};
    default:
        return (struct units){r->rows, r->n, 1};
    }
}

struct task_data {
    const struct rows_run *run;
    rows_kernel kernel;
    struct units units;
    size_t count, pieces; /* count: of what the kernel counts */
    struct exact_sum_shared *sum;
};

/* The i-th of `pieces` runs of `count` things, as even as can be. */
static inline struct span piece_of(size_t count, size_t pieces, size_t i) {
    size_t each = count / pieces, more = count % pieces;
    return (struct span){i * each + (i < more ? i : more), each + (i < more ? 1 : 0)};
}

static void run_piece(void *data, size_t i) {
    const struct task_data *t = data;
    struct span span = piece_of(t->units.count, t->pieces, i);
    size_t from = span.from * t->units.each, end = (span.from + span.n) * t->units.each;
    span = (struct span){from, (end < t->count ? end : t->count) - from};
    float_env caller = float_env_enter();
    if (t->pieces == 1 || t->run->call.sum == NULL) {
        t->kernel(&t->run->call, span);
    } else {
        struct rows_call call = t->run->call;
        smx_exact_sum sum = {{0}, 0, 0, 0};
        call.sum = &sum;
        t->kernel(&call, span);
        exact_sum_share(&sum, t->sum);
    }
    float_env_leave(caller);
}

static void run_pieces(struct rows_run *run, struct units units, size_t pieces) {
    const struct rows_request *r = run->request;
    struct task_data t = {run, run->kernels->rows[r->operation->kernel], units, units.count, pieces, NULL};
    t.count = units.each == 1 ? units.count : r->rows;
    if (pieces > 1 && run->call.sum != NULL) {
        struct exact_sum_shared shared = {{0}};
        t.sum = &shared;
        smx_run_tasks(&run->options, pieces, run_piece, &t);
        *run->call.sum = exact_sum_of_shared(&shared);
        return;
    }
    smx_run_tasks(&run->options, pieces, run_piece, &t);
}

/* Below this many elements, a call is never worth a second thread: smx_pieces would say so. */
#define FEW_ELEMENTS ((size_t)1024)

/* All there is at once, for a call of few elements. */
static bool run_few(struct rows_run *run) {
    const struct rows_request *r = run->request;
    if (r->rows >= FEW_ELEMENTS || r->n >= FEW_ELEMENTS || r->rows * r->n >= FEW_ELEMENTS || r->vectors != 1) {
        return false;
    }
    bool matrix_rows = r->operation->kernel == kernel_softmax_jacobian;
    const struct span all = {0, matrix_rows ? r->rows * r->n : r->rows};
    float_env caller = float_env_enter();
    run->kernels->rows[r->operation->kernel](&run->call, all);
    float_env_leave(caller);
    return true;
}

void smx_rows_run(struct rows_run *run) {
    const struct rows_request *r = run->request;
    if (run->idle || r->rows == 0 || run_few(run)) {
        return;
    }
    struct units units = units_of(r);
    size_t pieces = smx_pieces(&run->options, units.count, units.work);
    if (!smx_rows_in_parts(run, pieces)) {
        run_pieces(run, units, pieces);
    }
}

smx_status smx_rows(const struct rows_request *request) {
    struct rows_run run;
    smx_status status = smx_rows_check(request, &run);
    if (status == SMX_OK) {
        smx_rows_run(&run);
    }
    return status;
}
