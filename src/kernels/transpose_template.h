/* Rows to lanes and back: blocks of V_LANES short rows, transposed on the way in and out, so that each lane has a row
 * of its own. Maximum and sum then need no horizontal step, and what is done once a row is done for V_LANES rows at
 * once. For vector layers that can transpose (V_TRANSPOSE); elsewhere this is empty.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_TRANSPOSE_TEMPLATE_H
#define SMX_TRANSPOSE_TEMPLATE_H

#include "../base/attributes.h"

#ifdef V_TRANSPOSE

/* Fewer rows than this are quicker one by one. */
#define TRANSPOSED_ROWS_LEAST (V_LANES < 8 ? 2 : V_LANES / 4)

/* How many lanes have a row, of the vector of rows that begins with row `first`. */
static inline size_t lanes_used(size_t rows, size_t first) { return rows - first < V_LANES ? rows - first : V_LANES; }

/* With no gaps between rows, the last, partial block of most of the rows can be handled as whole vectors: what is read
 * too much belongs to these rows, and what is written too much is written again. For how many rows. */
static inline size_t rows_as_whole_vectors(size_t rows, size_t n, size_t stride) {
    size_t last = n % V_LANES, spare = last == 0 ? 0 : (V_LANES - last + n - 1) / n;
    return stride == n && rows > spare ? rows - spare : 0;
}

/* A block of up to V_LANES rows of up to V_LANES entries, rows to lanes. The first `whole` rows may be read as whole
 * vectors. Writes V_LANES columns always: a loop to n becomes a call of memcpy, which takes longer than all else. */
static ALWAYS_INLINE void transpose_block_in(size_t rows, size_t n, const real *x, size_t ldx, size_t whole,
                                             real *columns) {
    v_t block[V_LANES];
    for (size_t i = 0; i < V_LANES; i++) {
        const real *row = x + (i < rows ? i : rows - 1) * ldx;
        block[i] = n == V_LANES || i < whole ? v_load(row) : v_load_n(row, n, v_set1(0));
    }
    v_transpose(block);
    for (size_t j = 0; j < V_LANES; j++) {
        v_store(columns + j * V_LANES, block[j]);
    }
}

/* And back. Columns from n on repeat the last one; what they make is not written, or written again. */
static ALWAYS_INLINE void transpose_block_out(size_t rows, size_t n, const real *columns, real *y, size_t ldy,
                                              size_t whole) {
    v_t block[V_LANES];
    for (size_t j = 0; j < V_LANES; j++) {
        block[j] = v_load(columns + (j < n ? j : n - 1) * V_LANES);
    }
    v_transpose(block);
    for (size_t i = 0; i < rows; i++) {
        if (n == V_LANES || i < whole) {
            v_store(y + i * ldy, block[i]);
        } else {
            v_store_n(y + i * ldy, block[i], n);
        }
    }
}

/* V_LANES rows of 2 or 4 entries with no gaps: that many whole vectors. Entry j of row i is at place i n + j; each step
 * moves the place's lowest bit to the top, until that is column j, lane i. */
static ALWAYS_INLINE void transpose_twos_in(const real *x, real *columns) {
    v_t even, odd;
    v_unzip(v_load(x), v_load(x + V_LANES), &even, &odd);
    v_store(columns, even);
    v_store(columns + V_LANES, odd);
}

static ALWAYS_INLINE void transpose_twos_out(const real *columns, real *y) {
    v_t low, high;
    v_zip(v_load(columns), v_load(columns + V_LANES), &low, &high);
    v_store(y, low);
    v_store(y + V_LANES, high);
}

static ALWAYS_INLINE void transpose_fours_in(const real *x, real *columns) {
    v_t even0, even1, odd0, odd1, column[4];
    v_unzip(v_load(x), v_load(x + V_LANES), &even0, &odd0);
    v_unzip(v_load(x + 2 * V_LANES), v_load(x + 3 * V_LANES), &even1, &odd1);
    v_unzip(even0, even1, &column[0], &column[2]);
    v_unzip(odd0, odd1, &column[1], &column[3]);
    v_store(columns, column[0]);
    v_store(columns + V_LANES, column[1]);
    v_store(columns + 2 * V_LANES, column[2]);
    v_store(columns + 3 * V_LANES, column[3]);
}

static ALWAYS_INLINE void transpose_fours_out(const real *columns, real *y) {
    v_t even0, even1, odd0, odd1, row[4];
    v_zip(v_load(columns), v_load(columns + 2 * V_LANES), &even0, &even1);
    v_zip(v_load(columns + V_LANES), v_load(columns + 3 * V_LANES), &odd0, &odd1);
    v_zip(even0, odd0, &row[0], &row[1]);
    v_zip(even1, odd1, &row[2], &row[3]);
    v_store(y, row[0]);
    v_store(y + V_LANES, row[1]);
    v_store(y + 2 * V_LANES, row[2]);
    v_store(y + 3 * V_LANES, row[3]);
}

/* Up to V_LANES rows into columns[j * V_LANES + row]: up to the next multiple of V_LANES columns, the last ones
 * undefined. */
static inline void transpose_in(size_t rows, size_t n, const real *x, size_t ldx, real *columns) {
    size_t j = 0;
    if (rows == V_LANES && ldx == n && n == 2) {
        transpose_twos_in(x, columns);
        return;
    }
    if (rows == V_LANES && ldx == n && n == 4) {
        transpose_fours_in(x, columns);
        return;
    }
    if (rows == V_LANES) {
        for (; n - j >= V_LANES; j += V_LANES) {
            transpose_block_in(V_LANES, V_LANES, x + j, ldx, V_LANES, columns + j * V_LANES);
        }
    }
    for (; n - j >= V_LANES; j += V_LANES) {
        transpose_block_in(rows, V_LANES, x + j, ldx, rows, columns + j * V_LANES);
    }
    if (j < n) {
        transpose_block_in(rows, n - j, x + j, ldx, rows_as_whole_vectors(rows, n, ldx), columns + j * V_LANES);
    }
}

/* And back. The partial block first: what it writes too much belongs to the blocks after it. */
static inline void transpose_out(size_t rows, size_t n, const real *columns, real *y, size_t ldy) {
    size_t last = n % V_LANES;
    if (rows == V_LANES && ldy == n && n == 2) {
        transpose_twos_out(columns, y);
        return;
    }
    if (rows == V_LANES && ldy == n && n == 4) {
        transpose_fours_out(columns, y);
        return;
    }
    if (last != 0) {
        size_t from = n - last;
        transpose_block_out(rows, last, columns + from * V_LANES, y + from, ldy, rows_as_whole_vectors(rows, n, ldy));
    }
    size_t j = 0;
    if (rows == V_LANES) {
        for (; n - j >= V_LANES; j += V_LANES) {
            transpose_block_out(V_LANES, V_LANES, columns + j * V_LANES, y + j, ldy, V_LANES);
        }
    }
    for (; n - j >= V_LANES; j += V_LANES) {
        transpose_block_out(rows, V_LANES, columns + j * V_LANES, y + j, ldy, rows);
    }
}

/* The lanes of one limb after `additions`, without the constant's bits. */
static ALWAYS_INLINE i_t limb_without_constant(i_t limb, v_t constant, size_t additions) {
    return i_sub(limb, i_mul(v_bits(constant), i_set1((real_bits)additions)));
}

#endif

#endif
