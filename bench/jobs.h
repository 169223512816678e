/* What harness.c times and callgrind.c counts: calls of the library, each on arrays made for it. */
#ifndef SMX_BENCH_JOBS_H
#define SMX_BENCH_JOBS_H

#include <smx/smx.h>
#include <stdbool.h>

/* Arrays of rows x n, of double if wide, else of float; y = softmax(x). The statistics are of a single row. */
struct job {
    bool wide;
    const char *isa;
    size_t rows;
    size_t n;
    void *x;
    void *y;
    void *dy;
    void *dx;
    void *jac; /* made by the first run_jacobian */
    smx_options opt;
    smx_softmax_stats_f32 stats_f32;
    smx_softmax_stats_f64 stats_f64;
    smx_softmax_backward_stats backward_stats;
};

/* Ends the program with the status's text unless it is SMX_OK. */
void must(smx_status status);

/* On a cache line's boundary; ends the program if there is no memory. */
void *bench_allocate(size_t bytes);

/* With the same values on every machine, and the statistics that the parts need if there is one row. */
struct job *job_new(bool wide, const char *isa, size_t rows, size_t n);
void job_free(struct job *job);

/* Each takes a struct job. The parts take a whole row as one part. */
void run_forward(void *job);
void run_backward(void *job);
void run_jacobian(void *job);
void run_part_max(void *job);
void run_part_sum(void *job);
void run_part_finish(void *job);
void run_backward_part_max(void *job);
void run_backward_part_sum(void *job);
void run_backward_part_finish(void *job);

#endif
