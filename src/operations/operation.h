/* What an operation of the library is, as data: its arguments, what may be in place, the options that it takes, its
 * kernel. The table, operations.c, has one row for each; the engine over rows (src/rows), the functions over tensors
 * (src/tensor), the tests, fuzzers and benchmarks read what they need from it. */
#ifndef SMX_OPERATION_H
#define SMX_OPERATION_H

#include "../base/dtype.h"
#include "../kernels/cross_entropy_problem.h"
#include "../options/options.h"

/* How many elements of an argument belong to a row of n entries. */
enum form {
    FORM_NONE,    /* no such argument */
    FORM_ROW,     /* n, with a stride between rows */
    FORM_COLUMN,  /* n, one under the other: rows are the columns of a matrix */
    FORM_VECTORS, /* some rows of n, as many for each row */
    FORM_MATRIX,  /* n x n */
    FORM_VALUE,   /* one */
    FORM_CLASSES, /* n, the same for all rows */
    FORM_TOTAL    /* one for all rows */
};

/* What an argument holds: for whoever makes some. */
enum content {
    CONTENT_OUTPUT,
    CONTENT_LOGITS,
    CONTENT_PROBABILITIES,
    CONTENT_LOG_PROBABILITIES,
    CONTENT_GRADIENTS,
    CONTENT_FACTORS, /* finite, of either sign, some of them 0 */
    CONTENT_WEIGHTS, /* the same, not negative */
    CONTENT_TARGETS, /* sum to 1 */
    CONTENT_LABELS
};

enum { ARGUMENTS_MAX = 20 };

struct argument {
    const char *name, *stride; /* as the caller knows them: what a refusal names */
    enum form form;
    enum content content;
    int dtypes;        /* 0: that of the arithmetic, and over tensors any float; else a set of types, of which */
    enum dtype work;   /* is the one that kernels take */
    bool sum;          /* an smx_exact_sum */
    bool optional;     /* may be null: not given, or not wanted */
    bool repeats;      /* a stride of 0 makes one row of it serve all; over tensors it broadcasts */
    unsigned in_place; /* of an output: the set of arguments, bit i for number i, that it may be itself */
};

struct operation {
    const char *name; /* without "smx_" and the type */
    enum kernel kernel;
    unsigned options;                        /* the set that it takes */
    struct argument argument[ARGUMENTS_MAX]; /* in the order of the public function's; the first one has the shape */
};

/* In the order of the table. */
enum operation_number {
    OPERATION_SOFTMAX,
    OPERATION_SOFTMAX_COLUMNS,
    OPERATION_SOFTMAX_BACKWARD,
    OPERATION_SOFTMAX_JVP,
    OPERATION_SOFTMAX_JACOBIAN,
    OPERATION_SOFTMAX_JACOBIAN_PRODUCT,
    OPERATION_SOFTMAX_DOUBLE_BACKWARD,
    OPERATION_ARGMAX,
    OPERATION_LOG_SOFTMAX,
    OPERATION_LOG_SOFTMAX_COLUMNS,
    OPERATION_LOG_SOFTMAX_BACKWARD,
    OPERATION_LOG_SOFTMAX_JVP,
    OPERATION_LOGSUMEXP,
    OPERATION_LOGSUMEXP_BACKWARD,
    OPERATION_LOGSUMEXP_WEIGHTED,
    OPERATION_SCALE_GRADIENT,
    OPERATION_SCALE_GRADIENT_ROWS, /* one for each row */
    OPERATION_SOFTCAP_BACKWARD,
    OPERATION_SINK_GRADIENT,
    OPERATION_CROSS_ENTROPY,
    OPERATION_CROSS_ENTROPY_REDUCED, /* to a sum or a mean, so that dloss is one number */
    OPERATION_NLL,
    OPERATION_NLL_REDUCED,
    OPERATION_CROSS_ENTROPY_HESSIAN,
    OPERATION_CROSS_ENTROPY_HESSIAN_PRODUCT,
    OPERATIONS
};

extern const struct operation smx_operations[OPERATIONS];

static inline bool argument_is_output(const struct argument *a) {
    return a->form != FORM_NONE && a->content == CONTENT_OUTPUT;
}

#endif
