#include "jobs.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void fail(const char *what) {
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

void must(smx_status status) {
    if (status != SMX_OK) {
        fail(smx_status_str(status));
    }
}

void *bench_allocate(size_t bytes) {
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (p == NULL) {
        fail("out of memory");
    }
    return p;
}

/* Uniform on [0, 1), the same on every machine. */
static double uniform(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

static void job_fill(struct job *j) {
    uint64_t state = 1;
    size_t count = j->rows * j->n;
    for (size_t i = 0; i < count; i++) {
        double x = 8 * uniform(&state) - 4;
        double dy = 2 * uniform(&state) - 1;
        if (j->wide) {
            ((double *)j->x)[i] = x;
            ((double *)j->dy)[i] = dy;
        } else {
            ((float *)j->x)[i] = (float)x;
            ((float *)j->dy)[i] = (float)dy;
        }
    }
}

struct job *job_new(bool wide, const char *isa, size_t rows, size_t n) {
    size_t bytes = rows * n * (wide ? sizeof(double) : sizeof(float));
    struct job *j = bench_allocate(sizeof *j);
    *j = (struct job){.wide = wide, .isa = isa, .rows = rows, .n = n, .opt = {.size = sizeof j->opt, .threads = 1}};
    j->x = bench_allocate(bytes);
    j->y = bench_allocate(bytes);
    j->dy = bench_allocate(bytes);
    j->dx = bench_allocate(bytes);
    job_fill(j);
    run_forward(j);
    if (rows == 1) {
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
    free(j);
}

void run_forward(void *job) {
    struct job *j = job;
    must(j->wide ? smx_softmax_f64(j->rows, j->n, j->x, j->n, j->y, j->n, &j->opt)
                 : smx_softmax_f32(j->rows, j->n, j->x, j->n, j->y, j->n, &j->opt));
}

void run_backward(void *job) {
    struct job *j = job;
    must(j->wide ? smx_softmax_backward_f64(j->rows, j->n, j->y, j->n, j->dy, j->n, j->dx, j->n, &j->opt)
                 : smx_softmax_backward_f32(j->rows, j->n, j->y, j->n, j->dy, j->n, j->dx, j->n, &j->opt));
}

void run_part_max(void *job) {
    struct job *j = job;
    must(j->wide ? smx_softmax_part_max_f64(j->n, j->x, &j->stats_f64)
                 : smx_softmax_part_max_f32(j->n, j->x, &j->stats_f32));
}

/* Timed after part_max, which sets the sum to 0, and before part_finish, which refuses such a sum. */
void run_part_sum(void *job) {
    struct job *j = job;
    must(j->wide ? smx_softmax_part_sum_f64(j->n, j->x, j->n, &j->stats_f64, &j->opt)
                 : smx_softmax_part_sum_f32(j->n, j->x, j->n, &j->stats_f32, &j->opt));
}

void run_part_finish(void *job) {
    struct job *j = job;
    must(j->wide ? smx_softmax_part_finish_f64(j->n, j->x, &j->stats_f64, j->y, &j->opt)
                 : smx_softmax_part_finish_f32(j->n, j->x, &j->stats_f32, j->y, &j->opt));
}

void run_backward_part_max(void *job) {
    struct job *j = job;
    must(j->wide ? smx_softmax_backward_part_max_f64(j->n, j->y, j->dy, &j->backward_stats)
                 : smx_softmax_backward_part_max_f32(j->n, j->y, j->dy, &j->backward_stats));
}

void run_backward_part_sum(void *job) {
    struct job *j = job;
    must(j->wide ? smx_softmax_backward_part_sum_f64(j->n, j->y, j->dy, j->n, &j->backward_stats)
                 : smx_softmax_backward_part_sum_f32(j->n, j->y, j->dy, j->n, &j->backward_stats));
}

void run_backward_part_finish(void *job) {
    struct job *j = job;
    must(j->wide ? smx_softmax_backward_part_finish_f64(j->n, j->y, j->dy, &j->backward_stats, j->dx)
                 : smx_softmax_backward_part_finish_f32(j->n, j->y, j->dy, &j->backward_stats, j->dx));
}

void run_jacobian(void *job) {
    struct job *j = job;
    size_t count = j->rows * j->n * j->n;
    if (j->jac == NULL) {
        j->jac = bench_allocate(count * (j->wide ? sizeof(double) : sizeof(float)));
    }
    must(j->wide ? smx_softmax_jacobian_f64(j->rows, j->n, j->y, j->n, j->jac, j->n, j->n * j->n, &j->opt)
                 : smx_softmax_jacobian_f32(j->rows, j->n, j->y, j->n, j->jac, j->n, j->n * j->n, &j->opt));
}
