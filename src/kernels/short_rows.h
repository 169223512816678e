/* Softmax forward of short rows: each lane takes a row of its own, so that maximum and sum need no horizontal step and
 * the reciprocals of V_LANES rows cost as much as one. Blocks of V_LANES rows are transposed on the way in and out. */
#ifndef SMX_SHORT_ROWS_H
#define SMX_SHORT_ROWS_H

#include "forward.h"

#ifdef V_TRANSPOSE

/* The longest row for which this pays. Its sum must fit a lane (n <= SUM_BLOCK), and in f32 a double (n <= 128). Against
 * rows one by one (AVX2, Zen 3): 8 times as fast at n = 2, 5 at 10, 1.6 at 32, the same at 100. */
#define SHORT_ROW ((size_t)96)

/* A block of up to V_LANES rows of up to V_LANES entries, rows to lanes. The first `whole` rows may be read as whole
 * vectors. */
static ALWAYS_INLINE void block_in(size_t rows, size_t n, const real *x, size_t ldx, size_t whole, real *columns) {
    v_t block[V_LANES];
    for (size_t i = 0; i < V_LANES; i++) {
        const real *row = x + (i < rows ? i : rows - 1) * ldx;
        block[i] = n == V_LANES || i < whole ? v_load(row) : v_load_n(row, n, v_set1(0));
    }
    v_transpose(block);
    for (size_t j = 0; j < n; j++) {
        v_store(columns + j * V_LANES, block[j]);
    }
}

static ALWAYS_INLINE void block_out(size_t rows, size_t n, const real *columns, real *y, size_t ldy, size_t whole) {
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

/* Up to V_LANES rows; false, with nothing written, if one of them has no finite maximum. */
static bool softmax_group(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy) {
    real columns[SHORT_ROW * V_LANES];
    /* With no gaps between rows, the last, partial block of a row can be handled as whole vectors: what is read too much
     * is the group's own, and what is written too much is written again. Not so for the last rows. */
    size_t last = n % V_LANES, spare = last == 0 ? 0 : (V_LANES - last + n - 1) / n;
    size_t whole_in = ldx == n && rows > spare ? rows - spare : 0;
    size_t whole_out = ldy == n && rows > spare ? rows - spare : 0;
    for (size_t j = 0; j < n; j += V_LANES) {
        size_t width = n - j < V_LANES ? n - j : V_LANES;
        block_in(rows, width, x + j, ldx, whole_in, columns + j * V_LANES);
    }
    v_t max = v_set1(-(real)INFINITY);
    m_t nan = m_none();
    for (size_t j = 0; j < n; j++) {
        v_t xj = v_load(columns + j * V_LANES);
        nan = m_or(nan, v_unordered(xj, xj));
        max = v_max(max, xj);
    }
    v_t difference = v_sub(max, max); /* NaN for an infinity */
    if (m_any(m_or(nan, v_unordered(difference, difference)))) {
        return false;
    }
    const struct grid g = grid_unsigned(TERM_SCALE - 1);
    v_t offset = term_offset(max), magic = term_magic(max, offset), threshold = term_threshold(max, offset);
    i_t top = i_set1(0), middle = i_set1(0);
    for (size_t j = 0; j < n; j++) {
        v_t e = term(v_load(columns + j * V_LANES), offset, magic, threshold);
        v_store(columns + j * V_LANES, e);
        sum_add(e, &g, &top, &middle);
    }
    v_t high, low;
    v_reciprocal_of_limbs(i_sub(top, i_set1((real_bits)n * bits_of_real(g.top))),
                          i_sub(middle, i_set1((real_bits)n * bits_of_real(g.middle))), &high, &low);
    for (size_t j = 0; j < n; j++) {
        v_store(columns + j * V_LANES, quotient(v_load(columns + j * V_LANES), high, low));
    }
    /* The partial block first: what it writes too much belongs to the blocks after it. */
    if (last != 0) {
        block_out(rows, last, columns + (n - last) * V_LANES, y + (n - last), ldy, whole_out);
    }
    for (size_t j = 0; n - j >= V_LANES; j += V_LANES) {
        block_out(rows, V_LANES, columns + j * V_LANES, y + j, ldy, rows);
    }
    return true;
}

#endif

static void softmax_rows(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy) {
    size_t k = 0;
#ifdef V_TRANSPOSE
    for (; n <= SHORT_ROW && rows - k >= V_LANES / 4; k += rows - k < V_LANES ? rows - k : V_LANES) {
        size_t group = rows - k < V_LANES ? rows - k : V_LANES;
        if (!softmax_group(group, n, x + k * ldx, ldx, y + k * ldy, ldy)) {
            for (size_t i = k; i < k + group; i++) {
                softmax_row(n, x + i * ldx, y + i * ldy, policy);
            }
        }
    }
#endif
    for (; k < rows; k++) {
        softmax_row(n, x + k * ldx, y + k * ldy, policy);
    }
}

#endif
