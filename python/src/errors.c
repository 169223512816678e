#include "errors.h"

#include <stdarg.h>
#include <string.h>

int smx_error(PyObject *type, const struct function *f, const char *format, ...) {
    va_list values;
    va_start(values, format);
    PyObject *sentence = PyUnicode_FromFormatV(format, values);
    va_end(values);
    if (sentence != NULL) {
        PyErr_Format(type, "smx.%s: %U", f->name, sentence);
        Py_DECREF(sentence);
    }
    return -1;
}

int smx_error_from(PyObject *type, const struct function *f, const char *name) {
    PyObject *was, *value, *trace;
    if (!PyErr_ExceptionMatches(PyExc_Exception) || PyErr_ExceptionMatches(PyExc_MemoryError)) {
        return -1; /* an interrupt, say, which is not about the argument */
    }
    PyErr_Fetch(&was, &value, &trace);
    PyObject *text = PyObject_Str(value != NULL ? value : Py_None); /* of which PyTorch's goes on with a trace */
    PyObject *lines = text == NULL ? NULL : PyUnicode_Splitlines(text, 0);
    PyObject *line = lines != NULL && PyList_Size(lines) > 0 ? PyList_GetItem(lines, 0) : text;
    if (line != NULL) {
        smx_error(type, f, "%s cannot be read as an array: %U", name, line);
    }
    Py_XDECREF(text);
    Py_XDECREF(lines);
    Py_XDECREF(was);
    Py_XDECREF(value);
    Py_XDECREF(trace);
    return -1;
}

int smx_error_device(const struct function *f, const char *name, int device) {
    const char *kind = device == kDLCUDA    ? " (CUDA)"
                       : device == kDLROCM  ? " (ROCm)"
                       : device == kDLMetal ? " (Metal)"
                                            : "";
    return smx_error(PyExc_TypeError, f,
                     "%s is in the memory of a device, of DLPack's type %d%s; this library computes on the CPU: "
                     "copy it there, with %s.cpu(), say",
                     name, device, kind, name);
}

/* What the library's headers call otherwise than Python does. */
static const struct {
    const char *refused;
    enum parameter parameter;
} renamed[] = {
    {"options.scale_value", PARAMETER_SCALE},
    {"options.add", PARAMETER_BIAS},
    {"options.keep", PARAMETER_MASK},
    {"options.alibi", PARAMETER_SLOPES},
    {"options.sink", PARAMETER_SINKS},
    {"options.use_window", PARAMETER_WINDOW},
    {"options.window_left", PARAMETER_WINDOW},
    {"options.window_right", PARAMETER_WINDOW},
    {"options.axes", PARAMETER_AXIS},
    {"options.axes_count", PARAMETER_AXIS},
    {"options.use_query_axis", PARAMETER_QUERY_AXIS},
    {"use_ignore_index", PARAMETER_IGNORE_INDEX},
};

/* A name that is no parameter of the function is that of an output. */
static enum parameter parameter_of(const struct request *r, const char *refused) {
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++) {
        if (strcmp(refused, renamed[i].refused) == 0) {
            bool scale = renamed[i].parameter == PARAMETER_SCALE;
            return scale && r->given[PARAMETER_TEMPERATURE] != NULL ? PARAMETER_TEMPERATURE : renamed[i].parameter;
        }
    }
    const char *name = strncmp(refused, "options.", 8) == 0 ? refused + 8 : refused;
    for (enum parameter p = 0; p < PARAMETERS; p++) {
        if (in_set(r->f->taken, (int)p) && strcmp(name, smx_parameter_name(p)) == 0) {
            return p == PARAMETER_SCALE && r->given[PARAMETER_TEMPERATURE] != NULL ? PARAMETER_TEMPERATURE : p;
        }
    }
    return PARAMETER_OUT;
}

static PyObject *shape_of(const DLTensor *t) {
    PyObject *shape = PyTuple_New(t->ndim);
    for (int d = 0; shape != NULL && d < t->ndim; d++) {
        PyTuple_SetItem(shape, d, PyLong_FromLongLong(t->shape[d]));
    }
    return shape;
}

/* What a tensor's elements may be. Of an output, smx_refused() says which one it is. */
static const char *types_of(enum parameter p) {
    bool out = p == PARAMETER_OUT;
    if (out && (strcmp(smx_refused(), "argmax") == 0 || strcmp(smx_refused(), "count") == 0)) {
        return "int64";
    }
    if (p == PARAMETER_MASK || (out && strcmp(smx_refused(), "correct") == 0)) {
        return "bool or uint8";
    }
    return p == PARAMETER_LABELS || p == PARAMETER_LENGTHS ? "integers" : "f16, bf16, f32 or f64";
}

static void refuse_dtype(const struct request *r, enum parameter p) {
    static const char *const codes[] = {"int", "uint", "float", "handle", "bfloat", "complex", "bool"};
    const DLTensor *t = r->tensor[p] == NULL ? NULL : &r->tensor[p]->tensor;
    const char *name = smx_parameter_name(p), *wanted = types_of(p);
    if (t == NULL) {
        smx_error(PyExc_TypeError, r->f, "%s for %s has elements of a type that it cannot have; it takes %s", name,
                  smx_refused(), wanted);
    } else if (t->dtype.code >= sizeof codes / sizeof *codes) {
        smx_error(PyExc_TypeError, r->f, "%s has elements of a type that it cannot have; it takes %s", name, wanted);
    } else if (t->dtype.code == kDLBool) {
        smx_error(PyExc_TypeError, r->f, "%s has elements of bool; it takes %s", name, wanted);
    } else {
        smx_error(PyExc_TypeError, r->f, "%s has elements of %s%d; it takes %s", name, codes[t->dtype.code],
                  (int)t->dtype.bits, wanted);
    }
}

