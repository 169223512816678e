/* A call of any function of the table, with memory of its own: how to make one, give it inputs, run it and compare it
 * with another. */
#ifndef SMX_TESTS_CALL_H
#define SMX_TESTS_CALL_H

#include "functions.h"
#include "rng.h"

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

/* In a block of labels. */
void call_set_label(block *b, size_t k, int64_t label);

/* Rows of a call in the same memory, as a call. What all rows share stays whole. */
call call_rows(const call *c, size_t first, size_t count);

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

#endif
