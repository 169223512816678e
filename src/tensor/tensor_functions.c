/* The public functions over tensors, but for cross-entropy. The contracts stand in smx/tensor.h. */
#include "../base/arithmetic.h"

#include "../base/float_env.h"
#include "../base/kulisch.h"
#include "../base/refused.h"
#include "../rows/losses.h"
#include "run_call.h"
#include "stage.h"

static smx_status apply(enum operation_number number, const DLTensor *const *tensors, int axis,
                        const smx_tensor_options *opt) {
    const struct tensor_request request = {&smx_operations[number], NULL, tensors, axis, opt};
    return smx_call_apply(&request);
}

/* With a way down the columns. */
static smx_status apply_columns(enum operation_number number, enum operation_number columns,
                                const DLTensor *const *tensors, int axis, const smx_tensor_options *opt) {
    const struct tensor_request request = {&smx_operations[number], &smx_operations[columns], tensors, axis, opt};
    return smx_call_apply(&request);
}

smx_status smx_softmax(const DLTensor *x, int axis, DLTensor *y, const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {x, y};
    return apply_columns(OPERATION_SOFTMAX, OPERATION_SOFTMAX_COLUMNS, tensors, axis, opt);
}

smx_status smx_log_softmax(const DLTensor *x, int axis, DLTensor *y, const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {x, y};
    return apply_columns(OPERATION_LOG_SOFTMAX, OPERATION_LOG_SOFTMAX_COLUMNS, tensors, axis, opt);
}

smx_status smx_softmax_backward(const DLTensor *y, int axis, const DLTensor *dy, DLTensor *dx,
                                const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {y, dy, dx};
    return apply(OPERATION_SOFTMAX_BACKWARD, tensors, axis, opt);
}

smx_status smx_softmax_jacobian(const DLTensor *y, int axis, DLTensor *jac, const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {y, jac};
    return apply(OPERATION_SOFTMAX_JACOBIAN, tensors, axis, opt);
}

smx_status smx_argmax(const DLTensor *x, int axis, DLTensor *argmax, const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {x, argmax};
    return apply(OPERATION_ARGMAX, tensors, axis, opt);
}

smx_status smx_log_softmax_backward(const DLTensor *y, int axis, const DLTensor *dy, DLTensor *dx,
                                    const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {y, dy, dx};
    return apply(OPERATION_LOG_SOFTMAX_BACKWARD, tensors, axis, opt);
}

smx_status smx_logsumexp(const DLTensor *x, int axis, DLTensor *lse, const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {x, lse};
    return apply(OPERATION_LOGSUMEXP, tensors, axis, opt);
}

smx_status smx_logsumexp_backward(const DLTensor *x, int axis, const DLTensor *dlse, DLTensor *dx,
                                  const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {x, dlse, dx};
    return apply(OPERATION_LOGSUMEXP_BACKWARD, tensors, axis, opt);
}

smx_status smx_logsumexp_weighted(const DLTensor *x, int axis, const DLTensor *b, DLTensor *lse, DLTensor *sign,
                                  const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {x, b, lse, sign};
    return apply(OPERATION_LOGSUMEXP_WEIGHTED, tensors, axis, opt);
}

smx_status smx_softmax_jvp(const DLTensor *y, int axis, const DLTensor *v, DLTensor *jv,
                           const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {y, v, jv};
    return apply(OPERATION_SOFTMAX_JVP, tensors, axis, opt);
}

smx_status smx_log_softmax_jvp(const DLTensor *y, int axis, const DLTensor *v, DLTensor *jv,
                               const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {y, v, jv};
    return apply(OPERATION_LOG_SOFTMAX_JVP, tensors, axis, opt);
}

/* Of one vector each: y and the options repeat along the dimension that v has more. */
smx_status smx_softmax_jacobian_product(const DLTensor *y, int axis, const DLTensor *v, DLTensor *out,
                                        const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {y, v, out};
    return apply(OPERATION_SOFTMAX_JACOBIAN_PRODUCT, tensors, axis, opt);
}

smx_status smx_softmax_double_backward(const DLTensor *y, int axis, const DLTensor *dy, const DLTensor *ddx,
                                       DLTensor *gy, DLTensor *gdy, const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {y, dy, ddx, gy, gdy};
    return apply(OPERATION_SOFTMAX_DOUBLE_BACKWARD, tensors, axis, opt);
}

smx_status smx_cross_entropy_hessian_product(const DLTensor *x, int axis, const DLTensor *v, DLTensor *hv,
                                             const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {x, v, hv};
    return apply(OPERATION_CROSS_ENTROPY_HESSIAN_PRODUCT, tensors, axis, opt);
}

smx_status smx_cross_entropy_hessian(const DLTensor *x, int axis, DLTensor *hess, const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {x, hess};
    return apply(OPERATION_CROSS_ENTROPY_HESSIAN, tensors, axis, opt);
}

smx_status smx_softcap_backward(const DLTensor *x, int axis, const DLTensor *dz, DLTensor *dx,
                                const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {x, dz, dx};
    return apply(OPERATION_SOFTCAP_BACKWARD, tensors, axis, opt);
}

smx_status smx_sink_gradient(const DLTensor *x, int axis, const DLTensor *y, const DLTensor *dy, DLTensor *dsink,
                             const smx_tensor_options *opt) {
    const DLTensor *const tensors[] = {x, y, dy, dsink};
    return apply(OPERATION_SINK_GRADIENT, tensors, axis, opt);
}

/* ---- The gradient of a scale ---- */

/* Never written: an operand's data is not const, as it may be an output's. */
static float one_f32 = 1;
static double one_f64 = 1;

/* A scale for each row, whatever the options have: the gradient is then one for each. */
static void scale_each_row(struct call *c) {
    struct operand *scale = &c->operand[OPERAND_SCALE];
    if (!scale->given) {
        scale->given = true;
        scale->dtype = c->real;
        scale->data = c->real == DTYPE_F64 ? (unsigned char *)&one_f64 : (unsigned char *)&one_f32;
    }
    scale->repeats = false;
}

static bool one_scale(const struct call *c) {
    for (int d = 0; d < c->ndim; d++) {
        if (c->operand[OPERAND_SCALE].row[d] != 0) {
            return false;
        }
    }
    return true;
}

static smx_status gradient_of_one_scale(struct call *c) {
    enum { DSCALE = 2 };
    smx_exact_sum sum = {{0}, 0, 0, 0};
    c->sum = &sum;
    smx_status status = smx_call_run(c);
    if (status == SMX_OK) {
        float_env caller = float_env_enter();
        smx_store_sum(c->real, c->total[DSCALE], &sum);
        smx_unstage_totals(c);
        float_env_leave(caller);
    }
    return status;
}

smx_status smx_scale_gradient(const DLTensor *x, int axis, const DLTensor *dx, DLTensor *dscale,
                              const smx_tensor_options *opt) {
    bool total = dscale != NULL && dscale->ndim == 0;
    const DLTensor *const tensors[] = {x, dx, dscale};
    const enum operation_number number = total ? OPERATION_SCALE_GRADIENT : OPERATION_SCALE_GRADIENT_ROWS;
    const struct tensor_request request = {&smx_operations[number], NULL, tensors, axis, opt};
    struct call call;
    smx_status status = smx_call_prepare(&request, &call);
    if (status != SMX_OK) {
        return status;
    }
    if (!total) {
        scale_each_row(&call);
        return smx_call_run(&call);
    }
    return one_scale(&call) ? gradient_of_one_scale(&call) : smx_refuse(SMX_ERROR_SHAPE, "dscale");
}
