/* The functions of the package as data. generate.py writes the table (functions.c) and the parameters (functions.h)
 * from functions.toml. */
#ifndef SMX_PYTHON_TABLE_H
#define SMX_PYTHON_TABLE_H

#include "extension.h"

#include "functions.h"

/* The shape of a result. */
enum form {
    FORM_LIKE,    /* that of the first input */
    FORM_ROWS,    /* that without the axis */
    FORM_PLACE,   /* the same, of int64 */
    FORM_MATRIX,  /* the same, then n x n */
    FORM_VECTORS, /* that of the second input */
    FORM_SCALE    /* no dimensions; that of the rows, where the scale is an array */
};

/* What cross-entropy can return. */
enum wanted {
    WANTED_LOSS, /* by the reduction, one number or one a row */
    WANTED_LOSSES,
    WANTED_LSE,
    WANTED_TARGET_LOG_PROB,
    WANTED_ARGMAX,
    WANTED_CORRECT,
    WANTED_COUNT,
    WANTED_WEIGHT,
    WANTED_DX,
    WANTED_DTARGETS,
    WANTED_ALL
};

enum { INPUTS_MAX = 3, OUTPUTS_MAX = 2, TENSORS_MAX = INPUTS_MAX + OUTPUTS_MAX };

struct function {
    const char *name;
    smx_status (*call)(DLTensor *const *tensors, int axis, const smx_tensor_options *opt); /* null for a loss */
    smx_status (*loss)(const DLTensor *x, int axis, const smx_tensor_cross_entropy_args *ce,
                       const smx_tensor_options *opt);
    int inputs, outputs; /* inputs are the first parameters by position */
    enum form form[OUTPUTS_MAX];
    unsigned char positional[INPUTS_MAX + 2];
    int positions;
    uint64_t taken;   /* the set of its parameters */
    uint64_t returns; /* of a loss: the set of WANTED_... that it has */
};

static inline bool in_set(uint64_t set, int element) { return (set >> element & 1) != 0; }

/* One call from Python, of a function that has `call`, or `loss`: arguments as vectorcall passes them. */
PyObject *smx_call_tensors(const struct function *f, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *smx_call_loss(const struct function *f, PyObject *const *args, Py_ssize_t count, PyObject *names);

extern PyMethodDef smx_functions[];

#endif
