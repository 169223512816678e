/* What family.c needs of family_f32.c and family_f64.c: each function of the library behind one signature. */
#ifndef SMX_TESTS_FAMILY_RUNS_H
#define SMX_TESTS_FAMILY_RUNS_H

#include "cross_entropy.h"
#include "family.h"

enum {
    RUN_SOFTMAX,
    RUN_SOFTMAX_BACKWARD,
    RUN_LOG_SOFTMAX,
    RUN_LOG_SOFTMAX_BACKWARD,
    RUN_LOGSUMEXP,
    RUN_LOGSUMEXP_BACKWARD,
    RUN_LOGSUMEXP_WEIGHTED,
    RUN_SCALE_GRADIENT,
    RUN_SOFTMAX_JVP,
    RUN_LOG_SOFTMAX_JVP,
    RUN_SOFTMAX_JACOBIAN_PRODUCT,
    RUN_SOFTMAX_DOUBLE_BACKWARD,
    RUN_CROSS_ENTROPY_HESSIAN_PRODUCT,
    RUN_CROSS_ENTROPY_HESSIAN,
    RUN_CROSS_ENTROPY_EVAL,
    FAMILY_RUNS
};

typedef smx_status (*function_run)(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt);
extern const function_run family_runs_f32[FAMILY_RUNS];
extern const function_run family_runs_f64[FAMILY_RUNS];

#endif
