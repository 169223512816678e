/* Softmax of short rows, each lane with a row of its own (rows_in_lanes.h); and of rows of any length, by the way that
 * suits them. */
#ifndef SMX_SHORT_ROWS_H
#define SMX_SHORT_ROWS_H

#include "backward.h"
#include "forward.h"

#ifdef V_TRANSPOSE

#include "rows_in_lanes.h"

/* The longest rows for which this pays. Their sums must fit a lane (n <= SUM_BLOCK), and in f32 a double (n <= 128).
 * Against rows one after another (AVX2, Zen 3), softmax: 4 times as fast at n = 2, 2.3 at 10, 1.2 at 24, the same at 40;
 * backward: 6 times at n = 2, 4 at 10, 2 at 32, the same at 55. */
#define SHORT_ROW_SOFTMAX ((size_t)40)
#define SHORT_ROW_BACKWARD ((size_t)48)

/* Fewer rows than this are quicker one by one. */
#define SHORT_GROUP (V_LANES / 4)

/* So many groups of rows go through softmax together, step by step: a group's steps hang on each other, a chain of some
 * 300 cycles. 1.6 times as fast as group by group at n = 2, 1.4 at 8, 1.2 at 32 (AVX2, Zen 3). */
#define SOFTMAX_GROUPS ((size_t)4)
#define SOFTMAX_LANES (SOFTMAX_GROUPS * V_LANES)

static inline size_t lanes_of_group(size_t rows, size_t first) {
    return rows - first < V_LANES ? rows - first : V_LANES;
}

/* The largest of each column's n entries; false if one is not finite. */
static inline bool finite_max(size_t n, const real *columns, real *max) {
    v_t most = v_set1(-(real)INFINITY);
    m_t nan = m_none();
    for (size_t j = 0; j < n; j++) {
        v_t xj = v_load(columns + j * V_LANES);
        nan = m_or(nan, v_unordered(xj, xj));
        most = v_max(most, xj);
    }
    v_store(max, most);
    v_t difference = v_sub(most, most); /* NaN for an infinity */
    return !m_any(m_or(nan, v_unordered(difference, difference)));
}

/* Up to SOFTMAX_LANES rows; false, with nothing written, if one of them has no finite maximum. */
static bool softmax_groups(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy) {
    const struct grid g = grid_unsigned(TERM_SCALE);
    real columns[SHORT_ROW_SOFTMAX * SOFTMAX_LANES], max[SOFTMAX_LANES], offset[SOFTMAX_LANES], magic[SOFTMAX_LANES];
    real correction[SOFTMAX_LANES], top[SOFTMAX_LANES], middle[SOFTMAX_LANES];
    for (size_t k = 0; k < rows; k += V_LANES) {
        rows_in(lanes_of_group(rows, k), n, x + k * ldx, ldx, columns + k * n);
        if (!finite_max(n, columns + k * n, max + k)) {
            return false;
        }
    }
    for (size_t k = 0; k < rows; k += V_LANES) {
        v_t m = v_load(max + k), c = term_offset(m), magic_k = term_magic(m, c);
        v_store(offset + k, c);
        v_store(magic + k, magic_k);
        v_store(correction + k, term_correction(m, v_set1(0), c, magic_k));
    }
    for (size_t k = 0; k < rows; k += V_LANES) {
        real *e = columns + k * n;
        v_t magic_k = v_load(magic + k);
        i_t top_k, middle_k, none;
        terms_loop(FAR, n * V_LANES, e, NULL, v_load(offset + k), magic_k, term_lowest(magic_k), v_load(correction + k),
                   e, &top_k, &middle_k, &none);
        v_store(top + k, v_from_bits(without_constant(top_k, v_set1(g.top), n)));
        v_store(middle + k, v_from_bits(without_constant(middle_k, v_set1(g.middle), n)));
    }
    for (size_t k = 0; k < rows; k += V_LANES) {
        v_t high, low;
        v_reciprocal_of_limbs(v_bits(v_load(top + k)), v_bits(v_load(middle + k)), &high, &low);
        v_store(top + k, high);
        v_store(middle + k, low);
    }
    for (size_t k = 0; k < rows; k += V_LANES) {
        v_t high = v_load(top + k), low = v_load(middle + k);
        for (size_t j = k * n; j < (k + V_LANES) * n; j += V_LANES) {
            v_store(columns + j, quotient(v_load(columns + j), high, low));
        }
        rows_out(lanes_of_group(rows, k), n, columns + k * n, y + k * ldy, ldy);
    }
    return true;
}

