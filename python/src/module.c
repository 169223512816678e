/* smx._core: the functions of the table, and what the library says about itself. */
#define SMX_PYTHON_MODULE
#include "errors.h"
#include "parts.h"
#include "result.h"

static PyObject *version(PyObject *self, PyObject *none) {
    (void)self, (void)none;
    return PyUnicode_FromString(smx_version());
}

static PyObject *isa(PyObject *self, PyObject *none) {
    (void)self, (void)none;
    const char *name = smx_isa();
    if (name == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "SMX_ISA in the environment names no instruction set of this machine");
        return NULL;
    }
    return PyUnicode_FromString(name);
}

static PyObject *isas(PyObject *self, PyObject *none) {
    (void)self, (void)none;
    PyObject *names = PyList_New(0);
    for (size_t i = 0; names != NULL && smx_isa_available(i) != NULL; i++) {
        PyObject *name = PyUnicode_FromString(smx_isa_available(i));
        if (name == NULL || PyList_Append(names, name) < 0) {
            Py_CLEAR(names);
        }
        Py_XDECREF(name);
    }
    return names;
}

static PyObject *threads(PyObject *self, PyObject *none) {
    (void)self, (void)none;
    return PyLong_FromUnsignedLong(smx_threads());
}

static PyObject *set_isa(PyObject *self, PyObject *name) {
    (void)self;
    PyObject *bytes = name == Py_None ? NULL : PyUnicode_AsUTF8String(name);
    if (name != Py_None && bytes == NULL) {
        PyErr_Clear(); /* before the code of name's repr runs */
        PyErr_Format(PyExc_TypeError, "smx.set_isa: name is %R, neither a str nor None", name);
        return NULL;
    }
    smx_status status = smx_isa_set(bytes == NULL ? NULL : PyBytes_AsString(bytes));
    Py_XDECREF(bytes);
    if (status != SMX_OK) {
        PyErr_Format(PyExc_ValueError, "smx.set_isa: name is %R: %s", name, smx_status_str(status));
        return NULL;
    }
    return Py_NewRef(Py_None);
}

static PyMethodDef about[] = {
    {"version", version, METH_NOARGS, "version($module)\n--\n\nThat of the C library."},
    {"isa", isa, METH_NOARGS, "isa($module)\n--\n\nThe instruction set in use."},
    {"isas", isas, METH_NOARGS, "isas($module)\n--\n\nThose that this build and this machine have, best first."},
    {"threads", threads, METH_NOARGS, "threads($module)\n--\n\nHow many a call uses at most by default."},
    {"set_isa", set_isa, METH_O,
     "set_isa($module, name, /)\n--\n\nUse that instruction set from now on; None: the best. The bits stay."},
    {NULL, NULL, 0, NULL},
};

/* Initialised in one phase: the types and names that it keeps are those of the process, as NumPy's are. */
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "smx._core", "The functions of libsmx over tensors.", -1, about, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__core(void);
PyMODINIT_FUNC PyInit__core(void) {
    import_array();
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL || smx_parameters_init() < 0 || smx_dlpack_init() < 0 || smx_memory_init() < 0 ||
        PyModule_AddFunctions(module, smx_functions) < 0 || PyModule_AddFunctions(module, smx_part_functions) < 0 ||
        PyModule_AddIntConstant(module, "_PART_MAXIMA", SMX_PART_MAXIMA) < 0 ||
        PyModule_AddIntConstant(module, "_PART_SUMS", SMX_PART_SUMS) < 0 ||
        PyModule_AddIntConstant(module, "_EXACT_SUM_WORDS", EXACT_SUM_WORDS) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
#ifdef Py_GIL_DISABLED
    PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
    return module;
}
