/* Exact sums (smx/exact_sum.h) in arrays: sum k is row k of a matrix of 64-bit integers. */
#include "parts.h"

bool smx_buffer_has(const Py_buffer *view, char type) {
    const char *format = view->format == NULL ? "B" : view->format;
    bool same = format[0] == type || (type == 'q' && format[0] == 'l' && view->itemsize == 8);
    return same && format[1] == '\0';
}

enum { VIEWS = 3 };

/* Buffers of a call: sums of a type 'q', and values of 'f' or 'd' as the last of `count`. */
struct views {
    Py_buffer view[VIEWS];
    int count;
    size_t sums, length; /* how many; the length of a row of the values */
    bool f64;
};

static int fail(const char *why) {
    PyErr_Format(PyExc_ValueError, "smx: %s", why);
    return -1;
}

static int read_views(struct views *v, PyObject *args, int count, bool rows) {
    PyObject *given[VIEWS] = {NULL, NULL, NULL};
    v->count = 0;
    if (!PyArg_ParseTuple(args, count == 2 ? "OO" : "OOO", &given[0], &given[1], &given[2])) {
        return -1;
    }
    for (int i = 0; i < count; i++) {
        bool written = rows ? i == 0 : i == count - 1;
        if (PyObject_GetBuffer(given[i], &v->view[i],
                               PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (written ? PyBUF_WRITABLE : 0)) < 0) {
            return -1;
        }
        v->count = i + 1;
    }
    const Py_buffer *values = &v->view[count - 1];
    v->f64 = smx_buffer_has(values, 'd');
    if (!v->f64 && !smx_buffer_has(values, 'f')) {
        return fail("values are neither f32 nor f64");
    }
    v->sums = (size_t)v->view[0].len / sizeof(smx_exact_sum);
    size_t elements = (size_t)(values->len / values->itemsize);
    v->length = v->sums == 0 ? 0 : elements / v->sums;
    for (int i = 0; i < count - 1; i++) {
        if (!smx_buffer_has(&v->view[i], 'q') || (size_t)v->view[i].len != v->sums * sizeof(smx_exact_sum)) {
            return fail("sums are no matrix of 64-bit integers");
        }
    }
    return elements == v->sums * (rows ? v->length : 1) ? 0 : fail("there are not as many values as sums");
}

static PyObject *finish(struct views *v, smx_status status) {
    for (int i = 0; i < v->count; i++) {
        PyBuffer_Release(&v->view[i]);
    }
    if (PyErr_Occurred() != NULL) {
        return NULL;
    }
    if (status != SMX_OK) {
        fail(smx_status_str(status));
        return NULL;
    }
    return Py_NewRef(Py_None);
}

PyObject *smx_exact_sum_add(PyObject *self, PyObject *args) {
    (void)self;
    struct views v;
    smx_status status = SMX_OK;
    if (read_views(&v, args, 2, true) == 0) {
        smx_exact_sum *sums = v.view[0].buf;
        Py_BEGIN_ALLOW_THREADS for (size_t k = 0; k < v.sums && status == SMX_OK; k++) {
            size_t at = k * v.length;
            status = v.f64 ? smx_exact_sum_add_f64(&sums[k], v.length, (const double *)v.view[1].buf + at)
                           : smx_exact_sum_add_f32(&sums[k], v.length, (const float *)v.view[1].buf + at);
        }
        Py_END_ALLOW_THREADS
    }
    return finish(&v, status);
}

PyObject *smx_exact_sum_value(PyObject *self, PyObject *args) {
    (void)self;
    struct views v;
    smx_status status = SMX_OK;
    if (read_views(&v, args, 2, false) == 0) {
        const smx_exact_sum *sums = v.view[0].buf;
        for (size_t k = 0; k < v.sums && status == SMX_OK; k++) {
            status = v.f64 ? smx_exact_sum_value_f64(&sums[k], (double *)v.view[1].buf + k)
                           : smx_exact_sum_value_f32(&sums[k], (float *)v.view[1].buf + k);
        }
    }
    return finish(&v, status);
}

PyObject *smx_exact_sum_ratio(PyObject *self, PyObject *args) {
    (void)self;
    struct views v;
    smx_status status = SMX_OK;
    if (read_views(&v, args, 3, false) == 0) {
        const smx_exact_sum *sums = v.view[0].buf, *divisors = v.view[1].buf;
        for (size_t k = 0; k < v.sums && status == SMX_OK; k++) {
            status = v.f64 ? smx_exact_sum_ratio_f64(&sums[k], &divisors[k], (double *)v.view[2].buf + k)
                           : smx_exact_sum_ratio_f32(&sums[k], &divisors[k], (float *)v.view[2].buf + k);
        }
    }
    return finish(&v, status);
}
