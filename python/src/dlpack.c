/* Tensors of other libraries: by DLPack's C exchange, or by __dlpack__. */
#include "errors.h"
#include "operand.h"

#include <string.h>

static PyObject *exchange_name, *requires_grad, *is_neg;

int smx_dlpack_init(void) {
    exchange_name = PyUnicode_InternFromString("__dlpack_c_exchange_api__");
    requires_grad = PyUnicode_InternFromString("requires_grad");
    is_neg = PyUnicode_InternFromString("is_neg");
    return exchange_name == NULL || requires_grad == NULL || is_neg == NULL ? -1 : 0;
}

static const DLPackExchangeAPI *look_up(PyTypeObject *type) {
    PyObject *capsule = PyObject_GetAttr((PyObject *)type, exchange_name);
    const DLPackExchangeAPIHeader *api = NULL;
    if (capsule != NULL) {
        api = PyCapsule_GetPointer(capsule, "dlpack_exchange_api");
        Py_DECREF(capsule); /* the table lives as long as the process */
    }
    PyErr_Clear();
    while (api != NULL && api->version.major != DLPACK_MAJOR_VERSION) {
        api = api->prev_api;
    }
    return (const DLPackExchangeAPI *)api;
}

const DLPackExchangeAPI *smx_exchange_of(PyTypeObject *type) {
    static _Thread_local PyTypeObject *last; /* held, so that no other type takes its address */
    static _Thread_local const DLPackExchangeAPI *of_last;
    if (type == last) {
        return of_last;
    }
    const DLPackExchangeAPI *api = look_up(type);
    if (api != NULL) {
        Py_XDECREF((PyObject *)last);
        last = (PyTypeObject *)Py_NewRef((PyObject *)type);
        of_last = api;
    }
    return api;
}

/* Shape and strides are copied: they belong to the object, which another thread may reshape. */
static int take(struct operand *o, const struct function *f, const char *name, const DLTensor *t) {
    if (t->device.device_type != kDLCPU && t->device.device_type != kDLCUDAHost &&
        t->device.device_type != kDLROCMHost) {
        return smx_error_device(f, name, (int)t->device.device_type);
    }
    if (t->ndim > OPERAND_NDIM) {
        return smx_error(PyExc_ValueError, f, "%s has %d dimensions; at most %d will do", name, t->ndim, OPERAND_NDIM);
    }
    o->tensor = *t;
    o->tensor.shape = o->shape;
    o->tensor.strides = t->strides == NULL ? NULL : o->strides;
    if (t->ndim > 0) {
        memcpy(o->shape, t->shape, (size_t)t->ndim * sizeof *o->shape);
        if (t->strides != NULL) {
            memcpy(o->strides, t->strides, (size_t)t->ndim * sizeof *o->strides);
        }
    }
    return 0;
}

/* What no export of PyTorch's asks: a result without its history would be a gradient lost in silence, and the
 * elements of a view that is negated lazily (the imag of a conj) lie there with the other sign. */
static int refuse_state(const struct operand *o, const struct function *f, const char *name) {
    PyObject *required = PyObject_GetAttr(o->object, requires_grad);
    PyObject *negated = required == NULL ? NULL : PyObject_CallMethodObjArgs(o->object, is_neg, NULL);
    PyErr_Clear(); /* of those that do not exist */
    bool grad = required == Py_True, neg = negated == Py_True;
    Py_XDECREF(required);
    Py_XDECREF(negated);
    if (grad) {
        return smx_error(PyExc_TypeError, f,
                         "%s requires grad, of which this function knows nothing: take smx.torch, or %s.detach()", name,
                         name);
    }
    if (neg) {
        return smx_error(PyExc_TypeError, f, "%s is a view that is negated lazily: pass %s.resolve_neg()", name, name);
    }
    return 0;
}

