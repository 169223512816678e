/* Cross-entropy and nll: their arguments are a struct, and what they return is what is asked for. */
#include "call.h"
#include "errors.h"

/* The inputs beside x: optional tensors, by parameter and field. */
static const struct {
    enum parameter parameter;
    enum elements elements;
    size_t field;
} inputs[] = {
    {PARAMETER_LABELS, ELEMENTS_INTEGER, offsetof(smx_tensor_cross_entropy_args, labels)},
    {PARAMETER_TARGETS, ELEMENTS_FLOAT, offsetof(smx_tensor_cross_entropy_args, targets)},
    {PARAMETER_CLASS_WEIGHTS, ELEMENTS_FLOAT, offsetof(smx_tensor_cross_entropy_args, class_weights)},
    {PARAMETER_DLOSS, ELEMENTS_FLOAT, offsetof(smx_tensor_cross_entropy_args, dloss)},
};
enum { INPUTS = sizeof inputs / sizeof *inputs };

/* What can be returned: its name, shape, type (code 255: that of x) and field. */
enum shape { SHAPE_ROWS, SHAPE_ONE, SHAPE_LIKE };
static const struct {
    const char *name;
    enum shape shape;
    DLDataType dtype;
    size_t field;
} outputs[WANTED_ALL] = {
#define FIELD(name) offsetof(smx_tensor_cross_entropy_args, name)
#define OF_X \
    { 255, 0, 1 }
    [WANTED_LOSS] = {"loss", SHAPE_ONE, OF_X, FIELD(reduced)}, /* or: */
    [WANTED_LOSSES] = {"losses", SHAPE_ROWS, OF_X, FIELD(loss)},
    [WANTED_LSE] = {"lse", SHAPE_ROWS, OF_X, FIELD(lse)},
    [WANTED_TARGET_LOG_PROB] = {"target_log_prob", SHAPE_ROWS, OF_X, FIELD(target_log_prob)},
    [WANTED_ARGMAX] = {"argmax", SHAPE_ROWS, {kDLInt, 64, 1}, FIELD(argmax)},
    [WANTED_CORRECT] = {"correct", SHAPE_ROWS, {kDLBool, 8, 1}, FIELD(correct)},
    [WANTED_COUNT] = {"count", SHAPE_ONE, {kDLInt, 64, 1}, FIELD(count)},
    [WANTED_WEIGHT] = {"weight", SHAPE_ONE, OF_X, FIELD(weight)},
    [WANTED_DX] = {"dx", SHAPE_LIKE, OF_X, FIELD(dx)},
    [WANTED_DTARGETS] = {"dtargets", SHAPE_LIKE, OF_X, FIELD(dtargets)},
};

/* On the stack: read as far as the sets and counts say. */
struct frame {
    struct operand x, input[INPUTS];
    struct output output[WANTED_ALL];
    enum wanted wanted[WANTED_ALL];
    unsigned read;
    int wants, outputs;
    bool x_read;
    struct options options;
    smx_tensor_cross_entropy_args ce;
};

static void set_field(struct frame *frame, size_t field, DLTensor *tensor) {
    *(DLTensor **)((char *)&frame->ce + field) = tensor;
}

static int read_inputs(struct frame *frame, struct request *r) {
    frame->x_read = true;
    if (smx_operand_read(&frame->x, r->f, PARAMETER_X, r->given[PARAMETER_X], ELEMENTS_FLOAT) < 0) {
        return -1;
    }
    r->tensor[PARAMETER_X] = &frame->x;
    for (int i = 0; i < INPUTS; i++) {
        enum parameter p = inputs[i].parameter;
        if (r->given[p] == NULL) {
            continue;
        }
        frame->read |= 1U << i;
        if (smx_operand_read_beside(&frame->input[i], r->f, p, r->given[p], inputs[i].elements, &frame->x.tensor) < 0) {
            return -1;
        }
        r->tensor[p] = &frame->input[i];
        set_field(frame, inputs[i].field, &frame->input[i].tensor);
    }
    return 0;
}

static int read_numbers(struct frame *frame, const struct request *r) {
    static const char *const reductions[] = {"none", "sum", "mean", NULL}, *const empty[] = {"nan", "zero", NULL};
    smx_tensor_cross_entropy_args *ce = &frame->ce;
    int reduction = SMX_REDUCTION_MEAN, empty_mean = SMX_EMPTY_MEAN_NAN;
    if (smx_parameter_double(r, PARAMETER_SMOOTHING, &ce->smoothing) < 0 ||
        smx_parameter_double(r, PARAMETER_Z_LOSS, &ce->z_loss) < 0 ||
        smx_parameter_word(r, PARAMETER_REDUCTION, reductions, &reduction) < 0 ||
        smx_parameter_word(r, PARAMETER_EMPTY_MEAN, empty, &empty_mean) < 0) {
        return -1;
    }
    ce->reduction = (smx_reduction)reduction;
    ce->empty_mean = (smx_empty_mean)empty_mean;
    PyObject *ignored = r->given[PARAMETER_IGNORE_INDEX];
    if (ignored == Py_None || (ignored == NULL && ce->labels == NULL)) {
        return 0;
    }
    long long index = -100;
    int status = ignored == NULL ? 0 : smx_parameter_integer(r, PARAMETER_IGNORE_INDEX, ignored, &index);
    ce->use_ignore_index = 1;
    ce->ignore_index = index;
    return status;
}

