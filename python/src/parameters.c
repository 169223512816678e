#include "parameters.h"

#include "errors.h"

static const char *const spelt[PARAMETERS] = {PARAMETER_NAMES};
static PyObject *interned[PARAMETERS];

int smx_parameters_init(void) {
    for (int p = 0; p < PARAMETERS; p++) {
        interned[p] = PyUnicode_InternFromString(spelt[p]);
        if (interned[p] == NULL) {
            return -1;
        }
    }
    return 0;
}

const char *smx_parameter_name(enum parameter p) { return spelt[p]; }

/* Keywords in a program's text are interned; those of a dict need not be. */
static int find(PyObject *name) {
    for (int p = 0; p < PARAMETERS; p++) {
        if (interned[p] == name) {
            return p;
        }
    }
    for (int p = 0; p < PARAMETERS; p++) {
        if (PyUnicode_CompareWithASCIIString(name, spelt[p]) == 0) {
            return p;
        }
    }
    return PARAMETERS;
}

static int read_keywords(struct request *r, PyObject *const *values, PyObject *names) {
    Py_ssize_t count = names == NULL ? 0 : PyTuple_Size(names);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name = PyTuple_GetItem(names, i);
        int p = find(name);
        if (p == PARAMETERS || !in_set(r->f->taken, p)) {
            return smx_error(PyExc_TypeError, r->f, "there is no argument %R of this function", name);
        }
        if (r->given[p] != NULL) {
            return smx_error(PyExc_TypeError, r->f, "%s is given twice", spelt[p]);
        }
        r->given[p] = values[i];
    }
    return 0;
}

int smx_parameters_read(struct request *r, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    const struct function *f = r->f;
    if (count > f->positions) {
        return smx_error(PyExc_TypeError, f, "%zd arguments by position are too many: %d, the others by keyword", count,
                         f->positions);
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        r->given[f->positional[i]] = args[i];
    }
    if (read_keywords(r, args + count, names) < 0) {
        return -1;
    }
    for (int p = 0; p < PARAMETERS; p++) {
        if (r->given[p] == Py_None && p != PARAMETER_AXIS && p != PARAMETER_IGNORE_INDEX) {
            r->given[p] = NULL;
        }
    }
    for (int i = 0; i < f->inputs; i++) {
        if (r->given[f->positional[i]] == NULL) {
            return smx_error(PyExc_TypeError, f, "%s is missing, or None", spelt[f->positional[i]]);
        }
    }
    return 0;
}

int smx_parameter_double(const struct request *r, enum parameter p, double *value) {
    if (r->given[p] == NULL) {
        return 0;
    }
    *value = PyFloat_AsDouble(r->given[p]);
    if (*value == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        return smx_error(PyExc_TypeError, r->f, "%s is %R, not a number", spelt[p], r->given[p]);
    }
    return 0;
}

int smx_parameter_word(const struct request *r, enum parameter p, const char *const *words, int *value) {
    PyObject *given = r->given[p];
    if (given == NULL) {
        return 0;
    }
    if (!PyUnicode_Check(given)) {
        return smx_error(PyExc_TypeError, r->f, "%s is %R, not a str", spelt[p], given);
    }
    for (int i = 0; words[i] != NULL; i++) {
        if (PyUnicode_CompareWithASCIIString(given, words[i]) == 0) {
            *value = i;
            return 0;
        }
    }
    return smx_error(PyExc_ValueError, r->f, "%s is %R, which is no choice: '%s' or '%s', say", spelt[p], given,
                     words[0], words[1]);
}

int smx_parameter_bool(const struct request *r, enum parameter p, int *value) {
    if (r->given[p] == NULL) {
        return 0;
    }
    if (!PyBool_Check(r->given[p])) {
        return smx_error(PyExc_TypeError, r->f, "%s is %R, neither True nor False", spelt[p], r->given[p]);
    }
    *value = r->given[p] == Py_True;
    return 0;
}

int smx_parameter_integer(const struct request *r, enum parameter p, PyObject *object, long long *value) {
    PyObject *number = PyNumber_Index(object);
    if (number == NULL) {
        PyErr_Clear();
        return smx_error(PyExc_TypeError, r->f, "%s holds %R, which is no int", spelt[p], object);
    }
    int overflow;
    *value = PyLong_AsLongLongAndOverflow(number, &overflow);
    Py_DECREF(number);
    if (overflow != 0) {
        return smx_error(PyExc_ValueError, r->f, "%s holds %R, which has more than 64 bits", spelt[p], object);
    }
    return *value == -1 && PyErr_Occurred() ? -1 : 0;
}
