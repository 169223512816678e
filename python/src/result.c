#include "result.h"

#include "errors.h"

/* Which it is no more if it was reshaped since it was read, by another thread or by what reading the others ran. */
static bool has_shape(PyArrayObject *array, int ndim, const int64_t *shape) {
    return PyArray_NDIM(array) == ndim && PyArray_CompareLists(PyArray_DIMS(array), (const npy_intp *)shape, ndim);
}

static PyObject *new_numpy(const struct operand *like, DLDataType dtype, int ndim, int64_t *shape) {
    PyArrayObject *prototype = (PyArrayObject *)like->object;
    int type = dtype.code == kDLBool ? NPY_BOOL : NPY_INT64;
    if (dtype.code == like->tensor.dtype.code && dtype.bits == like->tensor.dtype.bits) {
        PyArray_Descr *descr = PyArray_DESCR(prototype);
        if (shape == like->tensor.shape && PyArray_CheckExact(prototype) && has_shape(prototype, ndim, shape)) {
            return PyArray_NewLikeArray(prototype, NPY_KEEPORDER, NULL, 0);
        }
        Py_INCREF((PyObject *)descr); /* which the next call takes */
        return PyArray_NewFromDescr(&PyArray_Type, descr, ndim, (npy_intp *)shape, NULL, NULL, 0, NULL);
    }
    return PyArray_New(&PyArray_Type, ndim, (npy_intp *)shape, type, NULL, NULL, 0, 0, NULL);
}

static void set_error(void *context, const char *kind, const char *message) {
    (void)context;
    PyGILState_STATE state = PyGILState_Ensure();
    PyErr_Format(PyExc_MemoryError, "%s: %s", kind, message);
    PyGILState_Release(state);
}

int smx_result_new(struct operand *o, const struct function *f, const struct operand *like, DLDataType dtype, int ndim,
                   int64_t *shape) {
    DLTensor wanted = {.device = {kDLCPU, 0}, .ndim = ndim, .dtype = dtype, .shape = shape};
    smx_operand_clear(o);
    o->read_only = false;
    o->kind = like->kind;
    switch (like->kind) {
    case KIND_NUMPY:
        o->object = new_numpy(like, dtype, ndim, shape);
        return o->object == NULL ? -1 : smx_operand_read_numpy(o, f, "the result", (PyArrayObject *)o->object);
    case KIND_EXCHANGE:
        o->exchange = like->exchange;
        if (o->exchange->managed_tensor_allocator(&wanted, &o->versioned, NULL, set_error) != 0) {
            o->versioned = NULL;
            return -1;
        }
        o->tensor = o->versioned->dl_tensor;
        return 0;
    default:
        o->object = smx_memory_new(dtype, ndim, shape, &o->tensor);
        return o->object == NULL ? -1 : 0;
    }
}

/* from_dlpack of the package that a class is from, or null without an exception. */
static PyObject *from_dlpack_of(PyObject *class) {
    PyObject *module = PyObject_GetAttrString(class, "__module__");
    PyObject *parts = module == NULL ? NULL : PyObject_CallMethod(module, "partition", "s", ".");
    PyObject *root = parts == NULL ? NULL : PyTuple_GetItem(parts, 0);
    PyObject *package = root == NULL ? NULL : PyImport_Import(root);
    PyObject *function = package == NULL ? NULL : PyObject_GetAttrString(package, "from_dlpack");
    Py_XDECREF(module);
    Py_XDECREF(parts);
    Py_XDECREF(package);
    PyErr_Clear();
    return function;
}

/* For an object that has no namespace of the array API: of the first of its classes that has one, else NumPy's. */
static PyObject *from_dlpack_for(PyObject *object) {
    PyObject *classes = PyObject_GetAttrString((PyObject *)Py_TYPE(object), "__mro__"), *function = NULL;
    Py_ssize_t count = classes == NULL ? 0 : PyTuple_Size(classes);
    for (Py_ssize_t i = 0; i < count && function == NULL; i++) {
        function = from_dlpack_of(PyTuple_GetItem(classes, i));
    }
    Py_XDECREF(classes);
    return function != NULL ? function : from_dlpack_of((PyObject *)&PyArray_Type);
}

/* The memory as an array of the other's namespace, on its device: there may be several that are this memory. */
static PyObject *array_from(PyObject *memory, PyObject *like) {
    PyObject *space = PyObject_CallMethod(like, "__array_namespace__", NULL);
    if (space == NULL) {
        PyErr_Clear();
        PyObject *from_dlpack = from_dlpack_for(like);
        PyObject *made = from_dlpack == NULL ? NULL : PyObject_CallFunctionObjArgs(from_dlpack, memory, NULL);
        Py_XDECREF(from_dlpack);
        return made;
    }
    PyObject *function = PyObject_GetAttrString(space, "from_dlpack"), *device = PyObject_GetAttrString(like, "device");
    PyObject *args = Py_BuildValue("(O)", memory);
    PyObject *keywords = device == NULL ? NULL : Py_BuildValue("{sO}", "device", device);
    PyObject *made = NULL;
    if (function != NULL && args != NULL && keywords != NULL) {
        made = PyObject_Call(function, args, keywords);
    }
    Py_XDECREF(space);
    Py_XDECREF(function);
    Py_XDECREF(device);
    Py_XDECREF(args);
    Py_XDECREF(keywords);
    return made;
}

PyObject *smx_result_object(struct operand *o, const struct operand *like) {
    if (o->kind == KIND_NUMPY) {
        PyObject *array = o->object;
        o->object = NULL;
        return PyArray_Return((PyArrayObject *)array); /* a scalar, if it has no dimensions */
    }
    if (o->kind == KIND_EXCHANGE) {
        void *object = NULL;
        DLManagedTensorVersioned *given = o->versioned;
        o->versioned = NULL; /* taken also on failure */
        return o->exchange->managed_tensor_to_py_object_no_sync(given, &object) == 0 ? object : NULL;
    }
    return array_from(o->object, like->object);
}
