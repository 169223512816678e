/* The table of the library's functions on rows, with their arguments in one form: each test of what all of them promise
 * is written once. A row says what each argument is, what it may hold, what may be in place, and which options are
 * taken. */
#ifndef SMX_TESTS_FUNCTIONS_H
#define SMX_TESTS_FUNCTIONS_H

#include "block.h"
#include "cross_entropy.h"

enum { ARGUMENTS_MAX = 16, VECTORS = 3 }; /* VECTORS: how many a row has where a function takes several */

typedef enum form {
    FORM_NONE,    /* not given */
    FORM_ROWS,    /* rows x n with a stride */
    FORM_SHARED,  /* n elements for all rows */
    FORM_VALUES,  /* one for each row */
    FORM_VALUE,   /* one in all */
    FORM_VECTORS, /* rows * VECTORS vectors of n with a stride */
    FORM_MATRICES /* rows matrices of n x n with a stride */
} form;

typedef enum content {
    OUTPUT,
    LOGITS,
    PROBABILITIES,
    LOG_PROBABILITIES,
    GRADIENTS,
    FACTORS, /* finite, of either sign, some of them 0 */
    WEIGHTS, /* the same, not negative */
    TARGETS, /* sum to 1 */
    LABELS
} content;

typedef enum argument_type { REAL_OF_T, INT32, INT64, UINT8, UINT64 } argument_type;

typedef struct argument {
    const char *name;
    form form;
    content content;
    argument_type type;
    int in_place; /* the output that may take this input's place; 0: none */
} argument;

/* What a call's options may hold; see masks.h. */
enum {
    MASK_ADD = 1,
    MASK_KEEP = 2,
    MASK_LENGTHS = 4,
    MASK_CAUSAL = 8,
    SCALE_ONE = 16,
    SCALE_ROWS = 32,
    MASK_WINDOW = 64,
    ALIBI = 128,
    SOFTCAP = 256,
    SINK = 512,
    MASKS_ALL = MASK_ADD | MASK_KEEP | MASK_LENGTHS | MASK_CAUSAL | MASK_WINDOW,
    OPTIONS_LINEAR = MASKS_ALL | SCALE_ONE | SCALE_ROWS | ALIBI,
    OPTIONS_LOGITS = OPTIONS_LINEAR | SOFTCAP,
    OPTIONS_ALL = OPTIONS_LOGITS | SINK
};

/* Where cross-entropy's arguments stand. */
enum {
    CE_X,
    CE_LABELS_I32,
    CE_LABELS_I64,
    CE_TARGETS,
    CE_WEIGHTS,
    CE_DLOSS,
    CE_LOSS,
    CE_REDUCED,
    CE_LSE,
    CE_LOG_PROB,
    CE_ARGMAX,
    CE_CORRECT,
    CE_COUNT,
    CE_WEIGHT,
    CE_DX,
    CE_DTARGETS
};

/* The library's functions, once for each type in functions_f32 and functions_f64. */
enum {
    RUN_SOFTMAX,
    RUN_SOFTMAX_BACKWARD,
    RUN_SOFTMAX_JACOBIAN,
    RUN_LOG_SOFTMAX,
    RUN_LOG_SOFTMAX_BACKWARD,
    RUN_LOGSUMEXP,
    RUN_LOGSUMEXP_BACKWARD,
    RUN_LOGSUMEXP_WEIGHTED,
    RUN_SCALE_GRADIENT,
    RUN_SOFTCAP_BACKWARD,
    RUN_SINK_GRADIENT,
    RUN_SOFTMAX_JVP,
    RUN_LOG_SOFTMAX_JVP,
    RUN_SOFTMAX_JACOBIAN_PRODUCT,
    RUN_SOFTMAX_DOUBLE_BACKWARD,
    RUN_CROSS_ENTROPY_HESSIAN_PRODUCT,
    RUN_CROSS_ENTROPY_HESSIAN,
    RUN_ARGMAX,
    RUN_CROSS_ENTROPY_EVAL,
    RUNS
};

typedef struct function {
    const char *name;
    int run; /* RUN_SOFTMAX and so on */
    argument arguments[ARGUMENTS_MAX];
    int takes, needs; /* of the options */
    cross_entropy_settings ce;
} function;

extern const function functions[];
extern const size_t functions_count;

/* The test fails if there is none. */
const function *function_named(const char *name);

int has_matrices(const function *f);

/* Cross-entropy and negative log-likelihood, whose arguments stand where CE_X and the like say. */
int is_loss(const function *f);

/* Softmax, its backward pass and its Jacobian, of whose steps the other functions are made. */
int is_basic(const function *f);

int argument_is_output(const argument *a);
int argument_is_input(const argument *a);

/* What the header calls its stride. */
const char *argument_stride(const argument *a);

/* How many rows of its block belong to a row of the call; 0: it is shared. */
size_t argument_rows(const argument *a, size_t n);

/* A function on its arguments, each in a block. */
typedef smx_status (*function_run)(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt);
extern const function_run functions_f32[RUNS];
extern const function_run functions_f64[RUNS];

#endif
