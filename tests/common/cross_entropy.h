/* Cross-entropy of either type. */
#ifndef SMX_TESTS_CROSS_ENTROPY_H
#define SMX_TESTS_CROSS_ENTROPY_H

#include "dtype.h"

/* Beside arrays; numbers that f32 has, so that no test rounds them under a strange floating-point state. */
typedef struct cross_entropy_settings {
    double smoothing, z_loss, softcap;
    smx_reduction reduction;
    smx_empty_mean empty_mean;
    int use_ignore_index;
    int64_t ignore_index;
    int log_probs; /* negative log-likelihood: x has log-probabilities */
} cross_entropy_settings;

/* A step of rows in parts: the rounds of maxima, the sums, and the results. */
enum { STEP_SUMS = SMX_PART_ROUNDS + 1, STEP_FINISH };
typedef struct part_call {
    int step;
    smx_part part;
} part_call;

/* The fields of smx_cross_entropy_args_f32, for both types. */
typedef struct {
    const int32_t *labels_i32;
    const int64_t *labels_i64;
    const void *targets;
    size_t ldt;
    cross_entropy_settings settings;
    const void *class_weights, *dloss;
    void *loss, *reduced, *lse, *target_log_prob;
    int64_t *argmax;
    uint8_t *correct;
    int64_t *count;
    void *weight, *dx;
    size_t lddx;
    void *dtargets;
    size_t lddt;
    size_t *bad_row;
    const part_call *part; /* null: whole rows */
} cross_entropy;

smx_status cross_entropy_eval(const dtype *t, size_t rows, size_t n, const void *x, size_t ldx, const cross_entropy *c,
                              const smx_options *opt);

/* Behind it. */
smx_status cross_entropy_eval_f32(size_t rows, size_t n, const void *x, size_t ldx, const cross_entropy *c,
                                  const smx_options *opt);
smx_status cross_entropy_eval_f64(size_t rows, size_t n, const void *x, size_t ldx, const cross_entropy *c,
                                  const smx_options *opt);

#endif
