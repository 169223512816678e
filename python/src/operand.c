#include "operand.h"

#include "errors.h"
#include "parameters.h"

/* ml_dtypes' bfloat16, which NumPy knows by its scalar type alone. */
static bool is_bfloat16(const PyArray_Descr *descr) {
    static _Thread_local const PyTypeObject *known;
    if (descr->typeobj == known) {
        return true;
    }
    if (!PyTypeNum_ISUSERDEF(descr->type_num)) {
        return false;
    }
    PyObject *name = PyType_GetName(descr->typeobj);
    bool is = name != NULL && PyUnicode_CompareWithASCIIString(name, "bfloat16") == 0;
    Py_XDECREF(name);
    if (is) {
        known = descr->typeobj; /* never freed: NumPy keeps a registered type for good */
    }
    return is;
}

/* lanes 0: DLPack has no such type. */
static DLDataType dtype_of(PyArrayObject *array) {
    const PyArray_Descr *descr = PyArray_DESCR(array);
    uint8_t bits = (uint8_t)(8 * PyArray_ITEMSIZE(array));
    switch (descr->kind) {
    case 'f':
        return (DLDataType){kDLFloat, bits, 1};
    case 'i':
        return (DLDataType){kDLInt, bits, 1};
    case 'u':
        return (DLDataType){kDLUInt, bits, 1};
    case 'b':
        return (DLDataType){kDLBool, bits, 1};
    case 'c':
        return (DLDataType){kDLComplex, bits, 1};
    default:
        return is_bfloat16(descr) ? (DLDataType){kDLBfloat, 16, 1} : (DLDataType){0, 0, 0};
    }
}

int smx_operand_read_numpy(struct operand *o, const struct function *f, const char *name, PyArrayObject *array) {
    int ndim = PyArray_NDIM(array);
    const npy_intp size = PyArray_ITEMSIZE(array), *shape = PyArray_DIMS(array), *strides = PyArray_STRIDES(array);
    DLDataType dtype = dtype_of(array);
    if (dtype.lanes == 0) {
        return smx_error(PyExc_TypeError, f, "%s has elements of %S, which are no numbers", name, PyArray_DESCR(array));
    }
    if (!PyArray_ISNBO(PyArray_DESCR(array)->byteorder)) {
        return smx_error(PyExc_TypeError, f, "%s has the bytes of its elements in another machine's order (%S)", name,
                         PyArray_DESCR(array));
    }
    if (ndim > OPERAND_NDIM) {
        return smx_error(PyExc_ValueError, f, "%s has %d dimensions; at most %d will do", name, ndim, OPERAND_NDIM);
    }
    for (int d = 0; d < ndim; d++) { /* copies: another thread may reshape the array while the lock is given back */
        o->shape[d] = shape[d];
        o->strides[d] = strides[d] / size;
        if (strides[d] % size != 0 && shape[d] > 1) {
            return smx_error(PyExc_ValueError, f, "%s has elements that lie %zd bytes apart, no multiple of their size",
                             name, (Py_ssize_t)strides[d]);
        }
    }
    o->kind = KIND_NUMPY;
    o->read_only = !PyArray_ISWRITEABLE(array);
    o->tensor = (DLTensor){.data = PyArray_DATA(array),
                           .device = {kDLCPU, 0},
                           .ndim = ndim,
                           .dtype = dtype,
                           .shape = o->shape,
                           .strides = o->strides};
    return 0;
}

static void replace(struct operand *o, PyObject *object) {
    Py_DECREF(o->object);
    o->object = object;
}

/* What is no array: a list, a number, a buffer, what has __array__. Integers where floats are wanted become doubles if
 * they were written as Python's. */
static int read_other(struct operand *o, const struct function *f, const char *name, PyObject *object,
                      enum elements elements) {
    PyObject *array = PyArray_FromAny(object, NULL, 0, 0, 0, NULL);
    if (array == NULL) {
        return smx_error_from(PyExc_TypeError, f, name);
    }
    replace(o, array);
    char kind = PyArray_DESCR((PyArrayObject *)array)->kind;
    if (kind == 'O' || kind == 'U' || kind == 'S') {
        PyObject *type = (PyObject *)Py_TYPE(object);
        return smx_error(PyExc_TypeError, f, "%s is no array of numbers, but %R of %S", name, object, type);
    }
    bool written = PyList_Check(object) || PyTuple_Check(object) || PyLong_Check(object);
    bool integers = kind == 'i' || kind == 'u' || kind == 'b';
    if (elements == ELEMENTS_FLOAT && integers && written) {
        array = PyArray_FromAny(object, PyArray_DescrFromType(NPY_DOUBLE), 0, 0, 0, NULL);
        if (array == NULL) {
            return -1;
        }
        replace(o, array);
    }
    return smx_operand_read_numpy(o, f, name, (PyArrayObject *)o->object);
}

int smx_operand_read(struct operand *o, const struct function *f, enum parameter p, PyObject *object,
                     enum elements elements) {
    const char *name = smx_parameter_name(p);
    smx_operand_clear(o);
    o->object = Py_NewRef(object);
    if (PyArray_Check(object)) {
        if (!PyArray_CheckExact(object) && PyObject_HasAttrString(object, "_mask")) {
            return smx_error(PyExc_TypeError, f, "%s is a masked array: pass its data, and mask=~its mask", name);
        }
        return smx_operand_read_numpy(o, f, name, (PyArrayObject *)object);
    }
    o->exchange = smx_exchange_of(Py_TYPE(object));
    if (o->exchange != NULL) {
        return smx_operand_read_exchange(o, f, name);
    }
    if (PyObject_HasAttrString(object, "__dlpack__") && !PyArray_IsScalar(object, Generic)) {
        return smx_operand_read_dlpack(o, f, name);
    }
    return read_other(o, f, name, object, elements);
}

int smx_operand_read_beside(struct operand *o, const struct function *f, enum parameter p, PyObject *object,
                            enum elements elements, const DLTensor *first) {
    if (elements != ELEMENTS_FLOAT || (!PyFloat_Check(object) && !PyLong_Check(object))) {
        return smx_operand_read(o, f, p, object, elements);
    }
    smx_operand_clear(o);
    double value = PyFloat_AsDouble(object);
    if (value == -1 && PyErr_Occurred()) {
        return smx_error_from(PyExc_ValueError, f, smx_parameter_name(p));
    }
    bool wide = first->dtype.code == kDLFloat && first->dtype.bits == 64;
    if (wide) {
        o->number.f64 = value;
    } else {
        o->number.f32 = (float)value;
    }
    o->tensor = (DLTensor){
        .data = &o->number, .device = {kDLCPU, 0}, .dtype = {kDLFloat, wide ? 64 : 32, 1}, .shape = o->shape};
    return 0;
}

void smx_operand_release(struct operand *o) {
    if (o->managed != NULL && o->managed->deleter != NULL) {
        o->managed->deleter(o->managed);
    }
    if (o->versioned != NULL && o->versioned->deleter != NULL) {
        o->versioned->deleter(o->versioned);
    }
    Py_XDECREF(o->object);
    smx_operand_clear(o);
}
