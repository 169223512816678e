/* A call on tensors, once its arguments are checked: rows, and for each argument where a row of it lies. */
#ifndef SMX_TENSOR_CALL_H
#define SMX_TENSOR_CALL_H

#include "../parallel.h"
#include "view.h"

#include <stdatomic.h>

/* What a row of an argument is: one element, n elements along the axis, n x n elements; or it has no rows: one element
 * for the whole call. */
enum form { FORM_VALUE, FORM_VECTOR, FORM_MATRIX, FORM_TOTAL };

struct operand {
    bool given;
    bool output;
    bool repeats; /* the row function can be told to use one row of it for all its rows */
    enum form form;
    enum dtype dtype, work; /* as the tensor has it, and as the row function takes it */
    unsigned char *data;
    ptrdiff_t row[NDIM_MAX]; /* strides in bytes along the dimensions of the rows; 0: the same for all */
    size_t extent[2];        /* of a row */
    ptrdiff_t stride[2];     /* its strides in bytes */
};

/* The options' tensors come first. `query` has no data: its offset is the query that a row is. */
enum { OPERAND_SCALE, OPERAND_ADD, OPERAND_KEEP, OPERAND_LENGTHS, OPERAND_QUERY, OPERANDS_OF_OPTIONS };
enum { ARGUMENTS_MAX = 16, OPERANDS_MAX = OPERANDS_OF_OPTIONS + ARGUMENTS_MAX };

/* An argument as a row function takes it. */
struct block {
    void *data;
    size_t ld;     /* between rows of a vector, or of a matrix */
    size_t matrix; /* between matrices */
    bool single;   /* one row for all */
};

struct call;

/* Functions with totals over all rows, FORM_TOTAL, where the rows come in groups. */
struct totals {
    size_t sums_size; /* of exact sums, zero bytes at first; each piece of the work has its own */
    /* Instead of the row function: adds the totals of these rows. */
    smx_status (*rows)(const struct call *call, size_t rows, const struct block *block, const smx_options *opt,
                       void *sums);
    /* Writes the totals, to blocks of one element each, from the sums of all pieces, so many bytes apart. */
    void (*finish)(const struct call *call, const struct block *block, size_t pieces, const unsigned char *sums,
                   size_t apart);
};

/* Calls a row function for `rows` rows; block[i] is argument i, its data null if it is not given. */
typedef smx_status (*row_function)(const struct call *call, size_t rows, const struct block *block,
                                   const smx_options *opt);

struct call {
    row_function run;
    row_function columns;   /* the same for rows that lie side by side, whose blocks' ld is along the axis; or null */
    enum dtype real;        /* the type of the arithmetic: f32 or f64 */
    const void *parameters; /* what it needs to know beside the blocks */
    const struct totals *totals; /* what it has them of, or null */
    size_t n;
    int ndim; /* of the rows: the tensor's dimensions without the axis */
    size_t shape[NDIM_MAX];
    struct operand operand[OPERANDS_MAX];
    smx_options row_options; /* policies and threads */
    struct settings settings;
    smx_causal causal;
    size_t queries;
};

size_t smx_call_rows(const struct call *call);

/* Options for work that is on a thread of its own already. */
static inline void smx_call_on_one_thread(smx_options *opt) {
    opt->threads = 1;
    opt->parallel_for = NULL;
    opt->pool = NULL;
}

/* The options of a row function, from one block for each of the options' tensors. */
smx_options smx_call_options(const struct call *call, const struct block *block);

/* Runs it: straight on the tensors where their layout is that of the row functions, else in groups of rows, of which
 * those arguments go through scratch memory that are not of the right type and layout. */
smx_status smx_call_run(struct call *call);

/* The rest takes calls whose dimensions are coalesced, with the options (layout.h). */
smx_status smx_call_groups(const struct call *call);

/* Down the columns of the tensors as they are, where an inner dimension is contiguous and the function has that; else
 * false. */
bool smx_call_columns(const struct call *call, smx_status *status);

#endif
