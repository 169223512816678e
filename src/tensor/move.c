#include "../base/arithmetic.h"

#include "move.h"

#include "sizes.h"

#include <string.h>

/* A transposition goes block by block: 32 elements are whole cache lines of any type, and both sides of a block stay in
 * the first cache. */
enum { BLOCK = 32 };

static struct place offset(struct place p, size_t i, size_t j) {
    p.data += (ptrdiff_t)i * p.row + (ptrdiff_t)j * p.col;
    return p;
}

static struct place transposed(struct place p) { return place_of(p.dtype, p.data, p.col, p.row); }

static struct place packed(enum dtype dtype, unsigned char *data, size_t cols) {
    ptrdiff_t size = (ptrdiff_t)dtype_size(dtype);
    return place_of(dtype, data, (ptrdiff_t)cols * size, size);
}

static bool contiguous(size_t cols, struct place p) { return cols == 1 || p.col == (ptrdiff_t)dtype_size(p.dtype); }

/* Rows that follow each other without a gap. */
static bool dense(size_t rows, size_t cols, struct place p) {
    return rows == 1 || p.row == (ptrdiff_t)(cols * dtype_size(p.dtype));
}

/* `size` is a constant wherever this is used. */
static inline void copy_sized(size_t size, size_t rows, size_t cols, struct place from, struct place to) {
    for (size_t j = 0; j < cols; j++) {
        const unsigned char *f = from.data + (ptrdiff_t)j * from.col;
        unsigned char *t = to.data + (ptrdiff_t)j * to.col;
        for (size_t i = 0; i < rows; i++) {
            memcpy(t, f, size);
            f += from.row;
            t += to.row;
        }
    }
}

/* Column by column. */
static void copy_columns(size_t rows, size_t cols, struct place from, struct place to) {
    switch (dtype_size(from.dtype)) {
    case 1:
        copy_sized(1, rows, cols, from, to);
        break;
    case 2:
        copy_sized(2, rows, cols, from, to);
        break;
    case 4:
        copy_sized(4, rows, cols, from, to);
        break;
    default:
        copy_sized(8, rows, cols, from, to);
    }
}

/* Whether elements that follow each other along a row are in the same line of the cache, or in the next one. */
static bool near_each_other(struct place p) { return p.col >= -64 && p.col <= 64; }

static void copy_block(size_t rows, size_t cols, struct place from, struct place to) {
    size_t size = dtype_size(from.dtype);
    if (contiguous(cols, from) && contiguous(cols, to)) {
        for (size_t i = 0; i < rows; i++) {
            memcpy(offset(to, i, 0).data, offset(from, i, 0).data, cols * size);
        }
    } else if (near_each_other(from) && near_each_other(to)) {
        const struct place columns = transposed(from);
        const size_t lines = cols, each = rows; /* row by row */
        copy_columns(lines, each, columns, transposed(to));
    } else {
        copy_columns(rows, cols, from, to);
    }
}

/* Through packed blocks, one of each type: writing straight to another layout would touch as many cache lines as there
 * are elements, often all of one set. */
static void move_block(size_t rows, size_t cols, struct place from, struct place to) {
    unsigned char before[BLOCK * BLOCK * 8], after[BLOCK * BLOCK * 8];
    copy_block(rows, cols, from, packed(from.dtype, before, cols));
    if (from.dtype == to.dtype) {
        copy_block(rows, cols, packed(from.dtype, before, cols), to);
        return;
    }
    smx_convert(rows * cols, from.dtype, before, to.dtype, after);
    copy_block(rows, cols, packed(to.dtype, after, cols), to);
}

void smx_move(size_t rows, size_t cols, struct place from, struct place to) {
    if (rows == 0 || cols == 0) {
        return;
    }
    if (!(contiguous(cols, from) && contiguous(cols, to)) && contiguous(rows, transposed(from)) &&
        contiguous(rows, transposed(to))) {
        smx_move(cols, rows, transposed(from), transposed(to));
        return;
    }
    if (contiguous(cols, from) && contiguous(cols, to)) {
        if (dense(rows, cols, from) && dense(rows, cols, to)) {
            cols *= rows;
            rows = 1;
        }
        for (size_t i = 0; i < rows; i++) {
            smx_convert(cols, from.dtype, offset(from, i, 0).data, to.dtype, offset(to, i, 0).data);
        }
        return;
    }
    if (from.dtype == to.dtype && near_each_other(from) && near_each_other(to)) {
        copy_block(rows, cols, from, to);
        return;
    }
    for (size_t i = 0; i < rows; i += BLOCK) {
        for (size_t j = 0; j < cols; j += BLOCK) {
            size_t block_rows = smaller(rows - i, BLOCK), block_cols = smaller(cols - j, BLOCK);
            struct place f = offset(from, i, j), t = offset(to, i, j);
            move_block(block_rows, block_cols, f, t);
        }
    }
}
