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
_Static_assert(ROWS_BESIDE *(uint64_t)SUMMAND_MOST < (uint64_t)1 << LIMB_BITS, "the sum of a row overflows a lane");

/* The most rows of a tile: those that go through each pass together. */
#define TILE_ROWS (8 * V_LANES)

#define GRID_OF_UNIT(exponent) ((real)1.5 * power_of_two(exponent))

/* Of up to TILE_ROWS rows, a lane each: their grids' unit and constants, and minus their sums, as two reals. */
struct tile {
    real unit[TILE_ROWS], top[TILE_ROWS], middle[TILE_ROWS], minus_s[TILE_ROWS], minus_low[TILE_ROWS];
};

/* The grids of V_LANES rows from the i-th on; false if one has something that is not finite, or products out of the
 * range that needs no scaling. */
static ALWAYS_INLINE bool grids_in_lanes(i_t largest_bits, i_t y_bits, struct tile *t, size_t i) {
    v_t largest = v_from_bits(largest_bits), unit = v_binade(largest);
    m_t unfit = m_or(out_of_range(largest_bits, y_bits), v_ge(largest, v_set1(power_of_two(PRODUCT_LARGE + 1))));
    v_store(t->unit + i, unit);
    v_store(t->top + i, v_mul(unit, v_set1(GRID_OF_UNIT(GRID_TOP))));
    v_store(t->middle + i, v_mul(unit, v_set1(GRID_OF_UNIT(GRID_MIDDLE))));
    return !m_any(m_or(unfit, v_ge(v_set1(power_of_two(PRODUCT_SMALL)), largest)));
}

/* Their sums, from the limbs after `additions`. */
static ALWAYS_INLINE void sums_of_limbs(i_t top, i_t middle, size_t additions, struct tile *t, size_t i) {
    v_t s_high, s_low, zero = v_set1(0);
    top = without_constant(top, v_load(t->top + i), additions);
    middle = without_constant(middle, v_load(t->middle + i), additions);
    v_value_of_limbs(top, middle, v_load(t->unit + i), &s_high, &s_low);
    v_store(t->minus_s + i, v_sub(zero, s_high));
    v_store(t->minus_low + i, v_sub(zero, s_low));
}

/* So many groups of rows in lanes go through backward together, step by step: what one waits for, another computes.
 * AVX2, Zen 3, nanoseconds an element: 262144x2 3.3 -> 2.9, 131072x4 2.1 -> 2.0. */
#define LANES_GROUPS ((size_t)4)
#define LANES_ROWS (LANES_GROUPS * V_LANES)

static ALWAYS_INLINE bool units_in_lanes(size_t n, const real *y, const real *dy, struct tile *t, size_t i) {
    i_t largest_bits = i_set1(0), y_bits = i_set1(0);
    for (size_t j = 0; j < n; j++) {
        look_at(v_load(y + j * V_LANES), v_load(dy + j * V_LANES), &largest_bits, &y_bits);
    }
    return grids_in_lanes(largest_bits, y_bits, t, i);
}

static ALWAYS_INLINE void sums_in_lanes(size_t n, const real *y, const real *dy, struct tile *t, size_t i) {
    v_t g_top = v_load(t->top + i), g_middle = v_load(t->middle + i);
    i_t top = i_set1(0), middle = i_set1(0);
    for (size_t j = 0; j < n; j++) {
        sum_add_product(v_load(y + j * V_LANES), v_load(dy + j * V_LANES), g_top, g_middle, &top, &middle);
    }
    sums_of_limbs(top, middle, n, t, i);
}

/* Up to LANES_ROWS rows; false, with nothing written, if one has something that is not finite, or products out of the
 * range that needs no scaling. */
static bool backward_lanes(size_t rows, size_t n, const real *y, size_t ldy, const real *dy, size_t lddy, real *dx,
                           size_t lddx) {
    real y_columns[ROWS_IN_LANES * LANES_ROWS], dy_columns[ROWS_IN_LANES * LANES_ROWS];
    struct tile t;
    for (size_t i = 0; i < rows; i += V_LANES) {
        size_t group = rows - i < V_LANES ? rows - i : V_LANES;
        rows_in(group, n, y + i * ldy, ldy, y_columns + i * n);
        rows_in(group, n, dy + i * lddy, lddy, dy_columns + i * n);
        if (!units_in_lanes(n, y_columns + i * n, dy_columns + i * n, &t, i)) {
            return false;
        }
    }
    for (size_t i = 0; i < rows; i += V_LANES) {
        sums_in_lanes(n, y_columns + i * n, dy_columns + i * n, &t, i);
    }
    for (size_t i = 0; i < rows; i += V_LANES) {
        v_t minus_s = v_load(t.minus_s + i), minus_low = v_load(t.minus_low + i);
        for (size_t j = i * n; j < (i + V_LANES) * n; j += V_LANES) {
            v_t g = gradient(v_load(y_columns + j), v_load(dy_columns + j), minus_s, minus_low, v_set1(1));
            v_store(y_columns + j, g);
        }
        rows_out(rows - i < V_LANES ? rows - i : V_LANES, n, y_columns + i * n, dx + i * lddx, lddx);
    }
    return true;
}