/* Up to V_LANES rows; false, with nothing written, if one has something that is not finite, or products out of the
 * range that needs no scaling. */
static bool backward_group(size_t rows, size_t n, const real *y, size_t ldy, const real *dy, size_t lddy, real *dx,
                           size_t lddx) {
    real y_columns[SHORT_ROW_BACKWARD * V_LANES], dy_columns[SHORT_ROW_BACKWARD * V_LANES];
    rows_in(rows, n, y, ldy, y_columns);
    rows_in(rows, n, dy, lddy, dy_columns);
    v_t largest = v_set1(0);
    m_t unfit = m_none();
    i_t y_bits = i_set1(0);
    for (size_t j = 0; j < n; j++) {
        v_t yj = v_load(y_columns + j * V_LANES);
        v_t product = v_abs(v_mul(yj, v_load(dy_columns + j * V_LANES)));
        y_bits = i_or(y_bits, v_bits(yj));
        largest = v_max(largest, product);
        unfit = m_or(unfit, v_unordered(product, product));
    }
    unfit = m_or(unfit, two_or_more(y_bits));
    unfit = m_or(unfit, v_ge(largest, v_set1(power_of_two(PRODUCT_LARGE + 1))));
    unfit = m_or(unfit, v_ge(v_set1(power_of_two(PRODUCT_SMALL)), largest));
    if (m_any(unfit)) {
        return false;
    }
    v_t unit = v_binade(largest);
    v_t g_top = v_mul(unit, v_set1((real)1.5 * power_of_two(GRID_TOP)));
    v_t g_middle = v_mul(unit, v_set1((real)1.5 * power_of_two(GRID_MIDDLE)));
    i_t top = i_set1(0), middle = i_set1(0);
    for (size_t j = 0; j < n; j++) {
        sum_add_product(v_load(y_columns + j * V_LANES), v_load(dy_columns + j * V_LANES), g_top, g_middle, &top,
                        &middle);
    }
    v_t high, low;
    v_value_of_limbs(without_constant(top, g_top, n), without_constant(middle, g_middle, n), unit, &high, &low);
    for (size_t j = 0; j < n; j++) {
        v_t g = gradient(v_load(y_columns + j * V_LANES), v_load(dy_columns + j * V_LANES), high, low, v_set1(1));
        v_store(y_columns + j * V_LANES, g);
    }
    rows_out(rows, n, y_columns, dx, lddx);
    return true;
}

#endif

/* How many of the next rows go together. */
static inline size_t softmax_rows_at_once(size_t rows, size_t n) {
#ifdef V_TRANSPOSE
    if (n <= SHORT_ROW_SOFTMAX && rows >= SHORT_GROUP) {
        return rows < SOFTMAX_LANES ? rows : SOFTMAX_LANES;
    }
#endif
    return rows_of_group(rows, n);
}

static bool softmax_at_once(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy) {
#ifdef V_TRANSPOSE
    if (n <= SHORT_ROW_SOFTMAX && rows >= SHORT_GROUP) {
        return softmax_groups(rows, n, x, ldx, y, ldy);
    }
#endif
    return rows > 1 && n <= SUM_BLOCK * V_LANES && softmax_row_group(rows, n, x, ldx, y, ldy);
}

static void softmax_rows(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy) {
    for (size_t k = 0; k < rows;) {
        size_t group = softmax_rows_at_once(rows - k, n);
        if (softmax_at_once(group, n, x + k * ldx, ldx, y + k * ldy, ldy)) {
            k += group;
            continue;
        }
        for (size_t end = k + group; k < end; k++) {
            softmax_row(n, x + k * ldx, y + k * ldy, policy);
        }
    }
}

static void backward_rows(size_t rows, size_t n, const real *y, size_t ldy, const real *dy, size_t lddy, real *dx,
                          size_t lddx) {
    for (size_t k = 0; k < rows;) {
        size_t group = rows - k < V_LANES ? rows - k : V_LANES;
#ifdef V_TRANSPOSE
        if (n <= SHORT_ROW_BACKWARD && group >= SHORT_GROUP &&
            backward_group(group, n, y + k * ldy, ldy, dy + k * lddy, lddy, dx + k * lddx, lddx)) {
            k += group;
            continue;
        }
#endif
        for (size_t end = k + group; k < end; k++) {
            backward_row(n, y + k * ldy, dy + k * lddy, dx + k * lddx);
        }
    }
}

#endif
