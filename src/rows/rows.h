/* The engine over rows: checks a call of any operation against the table, cuts its rows over threads, and hands them to
 * the operation's kernel. The functions over pointers (src/api) and over tensors (src/tensor) both end here. */
#ifndef SMX_ROWS_H
#define SMX_ROWS_H

#include "../isa/dispatch.h"
#include "../kernels/part_words.h"
#include "../operations/operation.h"

/* What a caller asks for: `array` has an element for each of the operation's arguments. */
struct rows_request {
    const struct operation *operation;
    enum dtype real; /* the type of the arithmetic: DTYPE_F32 or DTYPE_F64 */
    size_t rows, n;
    size_t vectors; /* in FORM_VECTORS: how many a row has */
    const struct array *array;
    const smx_options *opt;       /* null: the defaults */
    enum dtype labels;            /* their type, if there are any */
    const int64_t *query;         /* for the causal rule: the query that each row is; null: k % queries of row k */
    const struct rows_part *part; /* which part these are of rows; null: whole rows */
};

/* How many entries whole rows have. */
static inline size_t smx_row_length(const struct rows_request *r) { return r->part == NULL ? r->n : r->part->row_n; }

/* A call that has been checked. */
struct rows_run {
    const struct rows_request *request;
    const struct kernels *kernels;
    struct options_read options;
    struct rows_call call;
    bool idle; /* no output has an element */
};

/* Checks everything that the table says: options, arrays by themselves, values of the options, overlaps. */
smx_status smx_rows_check(const struct rows_request *request, struct rows_run *run);

/* Computes all rows, over threads. For an operation with a total, call.sum is where it goes. */
void smx_rows_run(struct rows_run *run);

/* Both. */
smx_status smx_rows(const struct rows_request *request);

#endif
