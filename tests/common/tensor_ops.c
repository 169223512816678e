#include "tensor_ops.h"

#include <math.h>
#include <string.h>

#include "check.h"

#define ROWS(real, function, ...) ((real) == F64 ? function##_f64(__VA_ARGS__) : function##_f32(__VA_ARGS__))

#define TENSORS_OF_TWO(name)                                                                        \
    static smx_status name##_tensors(DLTensor *const *t, int axis, const smx_tensor_options *opt) { \
        return smx_##name(t[0], axis, t[1], opt);                                                   \
    }
#define TENSORS_OF_THREE(name)                                                                      \
    static smx_status name##_tensors(DLTensor *const *t, int axis, const smx_tensor_options *opt) { \
        return smx_##name(t[0], axis, t[1], t[2], opt);                                             \
    }

#define ROWS_OF_TWO(name)                                                                                        \
    static smx_status name##_rows(element real, size_t rows, size_t n, void *const *a, const smx_options *opt) { \
        return ROWS(real, smx_##name, rows, n, a[0], n, a[1], n, opt);                                           \
    }
#define ROWS_OF_THREE(name)                                                                                      \
    static smx_status name##_rows(element real, size_t rows, size_t n, void *const *a, const smx_options *opt) { \
        return ROWS(real, smx_##name, rows, n, a[0], n, a[1], n, a[2], n, opt);                                  \
    }
#define ROWS_OF_MATRICES(name)                                                                                   \
    static smx_status name##_rows(element real, size_t rows, size_t n, void *const *a, const smx_options *opt) { \
        return ROWS(real, smx_##name, rows, n, a[0], n, a[1], n, n * n, opt);                                    \
    }

TENSORS_OF_TWO(softmax)
ROWS_OF_TWO(softmax)
TENSORS_OF_THREE(softmax_backward)
ROWS_OF_THREE(softmax_backward)
TENSORS_OF_TWO(softmax_jacobian)
ROWS_OF_MATRICES(softmax_jacobian)
TENSORS_OF_THREE(softmax_jvp)
ROWS_OF_THREE(softmax_jvp)
TENSORS_OF_TWO(log_softmax)
ROWS_OF_TWO(log_softmax)
TENSORS_OF_THREE(log_softmax_backward)
ROWS_OF_THREE(log_softmax_backward)
TENSORS_OF_THREE(log_softmax_jvp)
ROWS_OF_THREE(log_softmax_jvp)
TENSORS_OF_THREE(cross_entropy_hessian_product)
ROWS_OF_THREE(cross_entropy_hessian_product)
TENSORS_OF_TWO(cross_entropy_hessian)
ROWS_OF_MATRICES(cross_entropy_hessian)
TENSORS_OF_TWO(logsumexp)
TENSORS_OF_THREE(logsumexp_backward)
TENSORS_OF_THREE(scale_gradient)

static smx_status logsumexp_rows(element real, size_t rows, size_t n, void *const *a, const smx_options *opt) {
    return ROWS(real, smx_logsumexp, rows, n, a[0], n, a[1], opt);
}

static smx_status logsumexp_backward_rows(element real, size_t rows, size_t n, void *const *a, const smx_options *opt) {
    return ROWS(real, smx_logsumexp_backward, rows, n, a[0], n, a[1], a[2], n, opt);
}

static smx_status logsumexp_weighted_tensors(DLTensor *const *t, int axis, const smx_tensor_options *opt) {
    return smx_logsumexp_weighted(t[0], axis, t[1], t[2], t[3], opt);
}

static smx_status logsumexp_weighted_rows(element real, size_t rows, size_t n, void *const *a, const smx_options *opt) {
    return ROWS(real, smx_logsumexp_weighted, rows, n, a[0], n, a[1], n, a[2], a[3], opt);
}

static smx_status softmax_double_backward_tensors(DLTensor *const *t, int axis, const smx_tensor_options *opt) {
    return smx_softmax_double_backward(t[0], axis, t[1], t[2], t[3], t[4], opt);
}

static smx_status softmax_double_backward_rows(element real, size_t rows, size_t n, void *const *a,
                                               const smx_options *opt) {
    return ROWS(real, smx_softmax_double_backward, rows, n, a[0], n, a[1], n, a[2], n, a[3], n, a[4], n, opt);
}

/* One gradient a row, whatever the scale. */
static smx_status scale_gradient_rows(element real, size_t rows, size_t n, void *const *a, const smx_options *opt) {
    static const float one_f32 = 1;
    static const double one_f64 = 1;
    const unsigned char *scale = opt->scale    ? opt->scale
                                 : real == F64 ? (const void *)&one_f64
                                               : (const void *)&one_f32;
    smx_options row = *opt;
    size_t size = element_size(real), step = opt->scale_stride * size;
    for (size_t k = 0; k < rows; k++) {
        row.scale = scale + k * step;
        row.scale_stride = 1;
        const unsigned char *x = a[0], *dx = a[1];
        unsigned char *dscale = a[2];
        row.add = opt->add ? (const unsigned char *)opt->add + k * opt->add_ld * size : NULL;
        row.keep = opt->keep ? opt->keep + k * opt->keep_ld : NULL;
        row.lengths = opt->lengths ? opt->lengths + k : NULL;
        smx_status status = ROWS(real, smx_scale_gradient, 1, n, (const void *)(x + k * n * size), n,
                                 (const void *)(dx + k * n * size), n, (void *)(dscale + k * size), &row);
        if (status != SMX_OK) {
            return status;
        }
    }
    return SMX_OK;
}

#define LOGITS \
    { OP_VECTOR, OP_LOGITS, 1 }
