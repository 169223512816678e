#include "options.h"

#include "errors.h"

static int read_axis(struct options *o, const struct request *r, int ndim, PyObject *given, int *axis) {
    long long number;
    if (smx_parameter_integer(r, PARAMETER_AXIS, given, &number) < 0) {
        return -1;
    }
    int extents = ndim == 0 ? 1 : ndim; /* a tensor without dimensions is a row of one */
    if (number < -extents || number >= extents) {
        return smx_error(PyExc_IndexError, r->f, "axis holds %lld, but %s has %d dimensions", number,
                         smx_parameter_name(r->f->positional[0]), ndim);
    }
    *axis = (int)(number < 0 ? number + extents : number);
    if (ndim > 0 && (o->in_row >> *axis & 1) != 0) {
        return smx_error(PyExc_ValueError, r->f, "axis is %R, in which a dimension stands twice",
                         r->given[PARAMETER_AXIS]);
    }
    o->in_row |= ndim > 0 ? UINT32_C(1) << *axis : 0;
    return 0;
}

static int read_several_axes(struct options *o, const struct request *r, int ndim, PyObject *given) {
    Py_ssize_t count = PyTuple_Size(given);
    o->axis = SMX_AXES;
    o->c.axes = o->axes;
    if (count > ndim) {
        return smx_error(PyExc_ValueError, r->f, "axis is %R, more axes than %s has dimensions", given,
                         smx_parameter_name(r->f->positional[0]));
    }
    for (o->c.axes_count = 0; o->c.axes_count < count; o->c.axes_count++) {
        PyObject *item = PyTuple_GetItem(given, o->c.axes_count);
        if (read_axis(o, r, ndim, item, &o->axes[o->c.axes_count]) < 0) {
            return -1;
        }
    }
    return 0;
}

static int read_axes(struct options *o, const struct request *r, int ndim) {
    PyObject *given = r->given[PARAMETER_AXIS];
    if (given == NULL) {
        o->axis = ndim == 0 ? 0 : ndim - 1;
        o->in_row = ndim == 0 ? 0 : UINT32_C(1) << o->axis;
        return 0;
    }
    if (given == Py_None) {
        o->axis = SMX_AXIS_ALL;
        o->in_row = ndim == OPERAND_NDIM ? UINT32_MAX : (UINT32_C(1) << ndim) - 1;
        return 0;
    }
    if (!PyTuple_Check(given) && !PyList_Check(given)) {
        return read_axis(o, r, ndim, given, &o->axis);
    }
    PyObject *axes = PySequence_Tuple(given); /* of a list as it is now: another thread may change it */
    int status = axes == NULL ? -1 : read_several_axes(o, r, ndim, axes);
    Py_XDECREF(axes);
    return status;
}

/* The options' tensors: parameter, type and field. */
#define FIELD(name) offsetof(smx_tensor_options, name)
static const struct {
    enum parameter parameter;
    enum elements elements;
    size_t field;
} tensors[OPTION_TENSORS] = {
    [TENSOR_SCALE] = {PARAMETER_SCALE, ELEMENTS_FLOAT, FIELD(scale)}, /* or the temperature */
    [TENSOR_MASK] = {PARAMETER_MASK, ELEMENTS_FLAG, FIELD(keep)},
    [TENSOR_BIAS] = {PARAMETER_BIAS, ELEMENTS_FLOAT, FIELD(add)},
    [TENSOR_LENGTHS] = {PARAMETER_LENGTHS, ELEMENTS_INTEGER, FIELD(lengths)},
    [TENSOR_SLOPES] = {PARAMETER_SLOPES, ELEMENTS_FLOAT, FIELD(alibi)},
    [TENSOR_SINKS] = {PARAMETER_SINKS, ELEMENTS_FLOAT, FIELD(sink)},
};

static int read_tensor(struct options *o, struct request *r, enum option_tensor which, enum parameter p,
                       PyObject *object) {
    struct operand *operand = &o->tensor[which];
    o->read |= 1U << which;
    r->tensor[p] = operand;
    *(const DLTensor **)((char *)&o->c + tensors[which].field) = &operand->tensor;
    return smx_operand_read(operand, r->f, p, object, tensors[which].elements);
}

static int read_tensors(struct options *o, struct request *r) {
    for (enum option_tensor which = TENSOR_SCALE + 1; which < OPTION_TENSORS; which++) {
        enum parameter p = tensors[which].parameter;
        if (r->given[p] != NULL && read_tensor(o, r, which, p, r->given[p]) < 0) {
            return -1;
        }
    }
    return 0;
}

