/* Softmax backward of short rows, each lane with a row of its own (rows_in_lanes.h); and of rows of any length, by the
 * way that suits them. */
#ifndef SMX_SHORT_BACKWARD_H
#define SMX_SHORT_BACKWARD_H

#include "backward.h"

#ifdef V_TRANSPOSE

#include "rows_in_lanes.h"

/* The longest rows for which this pays. Their sums must fit a lane (n <= SUM_BLOCK), and in f32 a double (n <= 128).
 * Against rows one by one (AVX2, Zen 3): 6 times as fast at n = 2, 4 at 10, 2 at 32, the same at 55. */
#define SHORT_ROW_BACKWARD ((size_t)48)

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
