/* Every function of rows that takes options, with its arguments in one form: each test of what all of them promise is
 * written once. */
#ifndef SMX_TESTS_FAMILY_H
#define SMX_TESTS_FAMILY_H

#include "block.h"
#include "cross_entropy.h"
#include "rng.h"

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

typedef enum element_type { REAL_OF_T, INT32, INT64, UINT8, UINT64 } element_type;

typedef struct argument {
    const char *name;
    form form;
    content content;
    element_type type;
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
    MASKS_ALL = MASK_ADD | MASK_KEEP | MASK_LENGTHS | MASK_CAUSAL,
    OPTIONS_ALL = MASKS_ALL | SCALE_ONE | SCALE_ROWS
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

typedef struct function {
    const char *name;
    int run; /* a number of family_runs.h */
    argument arguments[ARGUMENTS_MAX];
    int takes, needs; /* of the options */
    cross_entropy_settings ce;
} function;

extern const function functions[];
extern const size_t functions_count;

/* The test fails if there is none. */
const function *function_named(const char *name);

/* A call with memory of its own. */
typedef struct call {
    const function *f;
    const dtype *t;
    size_t rows, n;
    block b[ARGUMENTS_MAX];
} call;

/* Strides are up to `spread` elements larger than n, first rows up to `spread` elements off; r may be null if it is 0.
 * */
call call_new(const function *f, const dtype *t, size_t rows, size_t n, size_t spread, rng *r);
void call_free(call *c);

/* Inputs of one of many kinds. */
enum { CALL_KINDS = 20 };
void call_fill(call *c, size_t kind, rng *r);

smx_status call_run(const call *c, const smx_options *opt);

/* Makes all outputs gaps, runs, and fails if the call is refused or writes outside. */
void call_must_run(call *c, const smx_options *opt);

/* The bits of row `to_k` of the inputs of `to` become those of row `from_k` of `from`, with entry i from perm[i] (null:
 * from i). What all rows share is copied too. */
void call_copy_row(call *to, size_t to_k, const call *from, size_t from_k, const size_t *perm);

/* Fails unless the outputs that belong to a row have the bits of those of the other. */
void call_expect_row(const call *expected, size_t expected_k, const call *got, size_t got_k, const size_t *perm);

/* Fails unless one output, those that all rows share, or all outputs have the same bits. */
void call_expect_argument(const call *expected, const call *got, size_t which);
void call_expect_shared(const call *expected, const call *got);
void call_expect_same(const call *expected, const call *got);

int argument_is_output(const argument *a);
int argument_is_input(const argument *a);

/* What the header calls its stride. */
const char *argument_stride(const argument *a);

/* How many rows of its block belong to a row of the call; 0: it is shared. */
size_t argument_rows(const argument *a, size_t n);

#endif