int smx_operand_read_exchange(struct operand *o, const struct function *f, const char *name) {
    DLTensor view;
    o->kind = KIND_EXCHANGE;
    o->read_only = false;
    if (refuse_state(o, f, name) < 0) {
        return -1;
    }
    if (o->exchange->dltensor_from_py_object_no_sync != NULL) {
        if (o->exchange->dltensor_from_py_object_no_sync(o->object, &view) != 0) {
            return smx_error_from(PyExc_TypeError, f, name);
        }
        return take(o, f, name, &view);
    }
    if (o->exchange->managed_tensor_from_py_object_no_sync(o->object, &o->versioned) != 0) {
        o->versioned = NULL;
        return smx_error_from(PyExc_TypeError, f, name);
    }
    return take(o, f, name, &o->versioned->dl_tensor);
}

/* Before the export, which may copy or fail for another device. */
static int check_device(const struct operand *o, const struct function *f, const char *name) {
    PyObject *device = PyObject_CallMethod(o->object, "__dlpack_device__", NULL);
    int type, number;
    if (device == NULL || !PyArg_ParseTuple(device, "ii", &type, &number)) {
        Py_XDECREF(device);
        return smx_error_from(PyExc_TypeError, f, name);
    }
    Py_DECREF(device);
    return type == kDLCPU || type == kDLCUDAHost || type == kDLROCMHost ? 0 : smx_error_device(f, name, type);
}

static PyObject *export(PyObject *object) {
    PyObject *method = PyObject_GetAttrString(object, "__dlpack__"), *none = PyTuple_New(0), *capsule = NULL;
    PyObject *newest = Py_BuildValue("{s(ii)}", "max_version", DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION);
    if (method != NULL && none != NULL && newest != NULL) {
        capsule = PyObject_Call(method, none, newest);
        if (capsule == NULL && PyErr_ExceptionMatches(PyExc_TypeError)) { /* older than DLPack 1 */
            PyErr_Clear();
            capsule = PyObject_Call(method, none, NULL);
        }
    }
    Py_XDECREF(method);
    Py_XDECREF(none);
    Py_XDECREF(newest);
    return capsule;
}

/* Takes what is in the capsule, which then holds nothing. */
static int open_capsule_locked(struct operand *o, PyObject *capsule) {
    if (PyCapsule_IsValid(capsule, "dltensor_versioned")) {
        o->versioned = PyCapsule_GetPointer(capsule, "dltensor_versioned");
        o->read_only = (o->versioned->flags & DLPACK_FLAG_BITMASK_READ_ONLY) != 0;
        return PyCapsule_SetName(capsule, "used_dltensor_versioned");
    }
    o->managed = PyCapsule_GetPointer(capsule, "dltensor");
    o->read_only = false;
    return o->managed == NULL ? -1 : PyCapsule_SetName(capsule, "used_dltensor");
}

/* An object may give the same capsule to two threads: one of them finds it empty. */
static int open_capsule(struct operand *o, PyObject *capsule) {
    int status;
    Py_BEGIN_CRITICAL_SECTION(capsule);
    status = open_capsule_locked(o, capsule);
    Py_END_CRITICAL_SECTION();
    return status;
}

int smx_operand_read_dlpack(struct operand *o, const struct function *f, const char *name) {
    o->kind = KIND_DLPACK;
    if (refuse_state(o, f, name) < 0 || check_device(o, f, name) < 0) {
        return -1;
    }
    PyObject *capsule = export(o->object);
    if (capsule == NULL || open_capsule(o, capsule) < 0) {
        Py_XDECREF(capsule);
        return smx_error_from(PyExc_TypeError, f, name);
    }
    Py_DECREF(capsule);
    if (o->versioned != NULL && o->versioned->version.major != DLPACK_MAJOR_VERSION) {
        return smx_error(PyExc_TypeError, f, "%s speaks DLPack %u, not 1", name, o->versioned->version.major);
    }
    return take(o, f, name, o->versioned != NULL ? &o->versioned->dl_tensor : &o->managed->dl_tensor);
}
