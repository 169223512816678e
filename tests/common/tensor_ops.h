/* Every function over tensors beside its row function, so that one test compares any of them. */
#ifndef SMX_TESTS_TENSOR_OPS_H
#define SMX_TESTS_TENSOR_OPS_H

#include "functions.h"
#include "tensors.h"

enum { OP_INPUTS_MAX = 3, OP_OUTPUTS_MAX = 2, OP_ARGUMENTS_MAX = OP_INPUTS_MAX + OP_OUTPUTS_MAX };

/* A function as tensors have it: one after another, in the order of the row function's arguments. */
typedef struct op {
    const char *name;
    const function *f;
    int inputs, outputs;
    smx_status (*tensors)(DLTensor *const *t, int axis, const smx_tensor_options *opt);
} op;

enum { TENSOR_OPS = 16 };
const op *tensor_op(size_t i);

/* The row function on packed arrays of the type of the arithmetic. */
smx_status op_rows(const op *o, element real, size_t rows, size_t n, void *const *a, const smx_options *opt);

/* Where elements stand: of one axis, `before` x n x `after`, the axis in the middle. */
typedef struct op_shape {
    size_t n, after, rows;
    int ndim, axis; /* axis >= 0 */
    unsigned axes;  /* the set of dimensions that make up a row, bit i for number i */
    int keepdims;
    int64_t shape[TENSOR_NDIM_MAX];
    int list[TENSOR_NDIM_MAX];
} op_shape;

op_shape op_shape_of(int ndim, const int64_t *shape, int axis);
op_shape op_shape_over(int ndim, const int64_t *shape, unsigned axes, int keepdims);

/* The argument `axis` of a call, in one of the ways to say it; some need `s`, to which the options then point. */
int op_axis(op_shape *s, smx_tensor_options *opt, rng *r);

/* The shape of an argument: x's (FORM_ROW), that of the rows (FORM_VALUE), or that and then n x n (FORM_MATRIX).
 * Returns its number of dimensions. */
int op_argument_shape(const op_shape *s, enum form kind, int64_t *shape);

/* Elements that a row has of an argument, and where, in C order of the tensor, element i of row k stands. */
size_t op_row_elements(const op_shape *s, enum form kind);
size_t op_element(const op_shape *s, enum form kind, size_t k, size_t i);

/* Fills an input. */
void op_fill(const op *o, int input, const op_shape *s, tensor *t, rng *r);

/* Element i of an array of the type of the arithmetic, F32 or F64. */
double real_get(element real, const void *a, size_t i);
void real_set(element real, void *a, size_t i, double value);

#endif
