/* The options that callgrind.c counts, each by itself, on a job of f32. */
#ifndef SMX_BENCH_JOB_OPTIONS_H
#define SMX_BENCH_JOB_OPTIONS_H

#include "jobs.h"

/* The functions that an option is counted with. */
enum job_functions {
    OF_SOFTMAX = 1,
    OF_BACKWARD = 2,
    OF_LOG_SOFTMAX = 4,
    OF_LOGSUMEXP = 8,
    OF_CROSS_ENTROPY = 16,
    OF_LOGITS = OF_SOFTMAX | OF_LOG_SOFTMAX | OF_LOGSUMEXP | OF_CROSS_ENTROPY
};

struct job_option {
    const char *name;
    int functions; /* of enum job_functions */
    void (*set)(struct job *j);
};

/* Ends with a null name. */
extern const struct job_option job_options[];

#endif