static int read_scale(struct options *o, struct request *r) {
    PyObject *scale = r->given[PARAMETER_SCALE], *temperature = r->given[PARAMETER_TEMPERATURE];
    PyObject *given = scale != NULL ? scale : temperature;
    if (given == NULL) {
        return 0;
    }
    if (scale != NULL && temperature != NULL) {
        return smx_error(PyExc_TypeError, r->f, "scale and temperature say the same: only one can be given");
    }
    if (PyFloat_Check(given) || PyLong_Check(given)) {
        double value = 0;
        if (smx_parameter_double(r, scale != NULL ? PARAMETER_SCALE : PARAMETER_TEMPERATURE, &value) < 0) {
            return -1;
        }
        o->c.use_scale_value = 1;
        o->c.scale_value = scale != NULL ? value : 1 / value;
        return 0;
    }
    if (temperature != NULL) {
        PyObject *one = PyLong_FromLong(1);
        given = o->one_over = one == NULL ? NULL : PyNumber_TrueDivide(one, temperature);
        Py_XDECREF(one);
        if (given == NULL) {
            PyErr_Clear();
            return smx_error(PyExc_TypeError, r->f, "temperature is %R, which is no number and no array of numbers",
                             temperature);
        }
    }
    enum parameter p = scale != NULL ? PARAMETER_SCALE : PARAMETER_TEMPERATURE;
    return read_tensor(o, r, TENSOR_SCALE, p, given);
}

static int read_causal(struct options *o, const struct request *r) {
    static const char *const words[] = {"top-left", "bottom-right", NULL};
    PyObject *given = r->given[PARAMETER_CAUSAL];
    int word = given == Py_True ? 0 : -1;
    if (given == NULL || given == Py_False || given == Py_True) {
        o->c.causal = (smx_causal)(word + 1);
        return 0;
    }
    int status = smx_parameter_word(r, PARAMETER_CAUSAL, words, &word);
    o->c.causal = (smx_causal)(word + 1);
    return status;
}

static int read_sides(struct options *o, const struct request *r, PyObject *given) {
    int64_t *sides[] = {&o->c.window_left, &o->c.window_right};
    if (PyTuple_Size(given) != 2) {
        return smx_error(PyExc_TypeError, r->f, "window is %R, not a pair (left, right)", given);
    }
    o->c.use_window = 1;
    for (int i = 0; i < 2; i++) {
        PyObject *side = PyTuple_GetItem(given, i);
        long long value = -1;
        if (side != Py_None && smx_parameter_integer(r, PARAMETER_WINDOW, side, &value) < 0) {
            return -1;
        }
        if (side != Py_None && value < 0) {
            return smx_error(PyExc_ValueError, r->f, "window is %R: a side is at least 0, or None for no limit", given);
        }
        *sides[i] = value;
    }
    return 0;
}

static int read_window(struct options *o, const struct request *r) {
    PyObject *given = r->given[PARAMETER_WINDOW];
    if (given == NULL) {
        return 0;
    }
    if (!PyTuple_Check(given) && !PyList_Check(given)) {
        return smx_error(PyExc_TypeError, r->f, "window is %R, not a pair (left, right)", given);
    }
    PyObject *pair = PySequence_Tuple(given); /* of a list as it is now, as above */
    int status = pair == NULL ? -1 : read_sides(o, r, pair);
    Py_XDECREF(pair);
    return status;
}

static int read_numbers(struct options *o, const struct request *r) {
    static const char *const plus_inf[] = {"nan", "limit", NULL}, *const minus_inf_row[] = {"nan", "zeros", NULL};
    int plus = 0, minus = 0;
    long long integer;
    if (smx_parameter_double(r, PARAMETER_SOFTCAP, &o->c.softcap) < 0 ||
        smx_parameter_bool(r, PARAMETER_KEEPDIMS, &o->c.keepdims) < 0 ||
        smx_parameter_word(r, PARAMETER_PLUS_INF, plus_inf, &plus) < 0 ||
        smx_parameter_word(r, PARAMETER_MINUS_INF_ROW, minus_inf_row, &minus) < 0) {
        return -1;
    }
    o->c.plus_inf = (smx_plus_inf)plus;
    o->c.minus_inf_row = (smx_minus_inf_row)minus;
    if (r->given[PARAMETER_THREADS] != NULL) {
        if (smx_parameter_integer(r, PARAMETER_THREADS, r->given[PARAMETER_THREADS], &integer) < 0) {
            return -1;
        }
        if (integer < 1 || integer > INT_MAX) {
            return smx_error(PyExc_ValueError, r->f, "threads is %lld, not a number above 0", integer);
        }
        o->c.threads = (unsigned)integer;
    }
    if (r->given[PARAMETER_QUERY_AXIS] != NULL) {
        if (smx_parameter_integer(r, PARAMETER_QUERY_AXIS, r->given[PARAMETER_QUERY_AXIS], &integer) < 0) {
            return -1;
        }
        o->c.use_query_axis = 1;
        o->c.query_axis = integer < INT_MIN ? INT_MIN : integer > INT_MAX ? INT_MAX : (int)integer;
    }
    return 0;
}

int smx_options_from(struct options *o, struct request *r, int ndim) {
    o->c = (smx_tensor_options)SMX_TENSOR_OPTIONS_INIT;
    o->in_row = 0;
    return read_axes(o, r, ndim) < 0 || read_numbers(o, r) < 0 || read_scale(o, r) < 0 || read_causal(o, r) < 0 ||
                   read_window(o, r) < 0 || read_tensors(o, r) < 0
               ? -1
               : 0;
}

void smx_options_release(struct options *o) {
    for (int i = 0; i < OPTION_TENSORS; i++) {
        if ((o->read >> i & 1) != 0) {
            smx_operand_release(&o->tensor[i]);
        }
    }
    Py_CLEAR(o->one_over);
}