static int add_wanted(struct frame *frame, const struct request *r, PyObject *name) {
    for (int w = 0; PyUnicode_Check(name) && w < WANTED_ALL; w++) {
        if (in_set(r->f->returns, w) && PyUnicode_CompareWithASCIIString(name, outputs[w].name) == 0) {
            for (int i = 0; i < frame->wants; i++) {
                if (frame->wanted[i] == (enum wanted)w) {
                    return smx_error(PyExc_ValueError, r->f, "returns has %R twice", name);
                }
            }
            frame->wanted[frame->wants++] = (enum wanted)w;
            return 0;
        }
    }
    return smx_error(PyExc_ValueError, r->f, "returns has %R, which is none of its results", name);
}

static int add_several(struct frame *frame, const struct request *r, PyObject *wanted) {
    Py_ssize_t count = PyTuple_Size(wanted);
    for (Py_ssize_t i = 0; i < count; i++) {
        if (add_wanted(frame, r, PyTuple_GetItem(wanted, i)) < 0) {
            return -1;
        }
    }
    return count > 0 ? 0 : smx_error(PyExc_ValueError, r->f, "returns is empty");
}

/* Sets *single where one name was given, and not a list of one. */
static int read_wanted(struct frame *frame, const struct request *r, bool *single) {
    PyObject *given = r->given[PARAMETER_RETURNS];
    *single = given == NULL || PyUnicode_Check(given);
    if (given == NULL) {
        frame->wanted[frame->wants++] = in_set(r->f->returns, WANTED_LOSS) ? WANTED_LOSS : WANTED_DX;
        return 0;
    }
    if (*single) {
        return add_wanted(frame, r, given);
    }
    if (!PyTuple_Check(given) && !PyList_Check(given)) {
        return smx_error(PyExc_TypeError, r->f, "returns is %R, neither a str nor a tuple of them", given);
    }
    PyObject *wanted = PySequence_Tuple(given); /* of a list as it is now: another thread may change it */
    int status = wanted == NULL ? -1 : add_several(frame, r, wanted);
    Py_XDECREF(wanted);
    return status;
}

static int make_output(struct frame *frame, struct request *r, int i, PyObject *given) {
    enum wanted w = frame->wanted[i];
    struct output *out = &frame->output[i];
    const DLTensor *x = &frame->x.tensor;
    bool rows = outputs[w].shape == SHAPE_ROWS || (w == WANTED_LOSS && frame->ce.reduction == SMX_REDUCTION_NONE);
    size_t field = w == WANTED_LOSS && rows ? outputs[WANTED_LOSSES].field : outputs[w].field;
    DLDataType dtype = outputs[w].dtype.code == 255 ? x->dtype : outputs[w].dtype;
    int64_t shape[OPERAND_NDIM];
    int status;
    if (*(DLTensor **)((char *)&frame->ce + field) != NULL) {
        return smx_error(PyExc_ValueError, r->f, "returns has loss and losses, which are the same without a reduction");
    }
    if (given != NULL) {
        status = smx_output_read(out, r, given);
    } else if (outputs[w].shape == SHAPE_LIKE) {
        status = smx_output_new(out, r, &frame->x, dtype, x->ndim, x->shape);
    } else {
        int ndim = rows ? smx_rows_shape(&frame->options, x, shape) : 0;
        status = smx_output_new(out, r, &frame->x, dtype, ndim, shape);
    }
    set_field(frame, field, &out->operand.tensor);
    return status;
}

static int make_outputs(struct frame *frame, struct request *r) {
    PyObject *given[WANTED_ALL];
    if (smx_outputs_given(r, frame->wants, given) < 0) {
        return -1;
    }
    for (int i = 0; i < frame->wants; i++) {
        smx_operand_clear(&frame->output[i].operand);
        frame->outputs = i + 1;
        if (make_output(frame, r, i, given[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

static PyObject *compute(struct frame *frame, const struct request *r, bool single) {
    size_t bad_row = 0;
    frame->ce.bad_row = &bad_row;
    PyThreadState *lock = PyEval_SaveThread();
    smx_status status = r->f->loss(&frame->x.tensor, frame->options.axis, &frame->ce, &frame->options.c);
    PyEval_RestoreThread(lock);
    if (status != SMX_OK) {
        smx_error_refused(r, status, bad_row);
        return NULL;
    }
    PyObject *result = smx_outputs_object(frame->output, frame->outputs, &frame->x);
    if (result == NULL || single || frame->outputs > 1) {
        return result;
    }
    PyObject *tuple = PyTuple_Pack(1, result);
    Py_DECREF(result);
    return tuple;
}

PyObject *smx_call_loss(const struct function *f, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    struct request r = {.f = f};
    struct frame frame;
    PyObject *result = NULL;
    bool single = true;
    if (smx_parameters_read(&r, args, count, names) < 0) {
        return NULL;
    }
    frame.read = 0;
    frame.wants = frame.outputs = 0;
    frame.x_read = false;
    smx_options_clear(&frame.options);
    frame.ce = (smx_tensor_cross_entropy_args)SMX_TENSOR_CROSS_ENTROPY_ARGS_INIT;
    if (read_wanted(&frame, &r, &single) == 0 && read_inputs(&frame, &r) == 0 &&
        smx_options_from(&frame.options, &r, frame.x.tensor.ndim) == 0 && read_numbers(&frame, &r) == 0 &&
        make_outputs(&frame, &r) == 0) {
        result = compute(&frame, &r, single);
    }
    for (int i = 0; i < frame.outputs; i++) {
        smx_operand_release(&frame.output[i].operand);
    }
    smx_options_release(&frame.options);
    for (int i = 0; i < INPUTS; i++) {
        if ((frame.read >> i & 1) != 0) {
            smx_operand_release(&frame.input[i]);
        }
    }
    if (frame.x_read) {
        smx_operand_release(&frame.x);
    }
    return result;
}
