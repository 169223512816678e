/* Keywords of a call as smx_tensor_options. */
#ifndef SMX_PYTHON_OPTIONS_H
#define SMX_PYTHON_OPTIONS_H

#include "parameters.h"

/* The options' tensors. */
enum option_tensor {
    TENSOR_SCALE,
    TENSOR_MASK,
    TENSOR_BIAS,
    TENSOR_LENGTHS,
    TENSOR_SLOPES,
    TENSOR_SINKS,
    OPTION_TENSORS
};

struct options {
    smx_tensor_options c;
    struct operand tensor[OPTION_TENSORS];
    unsigned read;      /* the set of those that were read, and are to be released */
    PyObject *one_over; /* the scale of a temperature that is an array */
    int axes[OPERAND_NDIM];
    uint32_t in_row; /* the set of dimensions that make up a row */
    int axis;        /* for the library: a number, SMX_AXIS_ALL or SMX_AXES */
};

/* Nothing that would have to be released: before all else. */
static inline void smx_options_clear(struct options *o) {
    o->read = 0;
    o->one_over = NULL;
}

/* 0, or -1 with an exception; smx_options_release in either case. The axis belongs to a tensor of ndim dimensions. */
int smx_options_from(struct options *o, struct request *r, int ndim);
void smx_options_release(struct options *o);

#endif
