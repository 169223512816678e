/* Softmax and log-softmax down columns: entry j of column c is at x[j * ldx + c]. Each lane has a column of its own, so
 * that memory is read as it lies. */
#ifndef SMX_COLUMNS_H
#define SMX_COLUMNS_H

#include "lanes.h"

/* ---- One column after another, for those with something special ---- */

static inline logits logits_of_column(size_t n, const real *x, size_t ldx) {
    logits l = {.x = x, .stride = ldx, .scale = 1, .row_n = n};
    return l;
}

static inline void fill_column(size_t n, real value, real *y, size_t ldy) {
    for (size_t i = 0; i < n; i++) {
        y[i * ldy] = value;
    }
}

static void softmax_column(size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy) {
    logits l = logits_of_column(n, x, ldx);
    struct peak peak;
    enum fate fate = peak_and_fate(n, &l, policy, &peak);
    if (fate != COMPUTED) {
        fill_column(n, fate == NOTHING_KEPT ? 0 : canonical_nan(), y, ldy);
        return;
    }
    struct term_sum sum = peak_terms(n, &l, &peak, NULL);
    const struct reference ref = {peak.high, peak.low, true};
    struct buffer buffer;
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        struct block b = logits_block(&l, j, n, &buffer);
        struct term_sum ignored = no_terms(n, n);
        add_terms(b.n, b.high, NULL, &ref, n, buffer.low, &ignored);
        scale_by_sum(b.n, buffer.low, &sum, buffer.low);
        scatter(b.n, buffer.low, y + j * ldy, ldy);
    }
}

static void log_softmax_column(size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy) {
    logits l = logits_of_column(n, x, ldx);
    struct log_stats stats;
    enum fate fate = peak_and_fate(n, &l, policy, &stats.peak);
    if (fate != COMPUTED) {
        fill_column(n, fate == NOTHING_KEPT ? -(real)INFINITY : canonical_nan(), y, ldy);
        return;
    }
    find_log_stats(&l, n, NULL, &stats);
    struct buffer buffer;
    real block[LOGITS_BLOCK];
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        struct block b = logits_block(&l, j, n, &buffer);
        log_block(&b, &stats, block);
        scatter(b.n, block, y + j * ldy, ldy);
    }
}

/* ---- Some vectors of columns together ---- */

/* Columns that fit are copied to a tile in which each vector's entries lie together, two vectors at a time, which are a
 * line of most caches: lines are read once, where the largest entries are found, and written once. While terms are
 * made, the next lines are fetched, and the place of the results. AVX2, Zen 3, softmax against one vector at a time
 * where it lies: 1.6 times as fast at 32 x 1000 x 196, 1.4 at 200 x 128 x 196, 2.0 at 16 x 21 x 16384, 1.3 to 2.5 in
 * the nearest caches. */
#define TILE_REALS ((size_t)65536 / sizeof(real))

/* The last byte of two vectors: where they lie across lines, the first may have been fetched with those before. */
#define LAST_BYTE (2 * V_LANES * sizeof(real) - 1)

/* The largest entries of one vector or two, which are copied to `copy` and copy + plane unless that is null; false if
 * one is not finite. */
static ALWAYS_INLINE bool columns_peaks(bool second, size_t vectors, size_t lanes, size_t n, const real *x, size_t ldx,
                                        real *copy, size_t plane, struct lanes *s) {
    v_t lowest = v_set1(-(real)INFINITY), first0 = lowest, second0 = lowest, first1 = lowest, second1 = lowest;
    m_t nan0 = m_none(), nan1 = nan0;
    for (size_t j = 0; j < n; j++) {
        v_t x0 = load_lanes(x + j * ldx, lanes);
        add_peak(x0, second, &first0, &second0, &nan0);
        if (copy != NULL) {
            v_store(copy + j * V_LANES, x0);
        }
        if (vectors > 1) {
            v_t x1 = v_load(x + j * ldx + V_LANES);
            add_peak(x1, second, &first1, &second1, &nan1);
            v_store(copy + plane + j * V_LANES, x1);
        }
    }
    v_store(s[0].first, first0);
    v_store(s[0].second, second0);
    if (vectors > 1) {
        v_store(s[1].first, first1);
        v_store(s[1].second, second1);
        return finite_peaks(first0, nan0) && finite_peaks(first1, nan1);
    }
    return finite_peaks(first0, nan0);
}

/* 1 / sum of each lane, as two reals. */
static inline void find_reciprocals(size_t n, struct lanes *s) {
    for (size_t i = 0; i < V_LANES; i++) {
        real reciprocal[2];
        if (sizeof(real) < sizeof(double)) {
            double exact = 1 / pair_of_lane(s, i).high;
            reciprocal[0] = (real)exact;
            reciprocal[1] = (real)(exact - (double)reciprocal[0]);
        } else {
            struct term_sum sum = sum_of_lane(n, s, i);
            find_reciprocal(&sum, reciprocal);
        }
        s->high[i] = reciprocal[0];
        s->low[i] = reciprocal[1];
    }
}

