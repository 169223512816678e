#include "call.h"
#include "errors.h"

int smx_rows_shape(const struct options *o, const DLTensor *first, int64_t *shape) {
    int ndim = 0;
    for (int d = 0; d < first->ndim; d++) {
        if ((o->in_row >> d & 1) == 0) {
            shape[ndim++] = first->shape[d];
        } else if (o->c.keepdims) {
            shape[ndim++] = 1;
        }
    }
    return ndim;
}

int64_t smx_row_length(const struct options *o, const DLTensor *first) {
    uint64_t n = 1; /* which may overflow where another extent is 0: what has such a shape is refused later */
    for (int d = 0; d < first->ndim; d++) {
        n *= (o->in_row >> d & 1) != 0 ? (uint64_t)first->shape[d] : 1;
    }
    return (int64_t)n;
}

/* An array that NumPy made of a list holds a copy, where a result would be lost. */
static bool is_copy(const struct operand *o, const PyObject *given) {
    return o->kind == KIND_NUMPY && o->object != given &&
           PyArray_CHKFLAGS((PyArrayObject *)o->object, NPY_ARRAY_OWNDATA);
}

int smx_output_read(struct output *out, struct request *r, PyObject *given) {
    out->given = given;
    if (smx_operand_read(&out->operand, r->f, PARAMETER_OUT, given, ELEMENTS_FLOAT) < 0) {
        return -1;
    }
    if (r->given[PARAMETER_OUT] == given) { /* not one of several */
        r->tensor[PARAMETER_OUT] = &out->operand;
    }
    if (is_copy(&out->operand, given)) {
        return smx_error(PyExc_TypeError, r->f, "out is no array to write to, but of %R", (PyObject *)Py_TYPE(given));
    }
    return out->operand.read_only ? smx_error(PyExc_ValueError, r->f, "out is read-only") : 0;
}

int smx_output_new(struct output *out, const struct request *r, const struct operand *like, DLDataType dtype, int ndim,
                   int64_t *shape) {
    out->given = NULL;
    return smx_result_new(&out->operand, r->f, like, dtype, ndim, shape);
}

int smx_outputs_given(const struct request *r, int count, PyObject **given) {
    PyObject *out = r->given[PARAMETER_OUT];
    for (int i = 0; i < count; i++) {
        given[i] = count == 1 ? out : NULL;
    }
    if (out == NULL || count == 1) {
        return 0;
    }
    if (!PyTuple_Check(out) || PyTuple_Size(out) != count) {
        return smx_error(PyExc_TypeError, r->f, "out is %R, not a tuple of %d: an array or None for each result",
                         (PyObject *)Py_TYPE(out), count);
    }
    for (int i = 0; i < count; i++) {
        PyObject *item = PyTuple_GetItem(out, i);
        given[i] = item == Py_None ? NULL : item;
    }
    return 0;
}

static PyObject *object_of(struct output *out, const struct operand *like) {
    return out->given != NULL ? Py_NewRef(out->given) : smx_result_object(&out->operand, like);
}

PyObject *smx_outputs_object(struct output *out, int count, const struct operand *like) {
    if (count == 1) {
        return object_of(&out[0], like);
    }
    PyObject *results = PyTuple_New(count);
    for (int i = 0; results != NULL && i < count; i++) {
        PyObject *object = object_of(&out[i], like);
        if (object == NULL || PyTuple_SetItem(results, i, object) < 0) {
            Py_CLEAR(results);
        }
    }
    return results;
}
