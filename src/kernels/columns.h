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

/* ---- V_LANES columns at once ---- */

static bool softmax_lanes(size_t lanes, size_t n, const real *x, size_t ldx, real *y, size_t ldy) {
    struct lanes s;
    if (!lanes_peaks(lanes, n, x, ldx, s.first, NULL)) {
        return false;
    }
    lanes_terms(lanes, n, x, ldx, false, y, ldy, &s);
    for (size_t i = 0; i < V_LANES; i++) {
        struct term_sum sum = sum_of_lane(n, &s, i);
        real reciprocal[2];
        find_reciprocal(&sum, reciprocal);
        s.high[i] = reciprocal[0];
        s.low[i] = reciprocal[1];
    }
    v_t high = v_load(s.high), low = v_load(s.low);
    for (size_t j = 0; j < n; j++) {
        store_lanes(y + j * ldy, quotient(load_lanes(y + j * ldy, lanes), high, low), lanes);
    }
    return true;
}

static bool log_softmax_lanes(size_t lanes, size_t n, const real *x, size_t ldx, real *y, size_t ldy) {
    struct lanes s;
    if (!log_softmax_stats(lanes, n, x, ldx, &s)) {
        return false;
    }
    v_t first = v_load(s.first), log1p = v_load(s.high);
    for (size_t j = 0; j < n; j++) {
        store_lanes(y + j * ldy, v_sub(v_sub(load_lanes(x + j * ldx, lanes), first), log1p), lanes);
    }
    return true;
}

/* ---- All columns ---- */

typedef bool (*lanes_function)(size_t lanes, size_t n, const real *x, size_t ldx, real *y, size_t ldy);
typedef void (*column_function)(size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy);

/* Rows of x a multiple of 1 KB apart share so few lines of the caches that none stays until its neighbour is wanted:
 * there, tiles of up to four columns of vectors are copied to where they lie together, and their lines are read and
 * written once. Gain at 1000 x 4096 (AVX2, Zen 3): 1.7 to 2.2 times as fast, and 2.5 at 50 x 4096; at strides that
 * share no lines the copies cost 10 %. */
#define TILE_VECTORS ((size_t)4)
#define TILE_REALS ((size_t)65536 / sizeof(real))
#define TILE_STRIDE ((size_t)1024 / sizeof(real))

/* `vectors` of V_LANES columns each; `done` says of which. */
static inline void columns_tile(size_t vectors, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                lanes_function lanes, bool *done) {
    real tile[TILE_REALS];
    size_t plane = n * V_LANES;
    for (size_t j = 0; j < n; j++) {
        for (size_t k = 0; k < vectors; k++) {
            v_store(tile + k * plane + j * V_LANES, v_load(x + j * ldx + k * V_LANES));
        }
    }
    bool all = true;
    for (size_t k = 0; k < vectors; k++) {
        real *own = tile + k * plane;
        done[k] = lanes(V_LANES, n, own, V_LANES, own, V_LANES);
        all = all && done[k];
    }
    for (size_t j = 0; j < n; j++) {
        for (size_t k = 0; k < vectors; k++) {
            if (all || done[k]) {
                v_store(y + j * ldy + k * V_LANES, v_load(tile + k * plane + j * V_LANES));
            }
        }
    }
}

static ALWAYS_INLINE void all_columns(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                      struct policy policy, lanes_function lanes, column_function column) {
    size_t fit = TILE_REALS / V_LANES / n, most = fit < TILE_VECTORS ? fit : TILE_VECTORS;
    if (ldx % TILE_STRIDE != 0) {
        most = 0;
    }
    for (size_t c = 0; c < columns;) {
        size_t left = (columns - c) / V_LANES, vectors = left < most ? left : most;
        bool done[TILE_VECTORS] = {false};
        size_t width = vectors * V_LANES;
        if (vectors != 0) {
            columns_tile(vectors, n, x + c, ldx, y + c, ldy, lanes, done);
        } else {
            width = columns - c < V_LANES ? columns - c : V_LANES;
            done[0] = n < WIDE_FROM && lanes(width, n, x + c, ldx, y + c, ldy);
        }
        for (size_t i = 0; i < width; i++) {
            if (!done[i / V_LANES]) {
                column(n, x + c + i, ldx, y + c + i, ldy, policy);
            }
        }
        c += width;
    }
}

static void softmax_columns(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                            struct policy policy) {
    all_columns(columns, n, x, ldx, y, ldy, policy, softmax_lanes, softmax_column);
}

static void log_softmax_columns(size_t columns, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                                struct policy policy) {
    all_columns(columns, n, x, ldx, y, ldy, policy, log_softmax_lanes, log_softmax_column);
}

#endif
