/* A call of a function of tensors, from arguments to result. */
#include "call.h"

#include "errors.h"

/* A call under way, on the stack: read as far as the counts say. */
struct frame {
    struct operand input[INPUTS_MAX];
    struct output output[OUTPUTS_MAX];
    int inputs, outputs;
    struct options options;
};

static int read_inputs(struct frame *frame, struct request *r) {
    const unsigned char *p = r->f->positional;
    frame->inputs = 1;
    r->tensor[p[0]] = &frame->input[0];
    if (smx_operand_read(&frame->input[0], r->f, p[0], r->given[p[0]], ELEMENTS_FLOAT) < 0) {
        return -1;
    }
    for (int i = 1; i < r->f->inputs; i++) {
        frame->inputs = i + 1;
        r->tensor[p[i]] = &frame->input[i];
        if (smx_operand_read_beside(&frame->input[i], r->f, p[i], r->given[p[i]], ELEMENTS_FLOAT,
                                    &frame->input[0].tensor) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Results are new tensors of the first input's type. */
static int new_output(struct frame *frame, const struct request *r, int i) {
    const struct operand *first = &frame->input[0];
    const struct options *o = &frame->options;
    const DLTensor *t = &first->tensor, *second = &frame->input[1].tensor;
    int64_t shape[OPERAND_NDIM + 2];
    int ndim;
    switch (r->f->form[i]) {
    case FORM_LIKE:
        return smx_output_new(&frame->output[i], r, first, t->dtype, t->ndim, t->shape);
    case FORM_VECTORS:
        return smx_output_new(&frame->output[i], r, first, t->dtype, second->ndim, second->shape);
    case FORM_PLACE:
        ndim = smx_rows_shape(o, t, shape);
        return smx_output_new(&frame->output[i], r, first, (DLDataType){kDLInt, 64, 1}, ndim, shape);
    case FORM_MATRIX:
        ndim = smx_rows_shape(o, t, shape);
        shape[ndim] = shape[ndim + 1] = smx_row_length(o, t);
        ndim += 2;
        break;
    case FORM_SCALE:
        ndim = o->c.scale == NULL || o->c.scale->ndim == 0 ? 0 : smx_rows_shape(o, t, shape);
        break;
    default:
        ndim = smx_rows_shape(o, t, shape);
    }
    if (ndim > OPERAND_NDIM) {
        return smx_error(PyExc_ValueError, r->f, "the result would have %d dimensions; at most %d will do", ndim,
                         OPERAND_NDIM);
    }
    return smx_output_new(&frame->output[i], r, first, t->dtype, ndim, shape);
}

static int make_outputs(struct frame *frame, struct request *r) {
    PyObject *given[OUTPUTS_MAX];
    if (smx_outputs_given(r, r->f->outputs, given) < 0) {
        return -1;
    }
    for (int i = 0; i < r->f->outputs; i++) {
        smx_operand_clear(&frame->output[i].operand);
        frame->outputs = i + 1;
        int status = given[i] != NULL ? smx_output_read(&frame->output[i], r, given[i]) : new_output(frame, r, i);
        if (status < 0) {
            return -1;
        }
    }
    return 0;
}

static PyObject *compute(struct frame *frame, const struct request *r) {
    DLTensor *tensors[TENSORS_MAX];
    int count = 0;
    for (int i = 0; i < frame->inputs; i++) {
        tensors[count++] = &frame->input[i].tensor;
    }
    for (int i = 0; i < frame->outputs; i++) {
        tensors[count++] = &frame->output[i].operand.tensor;
    }
    PyThreadState *lock = PyEval_SaveThread();
    smx_status status = r->f->call(tensors, frame->options.axis, &frame->options.c);
    PyEval_RestoreThread(lock);
    if (status != SMX_OK) {
        smx_error_refused(r, status, 0);
        return NULL;
    }
    return smx_outputs_object(frame->output, frame->outputs, &frame->input[0]);
}

PyObject *smx_call_tensors(const struct function *f, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    struct request r = {.f = f};
    struct frame frame;
    PyObject *result = NULL;
    if (smx_parameters_read(&r, args, count, names) < 0) {
        return NULL;
    }
    frame.inputs = frame.outputs = 0;
    smx_options_clear(&frame.options);
    if (read_inputs(&frame, &r) == 0 && smx_options_from(&frame.options, &r, frame.input[0].tensor.ndim) == 0 &&
        make_outputs(&frame, &r) == 0) {
        result = compute(&frame, &r);
    }
    for (int i = 0; i < frame.outputs; i++) {
        smx_operand_release(&frame.output[i].operand);
    }
    smx_options_release(&frame.options);
    for (int i = 0; i < frame.inputs; i++) {
        smx_operand_release(&frame.input[i]);
    }
    return result;
}
