#include "tensor_ops.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"

/* Of those that have the same arguments over rows and over tensors; a scale's gradient is that of each row. */
#define OPS(X)                                                                  \
    X(SOFTMAX, softmax, t[1])                                                   \
    X(SOFTMAX_BACKWARD, softmax_backward, t[1], t[2])                           \
    X(SOFTMAX_JVP, softmax_jvp, t[1], t[2])                                     \
    X(SOFTMAX_JACOBIAN, softmax_jacobian, t[1])                                 \
    X(SOFTMAX_DOUBLE_BACKWARD, softmax_double_backward, t[1], t[2], t[3], t[4]) \
    X(LOG_SOFTMAX, log_softmax, t[1])                                           \
    X(LOG_SOFTMAX_BACKWARD, log_softmax_backward, t[1], t[2])                   \
    X(LOG_SOFTMAX_JVP, log_softmax_jvp, t[1], t[2])                             \
    X(LOGSUMEXP, logsumexp, t[1])                                               \
    X(LOGSUMEXP_BACKWARD, logsumexp_backward, t[1], t[2])                       \
    X(LOGSUMEXP_WEIGHTED, logsumexp_weighted, t[1], t[2], t[3])                 \
    X(SCALE_GRADIENT_ROWS, scale_gradient, t[1], t[2])                          \
    X(SOFTCAP_BACKWARD, softcap_backward, t[1], t[2])                           \
    X(SINK_GRADIENT, sink_gradient, t[1], t[2], t[3])                           \
    X(CROSS_ENTROPY_HESSIAN, cross_entropy_hessian, t[1])                       \
    X(CROSS_ENTROPY_HESSIAN_PRODUCT, cross_entropy_hessian_product, t[1], t[2])

/* Their own signatures behind one. */
#define OF_TENSORS(number, name, ...)                                                               \
    static smx_status name##_tensors(DLTensor *const *t, int axis, const smx_tensor_options *opt) { \
        return smx_##name(t[0], axis, __VA_ARGS__, opt);                                            \
    }
OPS(OF_TENSORS)

#define ENTRY(number, name, ...) {OPERATION_##number, name##_tensors},
static const struct {
    enum operation_number run;
    smx_status (*tensors)(DLTensor *const *t, int axis, const smx_tensor_options *opt);
} entries[TENSOR_OPS] = {OPS(ENTRY)};

static op op_of(size_t i) {
    op o = {.f = function_named(smx_operations[entries[i].run].name), .tensors = entries[i].tensors};
    o.name = o.f->name;
    for (int k = 0; o.f->arguments[k].form != FORM_NONE; k++) {
        ++*(argument_is_input(&o.f->arguments[k]) ? &o.inputs : &o.outputs);
    }
    return o;
}

const op *tensor_op(size_t i) {
    static op ops[TENSOR_OPS];
    if (ops[i].name == NULL) {
        ops[i] = op_of(i);
    }
    return &ops[i];
}

smx_status op_rows(const op *o, element real, size_t rows, size_t n, void *const *a, const smx_options *opt) {
    block b[ARGUMENTS_MAX] = {0};
    smx_options given = *opt;
    void *ones = malloc((rows + 1) * sizeof(double));
    assert_non_null(ones);
    for (int k = 0; k < o->inputs + o->outputs; k++) {
        b[k].a = a[k], b[k].ld = n;
    }
    for (size_t k = 0; k < rows; k++) {
        real_set(real, ones, k, 1);
    }
    if (o->f->needs && !given.scale) {
        given.scale = ones, given.scale_stride = 1;
    }
    smx_status status = (real == F64 ? functions_f64 : functions_f32)[o->f->run](o->f, rows, n, b, &given);
    free(ones);
    return status;
}

static int in_row(const op_shape *s, int dimension) { return (s->axes >> dimension & 1) != 0; }

op_shape op_shape_over(int ndim, const int64_t *shape, unsigned axes, int keepdims) {
    op_shape s = {.ndim = ndim, .axes = axes, .keepdims = keepdims, .n = 1, .after = 1, .rows = 1};
    for (int d = 0; d < ndim; d++) {
        s.shape[d] = shape[d];
        *(in_row(&s, d) ? &s.n : &s.rows) *= (size_t)shape[d];
    }
    return s;
}

op_shape op_shape_of(int ndim, const int64_t *shape, int axis) {
    op_shape s = op_shape_over(ndim, shape, 1u << axis, 0);
    s.axis = axis;
    for (int d = axis + 1; d < ndim; d++) {
        s.after *= (size_t)shape[d];
    }
    return s;
}

int op_axis(op_shape *s, smx_tensor_options *opt, rng *r) {
    int count = 0, all = s->axes + 1 == 1u << s->ndim;
    size_t order[TENSOR_NDIM_MAX] = {0, 1, 2, 3, 4, 5, 6};
    opt->keepdims = s->keepdims;
    rng_permutation(r, (size_t)s->ndim, order);
    for (int d = 0; d < s->ndim; d++) {
        if (in_row(s, (int)order[d])) {
            s->list[count++] = (int)order[d] - (rng_below(r, 2) ? s->ndim : 0);
        }
    }
    if (all && rng_below(r, 2)) {
        return SMX_AXIS_ALL;
    }
    if (count == 1 && rng_below(r, 2)) {
        return s->list[0];
    }
    if (s->ndim == 0 && rng_below(r, 2)) {
        return rng_below(r, 2) ? 0 : -1;
    }
    opt->axes = s->list;
    opt->axes_count = count;
    return SMX_AXES;
}

int op_argument_shape(const op_shape *s, enum form kind, int64_t *shape) {
    int ndim = 0;
    for (int d = 0; d < s->ndim; d++) {
        if (!in_row(s, d) || kind == FORM_ROW) {
            shape[ndim++] = s->shape[d];
        } else if (s->keepdims) {
            shape[ndim++] = 1;
        }
    }
    if (kind == FORM_MATRIX) {
        shape[ndim++] = (int64_t)s->n;
        shape[ndim++] = (int64_t)s->n;
    }
    return ndim;
}

size_t op_row_elements(const op_shape *s, enum form kind) {
    return kind == FORM_VALUE ? 1 : kind == FORM_ROW ? s->n : s->n * s->n;
}

size_t op_element(const op_shape *s, enum form kind, size_t k, size_t i) {
    if (kind != FORM_ROW) {
        return k * op_row_elements(s, kind) + i;
    }
    size_t at = 0, step = 1;
    for (int d = s->ndim - 1; d >= 0; d--) {
        size_t *left = in_row(s, d) ? &i : &k, extent = (size_t)s->shape[d];
        at += *left % extent * step;
        *left /= extent;
        step *= extent;
    }
    return at;
}

void op_fill(const op *o, int input, const op_shape *s, tensor *t, rng *r) {
    enum form kind = o->f->arguments[input].form;
    for (size_t k = 0; k < s->rows; k++) {
        double width = rng_uniform(r, 0.1, 10), share = 1.5 / (double)(s->n ? s->n : 1);
        for (size_t i = 0; i < op_row_elements(s, kind); i++) {
            double value = 0;
            switch (o->f->arguments[input].content) {
            case CONTENT_LOGITS:
            case CONTENT_GRADIENTS:
            case CONTENT_FACTORS:
                value = width * rng_normal(r);
                break;
            case CONTENT_PROBABILITIES:
                value = rng_uniform(r, 0, share < 1 ? share : 1);
                break;
            default:
                value = -width * rng_uniform(r, 0, 1);
            }
            tensor_set(t, op_element(s, kind, k, i), value);
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
