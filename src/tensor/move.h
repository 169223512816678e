/* Copies rectangles of elements between layouts and types. */
#ifndef SMX_TENSOR_MOVE_H
#define SMX_TENSOR_MOVE_H

#include "convert.h"

/* Element (i, j) stands `row` i + `col` j bytes after `data`, at any alignment. */
struct place {
    enum dtype dtype;
    unsigned char *data;
    ptrdiff_t row, col;
};

static inline struct place place_of(enum dtype dtype, unsigned char *data, ptrdiff_t row, ptrdiff_t col) {
    struct place p = {.dtype = dtype, .row = row, .col = col};
    p.data = data;
    return p;
}

/* The two places must not overlap. The caller is in the library's floating-point environment. */
void smx_move(size_t rows, size_t cols, struct place from, struct place to);

#endif
