/* Every function over tensors beside its row function, so that one test compares any of them. */
#ifndef SMX_TESTS_TENSOR_OPS_H
#define SMX_TESTS_TENSOR_OPS_H

#include "tensors.h"

enum { OP_INPUTS_MAX = 3, OP_OUTPUTS_MAX = 2, OP_ARGUMENTS_MAX = OP_INPUTS_MAX + OP_OUTPUTS_MAX };

/* Shapes of arguments: x's, that of the rows, or that of the rows and then n x n. */
typedef enum op_form { OP_VECTOR, OP_VALUE, OP_MATRIX } op_form;

/* What inputs hold, so that results are neither all NaN nor all 0. */
typedef enum op_values { OP_LOGITS, OP_PROBABILITIES, OP_LOG_PROBABILITIES, OP_GRADIENTS } op_values;

typedef struct op_input {
    op_form form;
    op_values values;
    int in_place; /* the first output may be this one */
} op_input;

/* Tensors, or packed arrays of the type of the arithmetic, in the order of the row function. */
typedef struct op {
    const char *name;
    const char *argument[OP_ARGUMENTS_MAX]; /* as the header calls them */
    int inputs, outputs;
    op_input input[OP_INPUTS_MAX];
    op_form output[OP_OUTPUTS_MAX];
    smx_status (*tensors)(DLTensor *const *t, int axis, const smx_tensor_options *opt);
    smx_status (*rows)(element real, size_t rows, size_t n, void *const *a, const smx_options *opt);
} op;

extern const op tensor_ops[];
extern const size_t tensor_ops_count;

/* Where elements stand: `before` x n x `after`, the axis in the middle. */
typedef struct op_shape {
    size_t n, after, rows;
    int ndim, axis; /* axis >= 0 */
    int64_t shape[TENSOR_NDIM_MAX];
} op_shape;

op_shape op_shape_of(int ndim, const int64_t *shape, int axis);

/* The shape of an argument; returns its number of dimensions. */
int op_argument_shape(const op_shape *s, op_form form, int64_t *shape);

/* Elements that a row has of an argument, and where, in C order of the tensor, element i of row k stands. */
size_t op_row_elements(const op_shape *s, op_form form);
size_t op_element(const op_shape *s, op_form form, size_t k, size_t i);

/* Fills an input. */
void op_fill(const op *o, int input, const op_shape *s, tensor *t, rng *r);

/* Element i of an array of the type of the arithmetic, F32 or F64. */
double real_get(element real, const void *a, size_t i);
void real_set(element real, void *a, size_t i, double value);

#endif
