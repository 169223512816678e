/* A call on tensors, once its arguments are checked: rows, and for each argument where a row of it lies. */
#ifndef SMX_TENSOR_CALL_H
#define SMX_TENSOR_CALL_H

#include "../rows/rows.h"
#include "../threads/parallel.h"
#include "view.h"

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
enum { TENSORS_MAX = 16, OPERANDS_MAX = OPERANDS_OF_OPTIONS + TENSORS_MAX };

/* An argument as the engine over rows takes it. */
struct block {
    void *data;
    size_t ld;     /* between rows of a vector, or of a matrix */
    size_t matrix; /* between matrices */
    bool single;   /* one row for all */
};

struct call {
    const struct operation *operation;
    const struct operation *columns; /* the same for rows that lie side by side; or null */
    enum dtype real;                 /* the type of the arithmetic: f32 or f64 */
    const struct cross_entropy *ce;  /* null: it is none */
    smx_exact_sum *sum;              /* of an operation with a total over all rows: where it goes; or null */
    size_t n;
    int ndim; /* of the rows: the tensor's dimensions without the axis */
    size_t shape[NDIM_MAX];
    struct operand operand[OPERANDS_MAX];
    smx_options row_options; /* policies and threads */
    struct settings settings;
    smx_causal causal;
    size_t queries;
    _Alignas(8) unsigned char total[TENSORS_MAX][8]; /* what has no rows, in the type that kernels take */
};

size_t smx_call_rows(const struct call *call);

#endif
