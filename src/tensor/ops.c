/* The public functions over tensors: what each one's arguments must be. The contracts stand in tensor.h. */
#include "../arithmetic.h"

#include "../refused.h"
#include "arguments.h"
#include "call_options.h"
#include "rows_table.h"

#define BOTH(function) ((struct row_functions){smx_rows_f32.function, smx_rows_f64.function, NULL, NULL})
#define AND_COLUMNS(function)                                                                              \
    ((struct row_functions){smx_rows_f32.function, smx_rows_f64.function, smx_rows_f32.function##_columns, \
                            smx_rows_f64.function##_columns})

static struct argument input(const char *name, const DLTensor *tensor, enum form form) {
    struct argument a = {.name = name, .tensor = tensor, .form = form};
    return a;
}

/* `in_place`: the set of inputs that it may be, as numbers of bits. */
static struct argument output(const char *name, DLTensor *tensor, enum form form, int in_place) {
    struct argument a = {.name = name, .tensor = tensor, .form = form, .output = true, .in_place = in_place};
    return a;
}

/* One input and one output of its shape, which may be the input. */
static smx_status forward(const DLTensor *x, int axis, DLTensor *y, const smx_tensor_options *opt,
                          struct row_functions run) {
    struct argument arguments[] = {input("x", x, FORM_VECTOR), output("y", y, FORM_VECTOR, 1)};
    return smx_call_apply(arguments, 2, axis, opt, run);
}

/* Two inputs and an output of one shape, which may be either input. */
static smx_status product(const DLTensor *y, int axis, struct argument v, struct argument out,
                          const smx_tensor_options *opt, struct row_functions run) {
    struct argument arguments[] = {input("y", y, FORM_VECTOR), v, out};
    return smx_call_apply(arguments, 3, axis, opt, run);
}

smx_status smx_softmax(const DLTensor *x, int axis, DLTensor *y, const smx_tensor_options *opt) {
    return forward(x, axis, y, opt, AND_COLUMNS(softmax));
}

smx_status smx_softmax_backward(const DLTensor *y, int axis, const DLTensor *dy, DLTensor *dx,
                                const smx_tensor_options *opt) {
    return product(y, axis, input("dy", dy, FORM_VECTOR), output("dx", dx, FORM_VECTOR, 1 | 2), opt,
                   BOTH(softmax_backward));
}

smx_status smx_softmax_jacobian(const DLTensor *y, int axis, DLTensor *jac, const smx_tensor_options *opt) {
    struct argument arguments[] = {input("y", y, FORM_VECTOR), output("jac", jac, FORM_MATRIX, 0)};
    struct call call;
    smx_status status = smx_call_prepare(arguments, 2, axis, opt, BOTH(softmax_jacobian), &call);
    if (status != SMX_OK) {
        return status;
    }
    const char *not_taken = smx_options_first(&call);
    return not_taken == NULL ? smx_call_run(&call) : smx_refuse(SMX_ERROR_OPTION, not_taken);
}

smx_status smx_log_softmax(const DLTensor *x, int axis, DLTensor *y, const smx_tensor_options *opt) {
    return forward(x, axis, y, opt, AND_COLUMNS(log_softmax));
}

smx_status smx_log_softmax_backward(const DLTensor *y, int axis, const DLTensor *dy, DLTensor *dx,
                                    const smx_tensor_options *opt) {
    return product(y, axis, input("dy", dy, FORM_VECTOR), output("dx", dx, FORM_VECTOR, 1 | 2), opt,
                   BOTH(log_softmax_backward));
}

smx_status smx_logsumexp(const DLTensor *x, int axis, DLTensor *lse, const smx_tensor_options *opt) {
    struct argument arguments[] = {input("x", x, FORM_VECTOR), output("lse", lse, FORM_VALUE, 0)};
    return smx_call_apply(arguments, 2, axis, opt, BOTH(logsumexp));
}

smx_status smx_logsumexp_backward(const DLTensor *x, int axis, const DLTensor *dlse, DLTensor *dx,
                                  const smx_tensor_options *opt) {
    struct argument arguments[] = {input("x", x, FORM_VECTOR), input("dlse", dlse, FORM_VALUE),
                                   output("dx", dx, FORM_VECTOR, 1)};
    return smx_call_apply(arguments, 3, axis, opt, BOTH(logsumexp_backward));
}

smx_status smx_logsumexp_weighted(const DLTensor *x, int axis, const DLTensor *b, DLTensor *lse, DLTensor *sign,
                                  const smx_tensor_options *opt) {
    struct argument arguments[] = {input("x", x, FORM_VECTOR), input("b", b, FORM_VECTOR),
                                   output("lse", lse, FORM_VALUE, 0), output("sign", sign, FORM_VALUE, 0)};
    arguments[1].broadcast = true;
    arguments[3].optional = true;
    return smx_call_apply(arguments, 4, axis, opt, BOTH(logsumexp_weighted));
}

smx_status smx_softmax_jvp(const DLTensor *y, int axis, const DLTensor *v, DLTensor *jv,
                           const smx_tensor_options *opt) {
    return product(y, axis, input("v", v, FORM_VECTOR), output("jv", jv, FORM_VECTOR, 1 | 2), opt, BOTH(softmax_jvp));
}

smx_status smx_log_softmax_jvp(const DLTensor *y, int axis, const DLTensor *v, DLTensor *jv,
                               const smx_tensor_options *opt) {
    return product(y, axis, input("v", v, FORM_VECTOR), output("jv", jv, FORM_VECTOR, 1 | 2), opt,
                   BOTH(log_softmax_jvp));
}

/* The row function of one vector each: y and the options repeat along the dimension of the counts. */
smx_status smx_softmax_jacobian_product(const DLTensor *y, int axis, const DLTensor *v, DLTensor *out,
                                        const smx_tensor_options *opt) {
    struct argument arguments[] = {input("y", y, FORM_VECTOR), input("v", v, FORM_VECTOR),
                                   output("out", out, FORM_VECTOR, 2)};
    arguments[1].counted = arguments[2].counted = true;
    return smx_call_apply(arguments, 3, axis, opt, BOTH(softmax_jvp));
}

smx_status smx_softmax_double_backward(const DLTensor *y, int axis, const DLTensor *dy, const DLTensor *ddx,
                                       DLTensor *gy, DLTensor *gdy, const smx_tensor_options *opt) {
    struct argument arguments[] = {input("y", y, FORM_VECTOR), input("dy", dy, FORM_VECTOR),
                                   input("ddx", ddx, FORM_VECTOR), output("gy", gy, FORM_VECTOR, 0),
                                   output("gdy", gdy, FORM_VECTOR, 0)};
    arguments[3].optional = arguments[4].optional = true;
    return smx_call_apply(arguments, 5, axis, opt, BOTH(softmax_double_backward));
}

smx_status smx_cross_entropy_hessian_product(const DLTensor *x, int axis, const DLTensor *v, DLTensor *hv,
                                             const smx_tensor_options *opt) {
    struct argument arguments[] = {input("x", x, FORM_VECTOR), input("v", v, FORM_VECTOR),
                                   output("hv", hv, FORM_VECTOR, 1)};
    return smx_call_apply(arguments, 3, axis, opt, BOTH(cross_entropy_hessian_product));
}

smx_status smx_cross_entropy_hessian(const DLTensor *x, int axis, DLTensor *hess, const smx_tensor_options *opt) {
    struct argument arguments[] = {input("x", x, FORM_VECTOR), output("hess", hess, FORM_MATRIX, 0)};
    return smx_call_apply(arguments, 2, axis, opt, BOTH(cross_entropy_hessian));
}

/* ---- The gradient of a scale ---- */

/* Never written: an operand's data is not const, as it may be an output's. */
static float one_f32 = 1;
static double one_f64 = 1;

/* A scale for each row, whatever the options have: the row function then gives a gradient for each. */
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

smx_status smx_scale_gradient(const DLTensor *x, int axis, const DLTensor *dx, DLTensor *dscale,
                              const smx_tensor_options *opt) {
    bool total = dscale != NULL && dscale->ndim == 0;
    struct argument arguments[] = {input("x", x, FORM_VECTOR), input("dx", dx, FORM_VECTOR),
                                   output("dscale", dscale, total ? FORM_TOTAL : FORM_VALUE, 0)};
    struct call call;
    smx_status status = smx_call_prepare(arguments, 3, axis, opt, BOTH(scale_gradient), &call);
    if (status != SMX_OK) {
        return status;
    }
    if (!total) {
        scale_each_row(&call);
    } else if (one_scale(&call)) {
        call.totals =
            call.real == DTYPE_F64 ? &smx_rows_f64.scale_gradient_totals : &smx_rows_f32.scale_gradient_totals;
    } else {
        return smx_refuse(SMX_ERROR_SHAPE, "dscale");
    }
    return smx_call_run(&call);
}