#define Y \
    { OP_VECTOR, OP_PROBABILITIES, 1 }
#define LOG_Y \
    { OP_VECTOR, OP_LOG_PROBABILITIES, 1 }
#define DY \
    { OP_VECTOR, OP_GRADIENTS, 1 }
#define KEPT(values) \
    { OP_VECTOR, values, 0 }
#define VALUE(values) \
    { OP_VALUE, values, 0 }
#define ARGUMENTS(...) \
    { __VA_ARGS__ }
#define OP(name, arguments, inputs, outputs, ...) \
    { #name, arguments, inputs, outputs, __VA_ARGS__, name##_tensors, name##_rows }

const op tensor_ops[] = {
    OP(softmax, ARGUMENTS("x", "y"), 1, 1, {LOGITS}, {OP_VECTOR}),
    OP(softmax_backward, ARGUMENTS("y", "dy", "dx"), 2, 1, {Y, DY}, {OP_VECTOR}),
    OP(softmax_jacobian, ARGUMENTS("y", "jac"), 1, 1, {KEPT(OP_PROBABILITIES)}, {OP_MATRIX}),
    OP(softmax_jvp, ARGUMENTS("y", "v", "jv"), 2, 1, {Y, DY}, {OP_VECTOR}),
    OP(softmax_double_backward, ARGUMENTS("y", "dy", "ddx", "gy", "gdy"), 3, 2,
       {KEPT(OP_PROBABILITIES), KEPT(OP_GRADIENTS), KEPT(OP_GRADIENTS)}, {OP_VECTOR, OP_VECTOR}),
    OP(log_softmax, ARGUMENTS("x", "y"), 1, 1, {LOGITS}, {OP_VECTOR}),
    OP(log_softmax_backward, ARGUMENTS("y", "dy", "dx"), 2, 1, {LOG_Y, DY}, {OP_VECTOR}),
    OP(log_softmax_jvp, ARGUMENTS("y", "v", "jv"), 2, 1, {LOG_Y, DY}, {OP_VECTOR}),
    OP(logsumexp, ARGUMENTS("x", "lse"), 1, 1, {KEPT(OP_LOGITS)}, {OP_VALUE}),
    OP(logsumexp_backward, ARGUMENTS("x", "dlse", "dx"), 2, 1, {LOGITS, VALUE(OP_GRADIENTS)}, {OP_VECTOR}),
    OP(logsumexp_weighted, ARGUMENTS("x", "b", "lse", "sign"), 2, 2, {KEPT(OP_LOGITS), KEPT(OP_GRADIENTS)},
       {OP_VALUE, OP_VALUE}),
    OP(scale_gradient, ARGUMENTS("x", "dx", "dscale"), 2, 1, {KEPT(OP_LOGITS), KEPT(OP_GRADIENTS)}, {OP_VALUE}),
    OP(cross_entropy_hessian, ARGUMENTS("x", "hess"), 1, 1, {KEPT(OP_LOGITS)}, {OP_MATRIX}),
    OP(cross_entropy_hessian_product, ARGUMENTS("x", "v", "hv"), 2, 1, {LOGITS, KEPT(OP_GRADIENTS)}, {OP_VECTOR}),
};
const size_t tensor_ops_count = sizeof tensor_ops / sizeof *tensor_ops;

op_shape op_shape_of(int ndim, const int64_t *shape, int axis) {
    op_shape s = {.ndim = ndim, .axis = axis, .n = (size_t)shape[axis], .after = 1, .rows = 1};
    for (int d = 0; d < ndim; d++) {
        s.shape[d] = shape[d];
        s.rows *= d == axis ? 1 : (size_t)shape[d];
        s.after *= d > axis ? (size_t)shape[d] : 1;
    }
    return s;
}

int op_argument_shape(const op_shape *s, op_form form, int64_t *shape) {
    int ndim = 0;
    for (int d = 0; d < s->ndim; d++) {
        if (d != s->axis || form == OP_VECTOR) {
            shape[ndim++] = s->shape[d];
        }
    }
    if (form == OP_MATRIX) {
        shape[ndim++] = (int64_t)s->n;
        shape[ndim++] = (int64_t)s->n;
    }
    return ndim;
}

size_t op_row_elements(const op_shape *s, op_form form) {
    return form == OP_VALUE ? 1 : form == OP_VECTOR ? s->n : s->n * s->n;
}

size_t op_element(const op_shape *s, op_form form, size_t k, size_t i) {
    return form == OP_VECTOR ? (k / s->after * s->n + i) * s->after + k % s->after : k * op_row_elements(s, form) + i;
}

void op_fill(const op *o, int input, const op_shape *s, tensor *t, rng *r) {
    op_form form = o->input[input].form;
    for (size_t k = 0; k < s->rows; k++) {
        double width = rng_uniform(r, 0.1, 10), share = 1.5 / (double)(s->n ? s->n : 1);
        for (size_t i = 0; i < op_row_elements(s, form); i++) {
            double value = 0;
            switch (o->input[input].values) {
            case OP_LOGITS:
            case OP_GRADIENTS:
                value = width * rng_normal(r);
                break;
            case OP_PROBABILITIES:
                value = rng_uniform(r, 0, share < 1 ? share : 1);
                break;
            default:
                value = -width * rng_uniform(r, 0, 1);
            }
            tensor_set(t, op_element(s, form, k, i), value);
        }
    }
}

double real_get(element real, const void *a, size_t i) {
    return real == F64 ? ((const double *)a)[i] : (double)((const float *)a)[i];
}

void real_set(element real, void *a, size_t i, double value) {
    if (real == F64) {
        ((double *)a)[i] = value;
    } else {
        ((float *)a)[i] = (float)value;
    }
}