static void refuse_shape(const struct request *r, enum parameter p) {
    const struct operand *first = r->tensor[r->f->positional[0]], *o = r->tensor[p];
    const char *name = smx_parameter_name(p), *of = smx_parameter_name(r->f->positional[0]);
    if (p == PARAMETER_QUERY_AXIS) {
        smx_error(PyExc_IndexError, r->f, "query_axis is %R, but %s has %d dimensions", r->given[p], of,
                  first->tensor.ndim);
        return;
    }
    if (p == PARAMETER_OUT && o == NULL) {
        smx_error(PyExc_ValueError, r->f, "out for %s has a shape that does not fit %s", smx_refused(), of);
        return;
    }
    if (o == NULL) {
        smx_error(PyExc_ValueError, r->f, "%s needs queries: %s has no axis before `axis`; query_axis names another",
                  name, of);
        return;
    }
    PyObject *shape = shape_of(&o->tensor), *other = shape_of(&first->tensor), *axis = r->given[PARAMETER_AXIS];
    if (shape != NULL && other != NULL && axis != NULL) {
        smx_error(PyExc_ValueError, r->f, "%s has the shape %R, which does not fit %s of %R with axis=%R", name, shape,
                  of, other, axis);
    } else if (shape != NULL && other != NULL) {
        smx_error(PyExc_ValueError, r->f, "%s has the shape %R, which does not fit %s of %R", name, shape, of, other);
    }
    Py_XDECREF(shape);
    Py_XDECREF(other);
}

static void refuse_option(const struct request *r, enum parameter p) {
    static const char *const reasons[PARAMETERS] = {
        [PARAMETER_SOFTCAP] = "neither 0 nor in [2^-10, 2^15]",
        [PARAMETER_SMOOTHING] = "not in [0, 1]",
        [PARAMETER_Z_LOSS] = "not a finite number of at least 0",
        [PARAMETER_CLASS_WEIGHTS] = "of which not all entries are finite and at least 0",
        [PARAMETER_SLOPES] =
            "of which not all entries are finite; or there are several axes, and none has the queries' places",
        [PARAMETER_LENGTHS] = "that counts along one axis, and there are several",
        [PARAMETER_CAUSAL] = "a rule along one axis, and there are several",
        [PARAMETER_WINDOW] = "a rule along one axis, and there are several",
        [PARAMETER_QUERY_AXIS] = "the axis of the rows itself, or without a use: there is no causal, window or slopes",
        [PARAMETER_AXIS] = "a list in which an axis stands twice",
    };
    const char *name = smx_parameter_name(p), *reason = reasons[p] != NULL ? reasons[p] : "it has no use here";
    if (p == PARAMETER_LABELS || p == PARAMETER_TARGETS) {
        smx_error(PyExc_TypeError, r->f, "labels or targets must be given, and not both");
    } else if (p == PARAMETER_OUT) {
        smx_error(PyExc_ValueError, r->f, "returns has '%s', which there is none of with %s", smx_refused(),
                  r->given[PARAMETER_LABELS] != NULL ? "labels" : "targets");
    } else if (r->tensor[p] != NULL) {
        smx_error(PyExc_ValueError, r->f, "%s is an array %s", name, reason);
    } else {
        smx_error(PyExc_ValueError, r->f, "%s is %R: %s", name, r->given[p], reason);
    }
}

int smx_error_refused(const struct request *r, smx_status status, size_t bad_row) {
    enum parameter p = parameter_of(r, smx_refused());
    const char *name = smx_parameter_name(p);
    bool ours = p == PARAMETER_OUT && r->given[p] == NULL; /* a result that we made is as the first input is */
    switch (status) {
    case SMX_ERROR_DTYPE:
        refuse_dtype(r, ours ? r->f->positional[0] : p);
        return -1;
    case SMX_ERROR_SHAPE:
        refuse_shape(r, ours ? r->f->positional[0] : p);
        return -1;
    case SMX_ERROR_OPTION:
        refuse_option(r, p);
        return -1;
    case SMX_ERROR_OVERLAP:
        return smx_error(PyExc_ValueError, r->f,
                         "%s overlaps an input, an option's array or itself, other than by being the input itself",
                         name);
    case SMX_ERROR_SCALE:
        return smx_error(
            PyExc_ValueError, r->f,
            "%s %s 0, not finite, or beyond 2^64 or below 2^-64 in magnitude (the limit at temperature 0 is "
            "smx.argmax)",
            name, r->tensor[p] != NULL ? "has an entry that is" : "is");
    case SMX_ERROR_LENGTH:
        return smx_error(PyExc_ValueError, r->f, "lengths holds one that is negative, or larger than the row is long");
    case SMX_ERROR_LABEL:
        return smx_error(PyExc_IndexError, r->f, "labels holds one that is no class, in row %zu (in C order)", bad_row);
    case SMX_ERROR_MEMORY:
        return smx_error(PyExc_MemoryError, r->f, "there is no memory for scratch space");
    case SMX_ERROR_ISA:
    case SMX_ERROR_ENVIRONMENT:
        return smx_error(PyExc_RuntimeError, r->f, "%s: %s", smx_refused(), smx_status_str(status));
    default:
        return smx_error(PyExc_ValueError, r->f, "%s: %s", smx_refused(), smx_status_str(status));
    }
}
