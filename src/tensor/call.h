/* A call on tensors, once its arguments are checked: rows, and for each argument where a row of it lies. */
#ifndef SMX_TENSOR_CALL_H
#define SMX_TENSOR_CALL_H

#include "../rows/rows.h"
#include "../threads/parallel.h"
#include "view.h"

/* Dimensions of a call: those of its rows come first, and at the end are those within a row. */
enum { DIMENSIONS_MAX = NDIM_MAX + 1 };

struct operand {
    bool given;
    bool output;
    bool repeats;   /* the row function can be told to use one row of it for all its rows */
    bool scattered; /* the entries of a row are not at equal distances */
    enum form form;
    enum dtype dtype, work; /* as the tensor has it, and as the row function takes it */
    unsigned char *data;
    ptrdiff_t row[DIMENSIONS_MAX]; /* strides in bytes along the call's dimensions; 0: the same for all */
    size_t extent[2];              /* of a row */
    ptrdiff_t stride[2];           /* its strides in bytes; of a scattered one, along its last dimension */
};

/* The options' tensors come first. `query` has no data: its offset is the query that a row is. */
enum {
    OPERAND_SCALE,
    OPERAND_ADD,
    OPERAND_KEEP,
    OPERAND_LENGTHS,
    OPERAND_ALIBI,
    OPERAND_SINK,
    OPERAND_QUERY,
    OPERANDS_OF_OPTIONS
};
enum { TENSORS_MAX = 15, OPERANDS_MAX = OPERANDS_OF_OPTIONS + TENSORS_MAX };

/* An argument as the engine over rows takes it. */
struct block {
    void *data;
    size_t ld;     /* between rows of a vector, or of a matrix */
    size_t matrix; /* between matrices */
    bool single;   /* one row for all */
};

/* Where the rows' queries stand, and what they see, as smx_options has it; zero bytes: rows are no queries. */
struct positions {
    smx_causal causal;
    size_t queries;
    int use_window;
    int64_t window_left, window_right;
};

struct call {
    const struct operation *operation;
    const struct operation *columns; /* the same for rows that lie side by side; or null */
    enum dtype real;                 /* the type of the arithmetic: f32 or f64 */
    const struct cross_entropy *ce;  /* null: it is none */
    smx_exact_sum *sum;              /* of an operation with a total over all rows: where it goes; or null */
    size_t n;
    int ndim;                 /* of the rows: the tensor's dimensions without the axes */
    int first_within, within; /* the dimensions within a row: where they begin, how many there are */
    size_t shape[DIMENSIONS_MAX];
    bool keepdims; /* the tensors that have the shape of the rows have one dimension more for each axis */
    int operands;  /* so many of them may be given */
    struct operand operand[OPERANDS_MAX];
    smx_options row_options; /* policies, threads and softcap */
    struct options_read options;
    struct positions positions;
    _Alignas(8) unsigned char scale_value[8];        /* what the operand's data points to if a number is given */
    _Alignas(8) unsigned char total[TENSORS_MAX][8]; /* what has no rows, in the type that kernels take */
};

size_t smx_call_rows(const struct call *call);

#endif
