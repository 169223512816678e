/* The public functions over tensors: what each one's arguments must be. The contracts stand in tensor.h. */
#include "arguments.h"
#include "rows_table.h"

#define BOTH(function) ((struct row_functions){smx_rows_f32.function, smx_rows_f64.function})

static struct argument input(const DLTensor *tensor, enum form form) {
    struct argument a = {.tensor = tensor, .form = form};
    return a;
}

/* `in_place`: the set of inputs that it may be, as numbers of bits. */
static struct argument output(const DLTensor *tensor, enum form form, int in_place) {
    struct argument a = {.tensor = tensor, .form = form, .output = true, .in_place = in_place};
    return a;
}

/* One input and one output of its shape, which may be the input. */
static smx_status forward(const DLTensor *x, int axis, const DLTensor *y, const smx_tensor_options *opt,
                          struct row_functions run) {
    struct argument arguments[] = {input(x, FORM_VECTOR), output(y, FORM_VECTOR, 1)};
    return smx_call_apply(arguments, 2, axis, opt, run);
}

/* Two inputs and an output of one shape, which may be either input. */
static smx_status product(const DLTensor *y, int axis, const DLTensor *v, const DLTensor *out,
                          const smx_tensor_options *opt, struct row_functions run) {
    struct argument arguments[] = {input(y, FORM_VECTOR), input(v, FORM_VECTOR), output(out, FORM_VECTOR, 1 | 2)};
    return smx_call_apply(arguments, 3, axis, opt, run);
}

/* An input, and a matrix for each of its rows. */
static smx_status matrices(const DLTensor *x, int axis, const DLTensor *matrix, const smx_tensor_options *opt,
                           struct row_functions run) {
    struct argument arguments[] = {input(x, FORM_VECTOR), output(matrix, FORM_MATRIX, 0)};
    return smx_call_apply(arguments, 2, axis, opt, run);
}

smx_status smx_softmax(const DLTensor *x, int axis, const DLTensor *y, const smx_tensor_options *opt) {
    return forward(x, axis, y, opt, BOTH(softmax));
}

smx_status smx_softmax_backward(const DLTensor *y, int axis, const DLTensor *dy, const DLTensor *dx,
                                const smx_tensor_options *opt) {
    return product(y, axis, dy, dx, opt, BOTH(softmax_backward));
}

smx_status smx_softmax_jacobian(const DLTensor *y, int axis, const DLTensor *jac, const smx_tensor_options *opt) {
    return matrices(y, axis, jac, opt, BOTH(softmax_jacobian));
}

smx_status smx_log_softmax(const DLTensor *x, int axis, const DLTensor *y, const smx_tensor_options *opt) {
    return forward(x, axis, y, opt, BOTH(log_softmax));
}

smx_status smx_logsumexp(const DLTensor *x, int axis, const DLTensor *lse, const smx_tensor_options *opt) {
    struct argument arguments[] = {input(x, FORM_VECTOR), output(lse, FORM_VALUE, 0)};
    return smx_call_apply(arguments, 2, axis, opt, BOTH(logsumexp));
}
