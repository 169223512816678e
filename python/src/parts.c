/* Rows in parts and exact sums (smx/parts.h, smx/exact_sum.h), for the Python that puts parts on ranks and workers. The
 * arrays are buffers in C order. Private to the package, which has seen to shapes and types; what would make these
 * functions leave a buffer is refused here once more. */
#include "parts.h"

#include <string.h>

/* ---- Buffers ----------------------------------------------------------------------------------------------------- */

enum array {
    X,
    MAXIMA,
    SUMS,
    LABELS,
    TARGETS,
    WEIGHTS,
    DLOSS,
    BATCH_WEIGHT,
    Y, /* from here on: outputs */
    LOSS,
    REDUCED,
    LSE,
    WEIGHT_SUM,
    LOSS_SUM,
    ARRAYS
};
static char *const names[] = {"step",    "x",          "maxima",       "sums",      "labels",       "targets",
                              "weights", "dloss",      "batch_weight", "y",         "loss",         "reduced",
                              "lse",     "weight_sum", "loss_sum",     "row_n",     "first",        "smoothing",
                              "z_loss",  "softcap",    "scale",        "reduction", "ignore_index", NULL};

struct call {
    const char *step;
    PyObject *given[ARRAYS];
    Py_buffer view[ARRAYS]; /* with a null obj: not given */
    size_t rows, n;
    Py_ssize_t row_n, first;
    double smoothing, z_loss, softcap, scale;
    int reduction;
    long long ignore_index;
};

/* The buffer of an array with at least `count` elements of the type: 'f', 'd', or 'q' for 64-bit integers. */
static int take(struct call *c, enum array a, char type, size_t count) {
    if (c->given[a] == NULL || c->given[a] == Py_None) {
        return 0;
    }
    bool written = a == MAXIMA || a == SUMS || a >= Y;
    int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (written ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(c->given[a], &c->view[a], flags) < 0) {
        return -1;
    }
    if (!smx_buffer_has(&c->view[a], type) || (size_t)(c->view[a].len / c->view[a].itemsize) < count) {
        PyErr_Format(PyExc_ValueError, "smx: %s has not %zu elements of type %c", names[a + 1], count, type);
        return -1;
    }
    return 0;
}

static void *data(const struct call *c, enum array a) { return c->view[a].obj == NULL ? NULL : c->view[a].buf; }

/* ---- A step on a part -------------------------------------------------------------------------------------------- */

#define STEPS(real, suffix)                                                                                         \
    static smx_status take_step_##suffix(const struct call *c) {                                                    \
        smx_options opt = SMX_OPTIONS_INIT;                                                                         \
        smx_part part = SMX_PART_INIT;                                                                              \
        smx_cross_entropy_args_##suffix ce = SMX_SIZED(smx_cross_entropy_args_##suffix);                            \
        size_t rows = c->rows, n = c->n;                                                                            \
        const real *x = data(c, X);                                                                                 \
        real *y = data(c, Y), scale = (real)c->scale;                                                               \
        const char *step = c->step;                                                                                 \
        bool entropy = data(c, LABELS) != NULL || data(c, TARGETS) != NULL;                                         \
        opt.scale = scale == 1 ? NULL : &scale;                                                                     \
        opt.softcap = c->softcap;                                                                                   \
        part.row_n = (size_t)c->row_n;                                                                              \
        part.first = (size_t)c->first;                                                                              \
        part.maxima = data(c, MAXIMA);                                                                              \
        part.sums = data(c, SUMS);                                                                                  \
        part.kind = step[0] == 's' ? SMX_PART_SOFTMAX : SMX_PART_LOGARITHMS;                                        \
        step += part.kind == SMX_PART_SOFTMAX ? 1 : 0;                                                              \
        ce.labels_i64 = data(c, LABELS);                                                                            \
        ce.targets = data(c, TARGETS);                                                                              \
        ce.ldt = ce.lddx = n;                                                                                       \
        ce.use_ignore_index = ce.labels_i64 != NULL;                                                                \
        ce.ignore_index = c->ignore_index;                                                                          \
        ce.class_weights = data(c, WEIGHTS);                                                                        \
        ce.smoothing = (real)c->smoothing;                                                                          \
        ce.z_loss = (real)c->z_loss;                                                                                \
        ce.reduction = (smx_reduction)c->reduction;                                                                 \
        ce.dloss = data(c, DLOSS);                                                                                  \
        ce.batch_weight = data(c, BATCH_WEIGHT);                                                                    \
        ce.dx = y;                                                                                                  \
        ce.loss = data(c, LOSS);                                                                                    \
        ce.reduced = data(c, REDUCED);                                                                              \
        ce.lse = data(c, LSE);                                                                                      \
        ce.weight_sum = data(c, WEIGHT_SUM);                                                                        \
        ce.loss_sum = data(c, LOSS_SUM);                                                                            \
        switch (step[0]) {                                                                                          \
        case '1':                                                                                                   \
        case '2':                                                                                                   \
        case '3':                                                                                                   \
            return smx_part_maxima_##suffix(step[0] - '0', rows, n, x, n, entropy ? &ce : NULL, &part, &opt);       \
        case '+':                                                                                                   \
            return smx_part_sums_##suffix(rows, n, x, n, entropy ? &ce : NULL, &part, &opt);                        \
        case 'y':                                                                                                   \
            return part.kind == SMX_PART_SOFTMAX ? smx_softmax_part_##suffix(rows, n, x, n, y, n, &part, &opt)      \
                                                 : smx_log_softmax_part_##suffix(rows, n, x, n, y, n, &part, &opt); \
        case 'l':                                                                                                   \
            return smx_logsumexp_part_##suffix(rows, data(c, LSE), &part, NULL);                                    \
        default:                                                                                                    \
            return smx_cross_entropy_part_##suffix(rows, n, x, n, &ce, &part, &opt);                                \
        }                                                                                                           \
    }
