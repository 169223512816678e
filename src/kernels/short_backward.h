/* Softmax backward of short rows: each lane with a row of its own (rows_in_lanes.h), or only with what is found once a
 * row; and of rows of any length, by the way that suits them. */
#ifndef SMX_SHORT_BACKWARD_H
#define SMX_SHORT_BACKWARD_H

#include "backward.h"

/* Whether a row is fetched while the one before it is finished: long ones only from beyond the cache, where it pays
 * (AVX2, Zen 3, 256 x 131072: 1.2 times as fast) until the cache loses them before they are needed. */
#define FETCHED_ROW ((size_t)8192)

static inline bool fetches_next(size_t n, bool stream) {
    return n <= FETCHED_ROW || (stream && n * sizeof(real) <= FETCH_ROW_MOST);
}

#ifdef V_TRANSPOSE

#include "rows_in_lanes.h"

/* Rows of fewer entries go to lanes; these and longer ones, up to the limit, keep to their own vectors, and only what
 * is found once a row is found in lanes. The limit: sums must fit a lane, which in f32 they do up to 511 additions;
 * and a group's rows should lie in the nearest cache. */
#define ROWS_IN_LANES (V_LANES)
#define ROWS_BESIDE ((size_t)256)

#define GRID_OF_UNIT(exponent) ((real)1.5 * power_of_two(exponent))

/* The grid of each lane's row; false if one has something that is not finite, or products out of the range that needs
 * no scaling. */
static ALWAYS_INLINE bool grids_in_lanes(i_t largest_bits, i_t y_bits, v_t *unit, v_t *top, v_t *middle) {
    v_t largest = v_from_bits(largest_bits);
    m_t unfit = m_or(out_of_range(largest_bits, y_bits), v_ge(largest, v_set1(power_of_two(PRODUCT_LARGE + 1))));
    *unit = v_binade(largest);
    *top = v_mul(*unit, v_set1(GRID_OF_UNIT(GRID_TOP)));
    *middle = v_mul(*unit, v_set1(GRID_OF_UNIT(GRID_MIDDLE)));
    return !m_any(m_or(unfit, v_ge(v_set1(power_of_two(PRODUCT_SMALL)), largest)));
}

/* So many groups of rows in lanes go through backward together, step by step: what one waits for, another computes.
 * AVX2, Zen 3, nanoseconds an element: 262144x2 3.3 -> 2.9, 131072x4 2.1 -> 2.0. */
#define LANES_GROUPS ((size_t)4)
#define LANES_ROWS (LANES_GROUPS * V_LANES)

static ALWAYS_INLINE bool units_in_lanes(size_t n, const real *y, const real *dy, real *units) {
    i_t largest_bits = i_set1(0), y_bits = i_set1(0);
    for (size_t j = 0; j < n; j++) {
        look_at(v_load(y + j * V_LANES), v_load(dy + j * V_LANES), &largest_bits, &y_bits);
    }
    v_t unit, top, middle;
    bool fit = grids_in_lanes(largest_bits, y_bits, &unit, &top, &middle);
    v_store(units, unit);
    return fit;
}

static ALWAYS_INLINE void sums_in_lanes(size_t n, const real *y, const real *dy, const real *units, real *high,
                                        real *low) {
    v_t unit = v_load(units), s_high, s_low;
    v_t g_top = v_mul(unit, v_set1(GRID_OF_UNIT(GRID_TOP))), g_middle = v_mul(unit, v_set1(GRID_OF_UNIT(GRID_MIDDLE)));
    i_t top = i_set1(0), middle = i_set1(0);
    for (size_t j = 0; j < n; j++) {
        sum_add_product(v_load(y + j * V_LANES), v_load(dy + j * V_LANES), g_top, g_middle, &top, &middle);
    }
    v_value_of_limbs(without_constant(top, g_top, n), without_constant(middle, g_middle, n), unit, &s_high, &s_low);
    v_store(high, s_high);
    v_store(low, s_low);
}

/* Up to LANES_ROWS rows; false, with nothing written, if one has something that is not finite, or products out of the
 * range that needs no scaling. */