/* What results are made with: the largest entry and the logarithm, or the reciprocal of the sum in two parts. */
static ALWAYS_INLINE void column_factors(bool logarithm, size_t n, struct lanes *s, struct lanes_stats *stats) {
    if (logarithm) {
        find_log1p(n, s, stats);
        memcpy(s->low, s->high, sizeof s->low);
        memcpy(s->high, s->first, sizeof s->high);
    } else {
        find_reciprocals(n, s);
    }
}

/* `a` is the entry, or softmax's term. */
static ALWAYS_INLINE v_t column_result(bool logarithm, v_t a, v_t high, v_t low) {
    return logarithm ? v_sub(v_sub(a, high), low) : quotient(a, high, low);
}

/* One or two vectors of columns through a tile, or one where it lies if that is null; `lanes` of each. False, with
 * nothing written, if a column has no finite maximum. `next` is what is read after them. */
static ALWAYS_INLINE bool some_columns(bool logarithm, size_t vectors, size_t lanes, size_t n, const real *x,
                                       size_t ldx, real *y, size_t ldy, real *tile, uintptr_t next) {
    struct lanes s[2];
    struct lanes_stats stats[2];
    size_t plane = n * V_LANES;
    if (!columns_peaks(logarithm, vectors, lanes, n, x, ldx, tile, plane, s)) {
        return false;
    }
    const real *from = tile != NULL ? tile : x;
    real *e = tile != NULL ? tile : y;
    size_t ld = tile != NULL ? V_LANES : ldx, lde = tile != NULL ? V_LANES : ldy;
    for (size_t k = 0; k < vectors; k++) {
        /* What comes next is fetched with the first vector, the place of the results with the second. */
        struct ahead ahead = {k == 0 ? next : (uintptr_t)y + LAST_BYTE, (k == 0 ? ldx : ldy) * sizeof(real)};
        size_t kept = tile != NULL ? V_LANES : lanes;
        if (logarithm) {
            log_lanes_terms(kept, n, from + k * plane, ld, NULL, 0, ahead, &s[k], &stats[k]);
        } else {
            lanes_terms(kept, n, from + k * plane, ld, false, e + k * plane, lde, ahead, &s[k]);
        }
    }
    for (size_t k = 0; k < vectors; k++) {
        column_factors(logarithm, n, &s[k], &stats[k]);
    }
    const real *source = logarithm ? from : e;
    size_t lds = logarithm ? ld : lde;
    v_t high0 = v_load(s[0].high), low0 = v_load(s[0].low), high1 = high0, low1 = low0;
    if (vectors > 1) {
        high1 = v_load(s[1].high);
        low1 = v_load(s[1].low);
    }
    for (size_t j = 0; j < n; j++) {
        v_t a = load_lanes(source + j * lds, tile != NULL ? V_LANES : lanes);
        store_lanes(y + j * ldy, column_result(logarithm, a, high0, low0), lanes);
        if (vectors > 1) {
            v_store(y + j * ldy + V_LANES, column_result(logarithm, v_load(source + plane + j * lds), high1, low1));
        }
    }
    return true;
}

/* As many columns as columns_together says. */
static ALWAYS_INLINE bool columns_group(bool logarithm, size_t columns, size_t n, const real *x, size_t ldx, real *y,
                                        size_t ldy, uintptr_t next) {
    real tile[TILE_REALS];
    if (n > TILE_REALS / V_LANES) {
        return n < WIDE_FROM && some_columns(logarithm, 1, columns, n, x, ldx, y, ldy, NULL, next);
    }
    if (columns > V_LANES) {
        return some_columns(logarithm, 2, V_LANES, n, x, ldx, y, ldy, tile, next);
    }
    return some_columns(logarithm, 1, columns, n, x, ldx, y, ldy, tile, next);
}

static bool softmax_column_group(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                 uintptr_t next) {
    return columns_group(false, columns, n, x, ldx, y, ldy, next);
}

static bool log_softmax_column_group(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                     uintptr_t next) {
    return columns_group(true, columns, n, x, ldx, y, ldy, next);
}

/* ---- All columns ---- */

typedef bool (*group_function)(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                               uintptr_t next);
typedef void (*column_function)(size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy);

/* How many of the columns go together. */
static inline size_t columns_together(size_t columns, size_t n) {
    bool two = columns >= 2 * V_LANES && n <= TILE_REALS / (2 * V_LANES);
    return two ? 2 * V_LANES : columns < V_LANES ? columns : V_LANES;
}

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