STEPS(float, f32)
STEPS(double, f64)
#undef STEPS

static int take_all(struct call *c, char type) {
    size_t all = c->rows * c->n, dloss = c->reduction == SMX_REDUCTION_NONE ? c->rows : 1;
    const struct {
        enum array array;
        char type;
        size_t count;
    } rest[] = {{MAXIMA, 'q', c->rows * SMX_PART_MAXIMA},
                {SUMS, 'q', c->rows * SMX_PART_SUMS},
                {LABELS, 'q', c->rows},
                {TARGETS, type, all},
                {WEIGHTS, type, (size_t)c->row_n},
                {DLOSS, type, dloss},
                {BATCH_WEIGHT, 'q', EXACT_SUM_WORDS},
                {Y, type, all},
                {LOSS, type, c->rows},
                {REDUCED, type, 1},
                {LSE, type, c->rows},
                {WEIGHT_SUM, 'q', EXACT_SUM_WORDS},
                {LOSS_SUM, 'q', EXACT_SUM_WORDS}};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        if (take(c, rest[i].array, rest[i].type, rest[i].count) < 0) {
            return -1;
        }
    }
    return 0;
}

static PyObject *raise(smx_status status) {
    PyObject *type = status == SMX_ERROR_LABEL ? PyExc_IndexError : PyExc_ValueError;
    PyErr_Format(type, "smx: %s: %s", smx_refused(), smx_status_str(status));
    return NULL;
}

static PyObject *compute(struct call *c) {
    smx_status status;
    if (PyObject_GetBuffer(c->given[X], &c->view[X], PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0) {
        return NULL;
    }
    bool f64 = smx_buffer_has(&c->view[X], 'd');
    if (c->view[X].ndim != 2 || c->row_n < 0 || c->first < 0 || !(f64 || smx_buffer_has(&c->view[X], 'f'))) {
        PyErr_SetString(PyExc_ValueError, "smx: x is no matrix of f32 or f64");
        return NULL;
    }
    c->rows = (size_t)c->view[X].shape[0];
    c->n = (size_t)c->view[X].shape[1];
    if (take_all(c, f64 ? 'd' : 'f') < 0) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS status = f64 ? take_step_f64(c) : take_step_f32(c);
    Py_END_ALLOW_THREADS return status == SMX_OK ? Py_NewRef(Py_None) : raise(status);
}

static PyObject *part(PyObject *self, PyObject *args, PyObject *keywords) {
    (void)self;
    struct call c;
    memset(&c, 0, sizeof c);
    c.scale = 1;
    PyObject **g = c.given;
    PyObject *result = NULL;
    if (PyArg_ParseTupleAndKeywords(args, keywords, "sO|$OOOOOOOOOOOOOnnddddiL", (char **)names, &c.step, &g[X],
                                    &g[MAXIMA], &g[SUMS], &g[LABELS], &g[TARGETS], &g[WEIGHTS], &g[DLOSS],
                                    &g[BATCH_WEIGHT], &g[Y], &g[LOSS], &g[REDUCED], &g[LSE], &g[WEIGHT_SUM],
                                    &g[LOSS_SUM], &c.row_n, &c.first, &c.smoothing, &c.z_loss, &c.softcap, &c.scale,
                                    &c.reduction, &c.ignore_index)) {
        result = compute(&c);
    }
    for (int a = 0; a < ARRAYS; a++) {
        if (c.view[a].obj != NULL) {
            PyBuffer_Release(&c.view[a]);
        }
    }
    return result;
}

PyMethodDef smx_part_functions[] = {
    {"_part", (PyCFunction)(void (*)(void))part, METH_VARARGS | METH_KEYWORDS,
     "_part($module, step, x, **arrays_and_numbers)\n--\n\n"
     "A step on a part of rows: '1', '2', '3' (rounds of maxima), '+' (sums), then 'y' (log_softmax), 'l' (logsumexp) "
     "or\n"
     "'e' (cross-entropy); 's1', 's+', 'sy' for softmax."},
    {"_exact_sum_add", smx_exact_sum_add, METH_VARARGS,
     "_exact_sum_add($module, sums, values)\n--\n\nAdds row k of a matrix to sum k."},
    {"_exact_sum_value", smx_exact_sum_value, METH_VARARGS,
     "_exact_sum_value($module, sums, values)\n--\n\nWrites each sum, rounded."},
    {"_exact_sum_ratio", smx_exact_sum_ratio, METH_VARARGS,
     "_exact_sum_ratio($module, sums, divisors, values)\n--\n\nWrites each sum divided by another, as a mean is."},
    {NULL, NULL, 0, NULL},
};
