/* The rows of an array along an axis: how many, in which order its file has them, and where each is in its shape. */
#ifndef SMX_CLI_SPACE_H
#define SMX_CLI_SPACE_H

#include <stddef.h>

#include "npy.h"

typedef struct space {
    size_t rows, n;
    size_t axis, axes; /* of several axes, the first, and how many: the arrays' headers have one in their place */
    size_t ndim;       /* of the shape without the axis, which follows */
    size_t shape[NPY_MAX_DIMS];
    size_t stride[NPY_MAX_DIMS]; /* how many rows apart, in the order of the file, two neighbours are */
} space;

/* 0 <= axis <= axis + axes <= ndim; axes = 0 only if ndim = 0: a row of one number. */
space space_along(const npy_header *header, size_t axis, size_t axes);

/* A header with one axis in the place of those that the rows lie along. */
npy_header space_merge(const space *s, npy_header header);

/* Where a row, numbered in the order of the file, stands along a dimension. */
static inline size_t space_coordinate(const space *s, size_t row, size_t dim) {
    return row / s->stride[dim] % s->shape[dim];
}

/* The row's number in C order: the one to write to the user, and by which square matrices are stored. */
size_t space_c_order(const space *s, size_t row);

#endif
