/* Softmax backward of short rows, each lane with a row of its own (rows_in_lanes.h); and of rows of any length, by the
 * way that suits them. */
#ifndef SMX_SHORT_BACKWARD_H
#define SMX_SHORT_BACKWARD_H

#include "backward.h"

#ifdef V_TRANSPOSE

#include "rows_in_lanes.h"

/* Rows of fewer entries go to lanes; these and longer ones, up to the limit, keep to their own vectors, and only what is
 * found once a row is found in lanes. The limit: sums must fit a lane, which in f32 they do up to 511 additions; and a
 * group's rows should lie in the nearest cache. */
#define ROWS_IN_LANES (V_LANES)
#define ROWS_BESIDE ((size_t)256)

/* The grid of each lane's row; false if one has something that is not finite, or products out of the range that needs
 * no scaling. */
static ALWAYS_INLINE bool grids_in_lanes(i_t largest_bits, i_t y_bits, v_t *unit, v_t *top, v_t *middle) {
    v_t largest = v_from_bits(largest_bits);
    m_t unfit = m_or(out_of_range(largest_bits, y_bits), v_ge(largest, v_set1(power_of_two(PRODUCT_LARGE + 1))));
    *unit = v_binade(largest);
    *top = v_mul(*unit, v_set1((real)1.5 * power_of_two(GRID_TOP)));
    *middle = v_mul(*unit, v_set1((real)1.5 * power_of_two(GRID_MIDDLE)));
    return !m_any(m_or(unfit, v_ge(v_set1(power_of_two(PRODUCT_SMALL)), largest)));
}

/* Up to V_LANES rows; false, with nothing written, if one has something that is not finite, or products out of the
 * range that needs no scaling. */
static bool backward_lanes(size_t rows, size_t n, const real *y, size_t ldy, const real *dy, size_t lddy, real *dx,
                           size_t lddx) {
    real y_columns[ROWS_IN_LANES * V_LANES], dy_columns[ROWS_IN_LANES * V_LANES];
    rows_in(rows, n, y, ldy, y_columns);
    rows_in(rows, n, dy, lddy, dy_columns);
    i_t largest_bits = i_set1(0), y_bits = i_set1(0);
    for (size_t j = 0; j < n; j++) {
        look_at(v_load(y_columns + j * V_LANES), v_load(dy_columns + j * V_LANES), &largest_bits, &y_bits);
    }
    v_t unit, g_top, g_middle;
    if (!grids_in_lanes(largest_bits, y_bits, &unit, &g_top, &g_middle)) {
        return false;
    }
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

/* One vector for each row to one lane for each: the largest of its lanes as integers, and their sum. */
static ALWAYS_INLINE i_t largest_of_each(v_t rows[]) {
    v_transpose(rows);
    i_t largest = v_bits(rows[0]);
    for (size_t i = 1; i < V_LANES; i++) {
        largest = i_max(largest, v_bits(rows[i]));
    }
    return largest;
}

static ALWAYS_INLINE i_t sum_of_each(v_t rows[]) {
    v_transpose(rows);
    i_t sum = v_bits(rows[0]);
    for (size_t i = 1; i < V_LANES; i++) {
        sum = i_add(sum, v_bits(rows[i]));
    }
    return sum;
}

/* The same for longer rows, as they lie. */
static ALWAYS_INLINE bool backward_beside(size_t rows, size_t n, const real *y, size_t ldy, const real *dy, size_t lddy,
                                          real *dx, size_t lddx) {
    v_t first[V_LANES], second[V_LANES];
    i_t y_bits = i_set1(0);
    for (size_t i = 0; i < V_LANES; i++) {
        i_t largest = i_set1(0);
        if (i < rows) {
            look_at_row(n, y + i * ldy, dy + i * lddy, &largest, &y_bits);
        }
        first[i] = i < rows ? v_from_bits(largest) : first[0];
    }
    v_t unit, high, low;
    real tops[V_LANES], middles[V_LANES], s_high[V_LANES], s_low[V_LANES];
    if (!grids_in_lanes(largest_of_each(first), y_bits, &unit, &high, &low)) {
        return false;
    }
    v_store(tops, high);
    v_store(middles, low);
    for (size_t i = 0; i < V_LANES; i++) {
        i_t top = i_set1(0), middle = i_set1(0);
        if (i < rows) {
            const struct grid g = {tops[i], middles[i], 0};
            add_products(n, y + i * ldy, dy + i * lddy, NULL, &g, false, false, &top, &middle, NULL);
        }
        first[i] = v_from_bits(top);
        second[i] = v_from_bits(middle);
    }
    size_t additions = V_LANES * ((n + V_LANES - 1) / V_LANES);
    i_t top = without_constant(sum_of_each(first), high, additions);
    i_t middle = without_constant(sum_of_each(second), low, additions);
    v_value_of_limbs(top, middle, unit, &high, &low);
    v_store(s_high, high);
    v_store(s_low, low);
    for (size_t i = 0; i < rows; i++) {
        const real s[2] = {s_high[i], s_low[i]};
        gradients_of_row(n, y + i * ldy, dy + i * lddy, NULL, false, s, dx + i * lddx);
    }
    return true;
}

static bool backward_group(size_t rows, size_t n, const real *y, size_t ldy, const real *dy, size_t lddy, real *dx,
                           size_t lddx) {
    if (n < ROWS_IN_LANES) {
        return backward_lanes(rows, n, y, ldy, dy, lddy, dx, lddx);
    }
    if (n == V_LANES) {
        return backward_beside(rows, V_LANES, y, ldy, dy, lddy, dx, lddx);
    }
    if (n == 2 * V_LANES) {
        return backward_beside(rows, 2 * V_LANES, y, ldy, dy, lddy, dx, lddx);
    }
    return backward_beside(rows, n, y, ldy, dy, lddy, dx, lddx);
}

#endif

static void backward_rows(size_t rows, size_t n, const real *y, size_t ldy, const real *dy, size_t lddy, real *dx,
                          size_t lddx) {
    for (size_t k = 0; k < rows;) {
        size_t group = rows - k < V_LANES ? rows - k : V_LANES;
#ifdef V_TRANSPOSE
        if (n <= ROWS_BESIDE && group >= SHORT_GROUP &&
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
