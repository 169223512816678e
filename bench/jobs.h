/* What harness.c times and callgrind.c counts: calls of the library, each on arrays made for it. */
#ifndef SMX_BENCH_JOBS_H
#define SMX_BENCH_JOBS_H

#include <smx/tensor.h>
#include <stdbool.h>

enum type { F32, F64, BF16, F16 };

/* Arrays of rows x n of the type; y = softmax(x). The statistics are of a single row. */
struct job {
    enum type type;
    const char *isa;
    size_t rows;
    size_t n;
    void *x;
    void *y;
    void *dy;
    void *dx;
    void *jac;         /* made by the first run_jacobian */
    void *row_results; /* a number for each row */
    int64_t *labels;
    int64_t shape[2];
    smx_options opt;
    smx_tensor_options tensor_opt;
    smx_cross_entropy_args_f32 ce; /* labels and outputs come with each call */
    void *option_array;            /* what a field of opt or ce points to, or x with an inner stride */
    int64_t inner_stride;          /* 0: 1 */
    smx_softmax_stats_f32 stats_f32;
    smx_softmax_stats_f64 stats_f64;
    smx_softmax_backward_stats backward_stats;
};

const char *type_name(enum type type);

/* Ends the program with the status's text unless it is SMX_OK. */
void must(smx_status status);

/* On a cache line's boundary, and on that of a huge page if it is as large; ends the program if there is no memory. */
void *bench_allocate(size_t bytes);

/* What the kernel is told of large allocations that follow: huge pages, or none. Before the first call it decides. */
void bench_advise_huge_pages(bool huge);

/* With the same values on every machine, and the statistics that the parts need if there is one row of f32 or f64. */
struct job *job_new(enum type type, const char *isa, size_t rows, size_t n);
void job_free(struct job *job);

/* Each takes a struct job. These three take every type; half types, and forward with an inner stride, go through the
 * functions on tensors. */
void run_forward(void *job);
void run_backward(void *job);
void run_log_softmax(void *job);

/* These take f32 and f64. Columns: as many as the job has rows, of n entries. */
void run_columns(void *job);
void run_logsumexp(void *job);
void run_cross_entropy(void *job);          /* the loss of each row */
void run_cross_entropy_gradient(void *job); /* and the gradient in dx */
void run_jacobian(void *job);

/* These take f32 and f64, and a whole row as one part. */
void run_part_max(void *job);
void run_part_sum(void *job);
void run_part_finish(void *job);
void run_backward_part_max(void *job);
void run_backward_part_sum(void *job);
void run_backward_part_finish(void *job);

#endif