/* So many rows go through each pass together, if so many entries: what one group of V_LANES rows waits for, another
 * computes. AVX2, Zen 3, nanoseconds an element: 65536x8 1.04 -> 0.86, 32768x16 0.75 -> 0.70; 1024 entries rather than
 * 512: 8192x64 0.46 -> 0.44. */
#define TILE_ENTRIES ((size_t)1024)

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

/* A vector for each row of a tile, and equals of the first up to a multiple of V_LANES. */
static ALWAYS_INLINE void fill_group(size_t tile, v_t *of_rows) {
    for (size_t i = tile; i % V_LANES != 0; i++) {
        of_rows[i] = of_rows[0];
    }
}

/* The same for longer rows, `tile` of the rows, up to TILE_ROWS, as they lie. What is done along rows and what is done
 * across them have loops of their own: in one, they would not have registers enough. What is found for a row is made
 * in its lane and read from there. Together 32768x16 0.63 -> 0.53. */
static ALWAYS_INLINE bool backward_beside(size_t tile, size_t rows, size_t n, const struct two *in, real *dx,
                                          size_t lddx) {
    struct tile t;
    v_t upper[TILE_ROWS], lower[TILE_ROWS];
    i_t y_bits = i_set1(0);
    for (size_t i = 0; i < tile; i++) {
        i_t largest = i_set1(0);
        look_at_row(n, in->y + i * in->ldy, in->dy + i * in->lddy, &largest, &y_bits);
        upper[i] = v_from_bits(largest);
    }
    fill_group(tile, upper);
    for (size_t i = 0; i < tile; i += V_LANES) {
        if (!grids_in_lanes(i_fold_each(upper + i, i_max), y_bits, &t, i)) {
            return false;
        }
    }
    for (size_t i = 0; i < tile; i++) {
        const struct grid g = {t.top[i], t.middle[i], 0};
        i_t top = i_set1(0), middle = i_set1(0);
        add_products(n, in->y + i * in->ldy, in->dy + i * in->lddy, NULL, &g, false, false, &top, &middle, NULL);
        upper[i] = v_from_bits(top);
        lower[i] = v_from_bits(middle);
    }
    fill_group(tile, upper);
    fill_group(tile, lower);
    for (size_t i = 0; i < tile; i += V_LANES) {
        size_t additions = V_LANES * ((n + V_LANES - 1) / V_LANES);
        sums_of_limbs(i_fold_each(upper + i, i_add), i_fold_each(lower + i, i_add), additions, &t, i);
    }
    for (size_t i = 0; i < tile; i++) {
        const real minus_s[2] = {t.minus_s[i], t.minus_low[i]};
        const real *y = in->y + i * in->ldy, *dy = in->dy + i * in->lddy;
        const size_t ahead = i + tile < rows ? tile : 0;
        const struct next_row next = {y + ahead * in->ldy, dy + ahead * in->lddy};
        gradients_of_row(n, y, dy, NULL, false, minus_s, dx + i * lddx, next);
    }
    return true;
}

/* The first `tile` of the rows; false, with nothing written, as above. With a constant number of vectors in a row,
 * loops along rows are straight code: 16384x32 0.54 -> 0.43 ns an element, 8192x64 0.44 -> 0.39. */
static bool backward_tile(size_t tile, size_t rows, size_t n, const struct two *in, real *dx, size_t lddx) {
    return n == V_LANES        ? backward_beside(tile, rows, V_LANES, in, dx, lddx)
           : n == 2 * V_LANES  ? backward_beside(tile, rows, 2 * V_LANES, in, dx, lddx)
           : n == 4 * V_LANES  ? backward_beside(tile, rows, 4 * V_LANES, in, dx, lddx)
           : n == 8 * V_LANES  ? backward_beside(tile, rows, 8 * V_LANES, in, dx, lddx)
           : n == 16 * V_LANES ? backward_beside(tile, rows, 16 * V_LANES, in, dx, lddx)
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
            const struct next_row next = {y + after * ldy, dy + after * lddy};
            if (stream) { /* one call for both would be 1.3 times as slow for short rows of f64 */
                backward_row(n, y + k * ldy, dy + k * lddy, dx + k * lddx, next, true);
            } else {
                backward_row(n, y + k * ldy, dy + k * lddy, dx + k * lddx, next, false);
            }
        }
    }
    if (stream) {
        v_stream_end();
    }
}

#endif
