/* Softmax and log-softmax down columns: entry j of column c is at x[j * ldx + c]. Each lane has a column of its own, so
 * that memory is read as it lies. */
#ifndef SMX_COLUMNS_H
#define SMX_COLUMNS_H

#include "column.h"

/* ---- Through a tile ---- */

/* Columns that fit are copied to a tile in which each vector's entries lie together, two vectors at a time, which are a
 * line of most caches: lines are read once, where the largest entries are found, and written once. While terms are
 * made, the next lines are fetched, and the place of the results. AVX2, Zen 3, softmax against one vector at a time
 * where it lies: 1.6 times as fast at 32 x 1000 x 196, 1.4 at 200 x 128 x 196, 2.0 at 16 x 21 x 16384, 1.3 to 2.5 in
 * the nearest caches. */
#define TILE_REALS ((size_t)65536 / sizeof(real))

/* The last byte of two vectors: where they lie across lines, the first may have been fetched with those before. */
#define LAST_BYTE (2 * V_LANES * sizeof(real) - 1)

/* Copies one or two vectors to a tile, and finds their largest entries; false if one is not finite. */
static ALWAYS_INLINE bool tile_peaks(bool second, size_t vectors, size_t lanes, size_t n, const real *x, size_t ldx,
                                     real *tile, struct lanes *s) {
    v_t lowest = v_set1(-(real)INFINITY), first0 = lowest, second0 = lowest, first1 = lowest, second1 = lowest;
    m_t nan0 = m_none(), nan1 = nan0;
    for (size_t j = 0; j < n; j++) {
        v_t x0 = load_lanes(x + j * ldx, lanes);
        add_peak(x0, second, &first0, &second0, &nan0);
        v_store(tile + j * V_LANES, x0);
        if (vectors > 1) {
            v_t x1 = v_load(x + j * ldx + V_LANES);
            add_peak(x1, second, &first1, &second1, &nan1);
            v_store(tile + (n + j) * V_LANES, x1);
        }
    }
    v_store(s[0].first, first0);
    v_store(s[0].second, second0);
    if (vectors > 1) {
        v_store(s[1].first, first1);
        v_store(s[1].second, second1);
        return finite_lanes(first0) && finite_lanes(first1) && !m_any(m_or(nan0, nan1));
    }
    return finite_lanes(first0) && !m_any(nan0);
}

/* One or two vectors of columns through a tile, `lanes` of each; false, with nothing written, if a column has no finite
 * maximum. `next` is what is read after them. */
static ALWAYS_INLINE bool columns_in_tile(bool logarithm, size_t vectors, size_t lanes, size_t n, const real *x,
                                          size_t ldx, real *y, size_t ldy, uintptr_t next) {
    real tile[TILE_REALS];
    struct lanes s[2];
    struct lanes_stats stats[2];
    size_t plane = n * V_LANES;
    if (!tile_peaks(logarithm, vectors, lanes, n, x, ldx, tile, s)) {
        return false;
    }
    for (size_t k = 0; k < vectors; k++) {
        /* What comes next is fetched with the first vector, the place of the results with the second. */
        struct ahead ahead = {k == 0 ? next : (uintptr_t)y + LAST_BYTE, (k == 0 ? ldx : ldy) * sizeof(real)};
        real *own = tile + k * plane;
        if (logarithm) {
            log_lanes_terms(V_LANES, n, own, V_LANES, NULL, 0, ahead, &s[k], &stats[k]);
        } else {
            start_sums(false, n, &s[k]);
            more_terms(FAR, V_LANES, n, own, V_LANES, own, V_LANES, ahead, &s[k]);
        }
    }
    for (size_t k = 0; k < vectors; k++) {
        column_factors(logarithm, &s[k], &stats[k]);
    }
    v_t high0 = v_load(s[0].high), low0 = v_load(s[0].low), high1 = high0, low1 = low0;
    if (vectors > 1) {
        high1 = v_load(s[1].high);
        low1 = v_load(s[1].low);
    }
    for (size_t j = 0; j < n; j++) {
        const real *own = tile + j * V_LANES;
        store_lanes(y + j * ldy, column_result(logarithm, v_load(own), high0, low0), lanes);
        if (vectors > 1) {
            v_store(y + j * ldy + V_LANES, column_result(logarithm, v_load(own + plane), high1, low1));
        }
    }
    return true;
}

/* ---- In a panel ---- */

/* Longer columns, where they lie, up to so many vectors side by side: each takes SUM_BLOCK rows, which the second cache
 * holds, before the next rows' turn. AVX2, Zen 3, at 50000 x 196 against one vector after another: 1.4 to 2.4 times as
 * fast, the more the busier the memory. */
#define PANEL_VECTORS ((size_t)16)

static ALWAYS_INLINE bool panel_peaks(bool logarithm, size_t vectors, size_t lanes, size_t n, const real *x, size_t ldx,
                                      struct lanes *s) {
    for (size_t k = 0; k < vectors; k++) {
        no_peaks(s[k].first, s[k].second);
    }
    for (size_t j = 0; j < n; j += SUM_BLOCK) {
        size_t rows = n - j < SUM_BLOCK ? n - j : SUM_BLOCK;
        for (size_t k = 0; k < vectors; k++) {
            const real *from = x + j * ldx + k * V_LANES;
            if (!more_peaks(lanes, rows, from, ldx, s[k].first, logarithm ? s[k].second : NULL)) {
                return false;
            }
        }
    }
    bool finite = true;
    for (size_t k = 0; k < vectors; k++) {
        finite = finite && finite_lanes(v_load(s[k].first));
    }
    return finite;
}

