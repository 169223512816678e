#include "space.h"

space space_along(const npy_header *header, size_t axis) {
    space s = {.rows = 1, .n = header->shape[axis], .axis = axis, .ndim = header->ndim - 1};
    for (size_t i = 0; i < s.ndim; i++)
        s.shape[i] = header->shape[i < axis ? i : i + 1];
    for (size_t i = 0; i < s.ndim; i++) {
        size_t dim = header->fortran_order ? i : s.ndim - 1 - i;
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
