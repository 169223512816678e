/* Which dimensions of x make up a row: one of them, several, all or none. */
#ifndef SMX_TENSOR_AXES_H
#define SMX_TENSOR_AXES_H

#include "view.h"

struct axes {
    int count;
    int first;             /* the first of them; as many as x has dimensions if there is none */
    bool of_row[NDIM_MAX]; /* of each dimension of x, whether it is one of them */
    bool keepdims;         /* the shape of the rows has an extent of 1 for each */
};

/* False if there is no such axis; else counts it from 0. */
bool smx_normal_axis(int axis, int ndim, int *normal);

/* From the argument of the public functions, and the options. */
smx_status smx_axes_read(int axis, const smx_tensor_options *opt, const struct view *x, struct axes *axes);

/* The entries of a row; false if they are more than a row may have. */
bool smx_axes_entries(const struct axes *axes, const struct view *x, size_t *n);

/* How many dimensions the shape of the rows has. */
static inline int axes_rows_ndim(const struct axes *axes, const struct view *x) {
    return axes->keepdims ? x->ndim : x->ndim - axes->count;
}

#endif