static ALWAYS_INLINE void panel_terms(bool logarithm, size_t vectors, size_t lanes, size_t n, const real *x, size_t ldx,
                                      real *y, size_t ldy, struct lanes *s) {
    for (size_t k = 0; k < vectors; k++) {
        if (logarithm) {
            find_references(&s[k]);
        }
        start_sums(logarithm, n, &s[k]);
    }
    for (size_t j = 0; j < n; j += SUM_BLOCK) {
        size_t rows = n - j < SUM_BLOCK ? n - j : SUM_BLOCK;
        for (size_t k = 0; k < vectors; k++) {
            const real *from = x + j * ldx + k * V_LANES;
            real *e = logarithm ? NULL : y + j * ldy + k * V_LANES;
            struct ahead ahead = {(uintptr_t)from + SUM_BLOCK * ldx * sizeof(real), ldx * sizeof(real)};
            more_terms(logarithm ? AT_MOST : FAR, lanes, rows, from, ldx, e, ldy, ahead, &s[k]);
        }
    }
}

static ALWAYS_INLINE bool columns_in_panel(bool logarithm, size_t vectors, size_t lanes, size_t n, const real *x,
                                           size_t ldx, real *y, size_t ldy) {
    struct lanes s[PANEL_VECTORS];
    if (!panel_peaks(logarithm, vectors, lanes, n, x, ldx, s)) {
        return false;
    }
    panel_terms(logarithm, vectors, lanes, n, x, ldx, y, ldy, s);
    for (size_t k = 0; k < vectors; k++) {
        struct lanes_stats stats;
        if (logarithm) {
            lanes_factors(&s[k], stats.whole, stats.part, stats.exponent);
        }
        column_factors(logarithm, &s[k], &stats);
    }
    const real *from = logarithm ? x : y;
    size_t ld = logarithm ? ldx : ldy;
    for (size_t j = 0; j < n; j++) {
        for (size_t k = 0; k < vectors; k++) {
            v_t a = load_lanes(from + j * ld + k * V_LANES, lanes);
            a = column_result(logarithm, a, v_load(s[k].high), v_load(s[k].low));
            store_lanes(y + j * ldy + k * V_LANES, a, lanes);
        }
    }
    return true;
}

/* ---- All columns ---- */

/* How many of the columns go together. */
static inline size_t columns_together(size_t columns, size_t n) {
    size_t vectors = columns / V_LANES;
    if (n > TILE_REALS / V_LANES) {
        vectors = vectors < PANEL_VECTORS ? vectors : PANEL_VECTORS;
    } else {
        vectors = vectors > 1 && n <= TILE_REALS / (2 * V_LANES) ? 2 : vectors < 1 ? 0 : 1;
    }
    return vectors == 0 ? columns : vectors * V_LANES;
}

/* As many columns as columns_together says. */
static ALWAYS_INLINE bool columns_group(bool logarithm, size_t columns, size_t n, const real *x, size_t ldx, real *y,
                                        size_t ldy, uintptr_t next) {
    size_t vectors = columns < V_LANES ? 1 : columns / V_LANES, lanes = columns / vectors;
    if (n >= WIDE_FROM) {
        return false;
    }
    if (n > TILE_REALS / V_LANES) {
        return lanes == V_LANES ? columns_in_panel(logarithm, vectors, V_LANES, n, x, ldx, y, ldy)
                                : columns_in_panel(logarithm, 1, lanes, n, x, ldx, y, ldy);
    }
    return vectors > 1 ? columns_in_tile(logarithm, 2, V_LANES, n, x, ldx, y, ldy, next)
                       : columns_in_tile(logarithm, 1, lanes, n, x, ldx, y, ldy, next);
}

static bool softmax_column_group(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                 uintptr_t next) {
    return columns_group(false, columns, n, x, ldx, y, ldy, next);
}

static bool log_softmax_column_group(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                     uintptr_t next) {
    return columns_group(true, columns, n, x, ldx, y, ldy, next);
}

typedef bool (*group_function)(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                               uintptr_t next);
typedef void (*column_function)(size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy);

static void all_columns(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy,
                        group_function group, column_function column) {
    for (size_t c = 0; c < columns;) {
        const real *from = x + c;
        size_t left = columns - c, some = columns_together(left, n);
        uintptr_t next = some < left ? (uintptr_t)(from + some) + LAST_BYTE : (uintptr_t)x + n * ldx * sizeof(real);
        if (!group(some, n, from, ldx, y + c, ldy, next)) {
            some = left < V_LANES ? left : V_LANES;
            if (!group(some, n, from, ldx, y + c, ldy, next)) {
                for (size_t i = 0; i < some; i++) {
                    column(n, from + i, ldx, y + c + i, ldy, policy);
                }
            }
        }
        c += some;
    }
}

static void softmax_columns(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                            struct policy policy) {
    all_columns(columns, n, x, ldx, y, ldy, policy, softmax_column_group, softmax_column);
}

static void log_softmax_columns(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                struct policy policy) {
    all_columns(columns, n, x, ldx, y, ldy, policy, log_softmax_column_group, log_softmax_column);
}

#endif