static bool backward_lanes(size_t rows, size_t n, const real *y, size_t ldy, const real *dy, size_t lddy, real *dx,
                           size_t lddx) {
    real y_columns[ROWS_IN_LANES * LANES_ROWS], dy_columns[ROWS_IN_LANES * LANES_ROWS];
    real units[LANES_ROWS], high[LANES_ROWS], low[LANES_ROWS];
    for (size_t i = 0; i < rows; i += V_LANES) {
        size_t group = rows - i < V_LANES ? rows - i : V_LANES;
        rows_in(group, n, y + i * ldy, ldy, y_columns + i * n);
        rows_in(group, n, dy + i * lddy, lddy, dy_columns + i * n);
        if (!units_in_lanes(n, y_columns + i * n, dy_columns + i * n, units + i)) {
            return false;
        }
    }
    for (size_t i = 0; i < rows; i += V_LANES) {
        sums_in_lanes(n, y_columns + i * n, dy_columns + i * n, units + i, high + i, low + i);
    }
    for (size_t i = 0; i < rows; i += V_LANES) {
        v_t s_high = v_load(high + i), s_low = v_load(low + i);
        for (size_t j = i * n; j < (i + V_LANES) * n; j += V_LANES) {
            v_t g = gradient(v_load(y_columns + j), v_load(dy_columns + j), s_high, s_low, v_set1(1));
            v_store(y_columns + j, g);
        }
        rows_out(rows - i < V_LANES ? rows - i : V_LANES, n, y_columns + i * n, dx + i * lddx, lddx);
    }
    return true;
}

/* So many rows go through each pass together, if so many entries: what one group of V_LANES rows waits for, another
 * computes. AVX2, Zen 3, nanoseconds an element: 65536x8 1.04 -> 0.86, 32768x16 0.75 -> 0.70. */
#define TILE_ROWS (8 * V_LANES)
#define TILE_ENTRIES ((size_t)512)

static inline size_t tile_rows(size_t rows, size_t n) {
    size_t groups = TILE_ENTRIES / (n * V_LANES), tile = groups > 1 ? groups * V_LANES : V_LANES;
    tile = tile < TILE_ROWS ? tile : TILE_ROWS;
    return rows < tile ? rows : tile;
}

/* Two matrices' rows. */
struct two {
    const real *y;
    size_t ldy;
    const real *dy;
    size_t lddy;
};

/* What V_LANES rows' grids are multiples of; false if a row is not for grids_in_lanes. */
static ALWAYS_INLINE bool units_beside(size_t rows, size_t n, const struct two *in, real *units) {
    v_t largest[V_LANES];
    i_t y_bits = i_set1(0);
    for (size_t i = 0; i < V_LANES; i++) {
        i_t own = i_set1(0);
        if (i < rows) {
            look_at_row(n, in->y + i * in->ldy, in->dy + i * in->lddy, &own, &y_bits);
        }
        largest[i] = i < rows ? v_from_bits(own) : largest[0];
    }
    v_t unit, top, middle;
    bool fit = grids_in_lanes(i_fold_each(largest, i_max), y_bits, &unit, &top, &middle);
    v_store(units, unit);
    return fit;
}

static ALWAYS_INLINE void sums_beside(size_t rows, size_t n, const struct two *in, const real *units, real *high,
                                      real *low) {
    v_t tops[V_LANES], middles[V_LANES];
    for (size_t i = 0; i < V_LANES; i++) {
        i_t top = i_set1(0), middle = i_set1(0);
        if (i < rows) {
            const struct grid g = {units[i] * GRID_OF_UNIT(GRID_TOP), units[i] * GRID_OF_UNIT(GRID_MIDDLE), 0};
            add_products(n, in->y + i * in->ldy, in->dy + i * in->lddy, NULL, &g, false, false, &top, &middle, NULL);
        }
        tops[i] = v_from_bits(top);
        middles[i] = v_from_bits(middle);
    }
    v_t unit = v_load(units), s_high, s_low;
    size_t additions = V_LANES * ((n + V_LANES - 1) / V_LANES);
    i_t top = without_constant(i_fold_each(tops, i_add), v_mul(unit, v_set1(GRID_OF_UNIT(GRID_TOP))), additions);
    i_t middle =
        without_constant(i_fold_each(middles, i_add), v_mul(unit, v_set1(GRID_OF_UNIT(GRID_MIDDLE))), additions);
    v_value_of_limbs(top, middle, unit, &s_high, &s_low);
    v_store(high, s_high);
    v_store(low, s_low);
}

