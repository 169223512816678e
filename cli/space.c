#include "space.h"

npy_header space_merge(const space *s, npy_header header) {
    if (s->axes == 0)
        return (npy_header){.dtype = header.dtype, .ndim = 1, .shape = {1}};
    for (size_t i = 1; i < s->axes; i++)
        header.shape[s->axis] *= header.shape[s->axis + i];
    header.ndim -= s->axes - 1;
    for (size_t i = s->axis + 1; i < header.ndim; i++)
        header.shape[i] = header.shape[i + s->axes - 1];
    return header;
}

space space_along(const npy_header *header, size_t axis, size_t axes) {
    space s = {.rows = 1, .axis = axis, .axes = axes, .ndim = header->ndim - axes};
    npy_header merged = space_merge(&s, *header);
    s.n = merged.shape[axis];
    for (size_t i = 0; i < s.ndim; i++)
        s.shape[i] = merged.shape[i < axis ? i : i + 1];
    for (size_t i = 0; i < s.ndim; i++) {
        size_t dim = merged.fortran_order ? i : s.ndim - 1 - i;
        s.stride[dim] = s.rows;
        s.rows *= s.shape[dim];
    }
    return s;
}

size_t space_c_order(const space *s, size_t row) {
    size_t number = 0;
    for (size_t i = 0; i < s->ndim; i++)
        number = number * s->shape[i] + space_coordinate(s, row, i);
    return number;
}
