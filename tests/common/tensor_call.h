/* A call of a function over tensors, and what its row function makes of the same data, packed. */
#ifndef SMX_TESTS_TENSOR_CALL_H
#define SMX_TESTS_TENSOR_CALL_H

#include "tensor_ops.h"

/* Inputs first. */
typedef struct tensor_call {
    const op *o;
    op_shape s;
    element real; /* the type of the arithmetic */
    tensor t[OP_ARGUMENTS_MAX];
    void *expected[OP_ARGUMENTS_MAX]; /* the same packed, in that type */
} tensor_call;

/* Types and layouts of all arguments; inputs are filled. */
tensor_call tensor_call_new(const op *o, op_shape s, const element *types, const int *layouts, rng *r);
void tensor_call_free(tensor_call *c);

/* Calls the row function. */
smx_status tensor_call_expect(tensor_call *c, const smx_options *opt);

/* Calls the function over tensors, its first output being input number `output_is` if that is not negative. */
smx_status tensor_call_run(tensor_call *c, int axis, int output_is, const smx_tensor_options *opt);

/* Fails unless inputs are as they were, outputs have the bits of the row function, once rounded, and nothing else was
 * written. */
void tensor_call_check(const tensor_call *c, int output_is);

/* " f32/0 bf16/5": types and layouts, in a static buffer. */
const char *tensor_call_text(const op *o, const element *types, const int *layouts);

/* Matrices of long rows would take most of the time of a test. */
int tensor_call_too_large(const op *o, const op_shape *s);

#endif