/* The same for longer rows, `tile` of the rows, up to TILE_ROWS, as they lie. */
static ALWAYS_INLINE bool backward_beside(size_t tile, size_t rows, size_t n, const struct two *in, real *dx,
                                          size_t lddx) {
    real units[TILE_ROWS], high[TILE_ROWS], low[TILE_ROWS];
    for (size_t i = 0; i < tile; i += V_LANES) {
        const struct two group = {in->y + i * in->ldy, in->ldy, in->dy + i * in->lddy, in->lddy};
        if (tile - i >= V_LANES ? !units_beside(V_LANES, n, &group, units + i)
                                : !units_beside(tile - i, n, &group, units + i)) {
            return false;
        }
    }
    for (size_t i = 0; i < tile; i += V_LANES) {
        const struct two group = {in->y + i * in->ldy, in->ldy, in->dy + i * in->lddy, in->lddy};
        if (tile - i >= V_LANES) {
            sums_beside(V_LANES, n, &group, units + i, high + i, low + i);
        } else {
            sums_beside(tile - i, n, &group, units + i, high + i, low + i);
        }
    }
    for (size_t i = 0; i < tile; i++) {
        const real s[2] = {high[i], low[i]}, *y = in->y + i * in->ldy, *dy = in->dy + i * in->lddy;
        const size_t ahead = i + tile < rows ? tile : 0;
        const struct next_row next = {y + ahead * in->ldy, dy + ahead * in->lddy};
        gradients_of_row(n, y, dy, NULL, false, s, dx + i * lddx, next);
    }
    return true;
}

/* The first `tile` of the rows; false, with nothing written, as above. */
static bool backward_tile(size_t tile, size_t rows, size_t n, const struct two *in, real *dx, size_t lddx) {
    return n == V_LANES       ? backward_beside(tile, rows, V_LANES, in, dx, lddx)
           : n == 2 * V_LANES ? backward_beside(tile, rows, 2 * V_LANES, in, dx, lddx)
                              : backward_beside(tile, rows, n, in, dx, lddx);
}

/* How many rows this has handled: 0 if they are for backward_row. */
static size_t backward_group(size_t rows, size_t n, const struct two *in, real *dx, size_t lddx) {
    size_t tile = tile_rows(rows, n), group = rows < V_LANES ? rows : V_LANES;
    if (n > ROWS_BESIDE || rows < SHORT_GROUP) {
        return 0;
    }
    if (n < ROWS_IN_LANES) {
        size_t lanes = rows < LANES_ROWS ? rows : LANES_ROWS;
        if (backward_lanes(lanes, n, in->y, in->ldy, in->dy, in->lddy, dx, lddx)) {
            return lanes;
        }
        return lanes > group && backward_lanes(group, n, in->y, in->ldy, in->dy, in->lddy, dx, lddx) ? group : 0;
    }
    if (backward_tile(tile, rows, n, in, dx, lddx)) {
        return tile;
    }
    return tile > group && backward_tile(group, rows, n, in, dx, lddx) ? group : 0;
}

#endif

static void backward_rows(size_t rows, size_t n, const real *y, size_t ldy, const real *dy, size_t lddy, real *dx,
                          size_t lddx, bool stream) {
    for (size_t k = 0; k < rows;) {
#ifdef V_TRANSPOSE
        const struct two in = {y + k * ldy, ldy, dy + k * lddy, lddy};
        size_t done = backward_group(rows - k, n, &in, dx + k * lddx, lddx);
        if (done != 0) {
            k += done;
            continue;
        }
#endif
        for (size_t end = rows - k < V_LANES ? rows : k + V_LANES; k < end; k++) {
            size_t after = k + 1 < rows && fetches_next(n, stream) ? k + 1 : k;
            backward_row(n, y + k * ldy, dy + k * lddy, dx + k * lddx,
                         (struct next_row){y + after * ldy, dy + after * lddy}, stream);
        }
    }
    if (stream) {
        v_stream_end();
    }
}

#endif
