/* Memory that speaks DLPack, from which a namespace's from_dlpack makes a result of its own kind. NumPy could give it
 * for any type but bfloat16, which it does not export. */
#include "result.h"

#include <stdlib.h>
#include <string.h>

struct memory {
    PyObject object;
    void *data;
    DLDataType dtype;
    int ndim;
    int64_t shape[OPERAND_NDIM], strides[OPERAND_NDIM];
};

/* One export: of either generation, and what it holds alive. */
struct export {
    DLManagedTensorVersioned versioned;
    DLManagedTensor managed;
    struct memory *memory;
};

static void delete_export(struct export *e) {
    PyGILState_STATE state = PyGILState_Ensure();
    Py_DECREF((PyObject *)e->memory);
    PyGILState_Release(state);
    free(e);
}

static void delete_versioned(DLManagedTensorVersioned *self) { delete_export(self->manager_ctx); }
static void delete_managed(DLManagedTensor *self) { delete_export(self->manager_ctx); }

/* Of a capsule that nobody took. */
static void forget(PyObject *capsule) {
    const char *name = PyCapsule_GetName(capsule);
    if (name != NULL && strncmp(name, "used", 4) != 0) {
        delete_export(PyCapsule_GetContext(capsule));
    }
}

static DLTensor view_of(struct memory *m) {
    return (DLTensor){.data = m->data,
                      .device = {kDLCPU, 0},
                      .ndim = m->ndim,
                      .dtype = m->dtype,
                      .shape = m->shape,
                      .strides = m->strides};
}

static bool speaks_version_1(PyObject *keywords) {
    PyObject *version = keywords == NULL ? NULL : PyMapping_GetItemString(keywords, "max_version");
    PyObject *major = version != NULL && PyTuple_Check(version) ? PyTuple_GetItem(version, 0) : NULL;
    bool speaks = major != NULL && PyLong_Check(major) && PyLong_AsLong(major) >= 1;
    Py_XDECREF(version);
    PyErr_Clear(); /* there is none, or a number beyond all versions */
    return speaks;
}

static PyObject *dlpack(PyObject *self, PyObject *args, PyObject *keywords) {
    (void)args;
    bool version_1 = speaks_version_1(keywords);
    struct export *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return PyErr_NoMemory();
    }
    e->memory = (struct memory *)Py_NewRef(self);
    e->managed = (DLManagedTensor){view_of(e->memory), e, delete_managed};
    e->versioned = (DLManagedTensorVersioned){
        {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION}, e, delete_versioned, 0, view_of(e->memory)};
    void *content = version_1 ? (void *)&e->versioned : (void *)&e->managed;
    PyObject *capsule = PyCapsule_New(content, version_1 ? "dltensor_versioned" : "dltensor", forget);
    if (capsule == NULL || PyCapsule_SetContext(capsule, e) < 0) {
        Py_XDECREF(capsule);
        delete_export(e);
        return NULL;
    }
    return capsule;
}

static PyObject *device(PyObject *self, PyObject *none) {
    (void)self, (void)none;
    return Py_BuildValue("(ii)", (int)kDLCPU, 0);
}

static void deallocate(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    free(((struct memory *)self)->data);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"__dlpack__", (PyCFunction)(void (*)(void))dlpack, METH_VARARGS | METH_KEYWORDS, NULL},
    {"__dlpack_device__", device, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot slots[] = {
    {Py_tp_methods, methods},
    /* A function as a void pointer, as Python wants it, for which ISO C has no cast. */
    {Py_tp_dealloc, (void *)(uintptr_t)deallocate}, /* NOLINT(performance-no-int-to-ptr) */
    {0, NULL},
};
static PyType_Spec spec = {"smx._core.Memory", sizeof(struct memory), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
static PyTypeObject *type_of_memory;

int smx_memory_init(void) {
    type_of_memory = (PyTypeObject *)PyType_FromSpec(&spec);
    return type_of_memory == NULL ? -1 : 0;
}

PyObject *smx_memory_new(DLDataType dtype, int ndim, const int64_t *shape, DLTensor *view) {
    struct memory *m = PyObject_New(struct memory, type_of_memory);
    if (m == NULL) {
        return NULL;
    }
    enum { ALIGNMENT = 64 }; /* else JAX would copy */
    size_t bytes = dtype.bits / 8;
    int64_t stride = 1;
    bool overflow = false;
    for (int d = ndim - 1; d >= 0; d--) {
        m->shape[d] = shape[d];
        m->strides[d] = stride;
        overflow |= shape[d] != 0 && bytes > (PTRDIFF_MAX - ALIGNMENT) / (size_t)shape[d];
        bytes *= overflow ? 0 : (size_t)shape[d];
        stride *= overflow || shape[d] == 0 ? 1 : shape[d];
    }
    m->dtype = dtype;
    m->ndim = ndim;
    m->data = overflow ? NULL : aligned_alloc(ALIGNMENT, (bytes / ALIGNMENT + 1) * ALIGNMENT);
    if (m->data == NULL) {
        Py_DECREF((PyObject *)m);
        return PyErr_NoMemory();
    }
    *view = view_of(m);
    return (PyObject *)m;
}
