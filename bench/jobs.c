#define _DEFAULT_SOURCE /* madvise */
#include "jobs.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "../tests/common/rng.h"

static void fail(const char *what) {
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

void must(smx_status status) {
    if (status != SMX_OK) {
        fail(smx_status_str(status));
    }
}

#define LINE ((size_t)64)
#define HUGE_PAGE ((size_t)2 << 20)
static bool advised;
static int advice;

void bench_advise_huge_pages(bool huge) {
    advised = true;
    advice = huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE;
}

void *bench_allocate(size_t bytes) {
    size_t boundary = bytes >= HUGE_PAGE ? HUGE_PAGE : LINE;
    size_t whole = (bytes + boundary - 1) / boundary * boundary;
    void *p = aligned_alloc(boundary, whole);
    if (p == NULL) {
        fail("out of memory");
    }
    if (advised && bytes >= HUGE_PAGE && madvise(p, whole, advice) != 0) {
        fail("madvise failed");
    }
    return p;
}

static const struct {
    const char *name;
    size_t bytes;
    DLDataType dtype;
} types[] = {
    [F32] = {"f32", 4, {kDLFloat, 32, 1}},
    [F64] = {"f64", 8, {kDLFloat, 64, 1}},
    [BF16] = {"bf16", 2, {kDLBfloat, 16, 1}},
    [F16] = {"f16", 2, {kDLFloat, 16, 1}},
};

const char *type_name(enum type type) { return types[type].name; }

static DLTensor tensor(struct job *j, enum type type, void *data) {
    return (DLTensor){.data = data, .device = {kDLCPU, 0}, .ndim = 2, .dtype = types[type].dtype, .shape = j->shape};
}

/* Values in double, to be had in every type. */
static void fill(struct job *j, void *array, double from, double to, uint64_t seed) {
    size_t count = j->rows * j->n;
    double *values = bench_allocate(count * sizeof *values);
    rng r = rng_seed(seed);
    for (size_t i = 0; i < count; i++) {
        values[i] = rng_uniform(&r, from, to);
    }
    DLTensor source = tensor(j, F64, values);
    DLTensor target = tensor(j, j->type, array);
    must(smx_tensor_copy(&source, &target, &j->tensor_opt));
    free(values);
}

static void fill_labels(struct job *j) {
    rng r = rng_seed(3);
    for (size_t k = 0; k < j->rows; k++) {
        j->labels[k] = (int64_t)rng_below(&r, j->n);
    }
}

struct job *job_new(enum type type, const char *isa, size_t rows, size_t n) {
    size_t bytes = rows * n * types[type].bytes;
    struct job *j = bench_allocate(sizeof *j);
    *j = (struct job){.type = type, .isa = isa, .rows = rows, .n = n, .shape = {(int64_t)rows, (int64_t)n}};
    j->opt = (smx_options){.size = sizeof j->opt, .threads = 1};
    j->tensor_opt = (smx_tensor_options){.size = sizeof j->tensor_opt, .threads = 1};
    j->ce.size = sizeof j->ce;
    j->x = bench_allocate(bytes);
    j->y = bench_allocate(bytes);
    j->dy = bench_allocate(bytes);
    j->dx = bench_allocate(bytes);
    j->row_results = bench_allocate(rows * sizeof(double));
    j->labels = bench_allocate(rows * sizeof *j->labels);
    fill(j, j->x, -4, 4, 1);
    fill(j, j->dy, -1, 1, 2);
    fill_labels(j);
    run_forward(j);
    if (rows == 1 && type <= F64) {
        run_part_max(j);
        run_part_sum(j);
        run_backward_part_max(j);
        run_backward_part_sum(j);
    }
    return j;
}

void job_free(struct job *j) {
    free(j->x);
    free(j->y);
    free(j->dy);
    free(j->dx);
    free(j->jac);
    free(j->option_array);
    free(j->row_results);
    free(j->labels);
    free(j);
}

static void run_strided(struct job *j) {
    int64_t strides[] = {(int64_t)j->n * j->inner_stride, j->inner_stride};
    DLTensor x = tensor(j, j->type, j->option_array);
    DLTensor y = tensor(j, j->type, j->y);
    x.strides = strides;
    must(smx_softmax(&x, 1, &y, &j->tensor_opt));
}

void run_forward(void *job) {
    struct job *j = job;
    if (j->inner_stride != 0) {
        run_strided(j);
    } else if (j->type == F32) {
        must(smx_softmax_f32(j->rows, j->n, j->x, j->n, j->y, j->n, &j->opt));
    } else if (j->type == F64) {
        must(smx_softmax_f64(j->rows, j->n, j->x, j->n, j->y, j->n, &j->opt));
    } else {
        DLTensor x = tensor(j, j->type, j->x);
        DLTensor y = tensor(j, j->type, j->y);
        must(smx_softmax(&x, 1, &y, &j->tensor_opt));
    }
}

void run_backward(void *job) {
    struct job *j = job;
    if (j->type == F32) {
        must(smx_softmax_backward_f32(j->rows, j->n, j->y, j->n, j->dy, j->n, j->dx, j->n, &j->opt));
    } else if (j->type == F64) {
        must(smx_softmax_backward_f64(j->rows, j->n, j->y, j->n, j->dy, j->n, j->dx, j->n, &j->opt));
    } else {
        DLTensor y = tensor(j, j->type, j->y);
        DLTensor dy = tensor(j, j->type, j->dy);
        DLTensor dx = tensor(j, j->type, j->dx);
        must(smx_softmax_backward(&y, 1, &dy, &dx, &j->tensor_opt));
    }
}

/* Into dx, since y stays what the backward functions need. */
void run_log_softmax(void *job) {
    struct job *j = job;
    if (j->type == F32) {
        must(smx_log_softmax_f32(j->rows, j->n, j->x, j->n, j->dx, j->n, &j->opt));
    } else if (j->type == F64) {
        must(smx_log_softmax_f64(j->rows, j->n, j->x, j->n, j->dx, j->n, &j->opt));
    } else {
        DLTensor x = tensor(j, j->type, j->x);
        DLTensor y = tensor(j, j->type, j->dx);
        must(smx_log_softmax(&x, 1, &y, &j->tensor_opt));
    }
}

void run_columns(void *job) {
    struct job *j = job;
    must(j->type == F64 ? smx_softmax_columns_f64(j->rows, j->n, j->x, j->rows, j->dx, j->rows, &j->opt)
                        : smx_softmax_columns_f32(j->rows, j->n, j->x, j->rows, j->dx, j->rows, &j->opt));
}

void run_logsumexp(void *job) {
    struct job *j = job;
    must(j->type == F64 ? smx_logsumexp_f64(j->rows, j->n, j->x, j->n, j->row_results, &j->opt)
                        : smx_logsumexp_f32(j->rows, j->n, j->x, j->n, j->row_results, &j->opt));
}

static void cross_entropy(struct job *j, bool gradient) {
    if (j->type == F64) {
        smx_cross_entropy_args_f64 ce = {.size = sizeof ce, .labels_i64 = j->labels, .loss = j->row_results};
        ce.dx = gradient ? j->dx : NULL;
        ce.lddx = j->n;
        must(smx_cross_entropy_f64(j->rows, j->n, j->x, j->n, &ce, &j->opt));
    } else {
        smx_cross_entropy_args_f32 ce = j->ce;
        ce.labels_i64 = ce.targets == NULL ? j->labels : NULL;
        ce.loss = j->row_results;
        ce.dx = gradient ? j->dx : NULL;
        ce.lddx = j->n;
        must(smx_cross_entropy_f32(j->rows, j->n, j->x, j->n, &ce, &j->opt));
    }
}

void run_cross_entropy(void *job) { cross_entropy(job, false); }

void run_cross_entropy_gradient(void *job) { cross_entropy(job, true); }

void run_part_max(void *job) {
    struct job *j = job;
    must(j->type == F64 ? smx_softmax_part_max_f64(j->n, j->x, &j->stats_f64)
                        : smx_softmax_part_max_f32(j->n, j->x, &j->stats_f32));
}

/* Timed after part_max, which sets the sum to 0, and before part_finish, which refuses such a sum. */
void run_part_sum(void *job) {
    struct job *j = job;
    must(j->type == F64 ? smx_softmax_part_sum_f64(j->n, j->x, j->n, &j->stats_f64, &j->opt)
                        : smx_softmax_part_sum_f32(j->n, j->x, j->n, &j->stats_f32, &j->opt));
}

void run_part_finish(void *job) {
    struct job *j = job;
    must(j->type == F64 ? smx_softmax_part_finish_f64(j->n, j->x, &j->stats_f64, j->y, &j->opt)
                        : smx_softmax_part_finish_f32(j->n, j->x, &j->stats_f32, j->y, &j->opt));
}

void run_backward_part_max(void *job) {
    struct job *j = job;
    must(j->type == F64 ? smx_softmax_backward_part_max_f64(j->n, j->y, j->dy, &j->backward_stats)
                        : smx_softmax_backward_part_max_f32(j->n, j->y, j->dy, &j->backward_stats));
}

void run_backward_part_sum(void *job) {
    struct job *j = job;
    must(j->type == F64 ? smx_softmax_backward_part_sum_f64(j->n, j->y, j->dy, j->n, &j->backward_stats)
                        : smx_softmax_backward_part_sum_f32(j->n, j->y, j->dy, j->n, &j->backward_stats));
}

void run_backward_part_finish(void *job) {
    struct job *j = job;
    must(j->type == F64 ? smx_softmax_backward_part_finish_f64(j->n, j->y, j->dy, &j->backward_stats, j->dx)
                        : smx_softmax_backward_part_finish_f32(j->n, j->y, j->dy, &j->backward_stats, j->dx));
}

void run_jacobian(void *job) {
    struct job *j = job;
    size_t count = j->rows * j->n * j->n;
    if (j->jac == NULL) {
        j->jac = bench_allocate(count * types[j->type].bytes);
    }
    must(j->type == F64 ? smx_softmax_jacobian_f64(j->rows, j->n, j->y, j->n, j->jac, j->n, j->n * j->n, &j->opt)
                        : smx_softmax_jacobian_f32(j->rows, j->n, j->y, j->n, j->jac, j->n, j->n * j->n, &j->opt));
}
