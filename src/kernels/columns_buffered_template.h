/* Softmax and log-softmax down columns, a line of the cache at a time, through a copy on the stack. Template: compiled
 * once for each instruction set and type. */
#ifndef SMX_COLUMNS_BUFFERED_TEMPLATE_H
#define SMX_COLUMNS_BUFFERED_TEMPLATE_H

#include "../attributes.h"

#include <math.h>

#include "column_template.h"
#include "lane_log_stats_template.h"
#include "lane_sums_template.h"
#include "term_loop_template.h"
#include "vector_helpers_template.h"

/* Columns go through a buffer in which each vector's entries lie together, a line of most caches at a time: lines are
 * read once, where the largest entries are found, and written once. While terms are made, the next lines are fetched,
 * and the place of the results. What the buffer has no room for stays where it lies. AVX2, Zen 3, softmax against one
 * vector at a time where it lies: 1.6 times as fast at 32 x 1000 x 196, 1.4 at 200 x 128 x 196, 2.0 at 16 x 21 x 16384,
 * 1.3 to 2.5 in the nearest caches. The buffer is most of the stack that a call may take (smx.h, "Stack"). */
#define COLUMN_BUFFER_REALS ((size_t)45056 / sizeof(real))

/* A line is one vector or two. */
#define LINE_VECTORS (V_LANES * sizeof(real) < 64 ? (size_t)2 : (size_t)1)
#define COLUMN_BUFFER_LINES (COLUMN_BUFFER_REALS / (LINE_VECTORS * V_LANES))

/* Longer columns are quicker in a place. */
#define COLUMNS_BUFFERED_MOST (2 * COLUMN_BUFFER_LINES)

/* The last byte of a line: where vectors lie across lines, the first may have been fetched with those before. */
#define LAST_BYTE (LINE_VECTORS * V_LANES * sizeof(real) - 1)

/* The largest entries so far of one or two vectors, with n more, which are copied to `buffer` unless that is null. */
static ALWAYS_INLINE void copy_and_update_maxima(bool wanted, size_t vectors, size_t lanes, size_t n, const real *x,
                                                 size_t ldx, real *buffer, size_t plane, v_t *first0, v_t *second0,
                                                 v_t *first1, v_t *second1, m_t *nan) {
    for (size_t j = 0; j < n; j++) {
        v_t x0 = load_lanes(x + j * ldx, lanes);
        update_maxima(x0, wanted, first0, second0, nan);
        if (buffer != NULL) {
            v_store(buffer + j * V_LANES, x0);
        }
        if (vectors > 1) {
            v_t x1 = v_load(x + j * ldx + V_LANES);
            update_maxima(x1, wanted, first1, second1, nan);
            if (buffer != NULL) {
                v_store(buffer + plane + j * V_LANES, x1);
            }
        }
    }
}

/* Those of n entries: the first `tiled` are copied to the buffer, the others begin at x_rest. False if not finite. */
static ALWAYS_INLINE bool buffered_maxima(bool wanted, size_t vectors, size_t lanes, size_t n, const real *x,
                                          size_t ldx, const real *x_rest, size_t tiled, real *buffer,
                                          struct lane_sums *s) {
    v_t lowest = v_set1(-(real)INFINITY), first0 = lowest, second0 = lowest, first1 = lowest, second1 = lowest;
    m_t nan = m_none();
    copy_and_update_maxima(wanted, vectors, lanes, tiled, x, ldx, buffer, tiled * V_LANES, &first0, &second0, &first1,
                           &second1, &nan);
    copy_and_update_maxima(wanted, vectors, lanes, n - tiled, x_rest, ldx, NULL, 0, &first0, &second0, &first1,
                           &second1, &nan);
    v_store(s[0].first, first0);
    v_store(s[0].second, second0);
    if (vectors > 1) {
        v_store(s[1].first, first1);
        v_store(s[1].second, second1);
    }
    return finite_lanes(first0) && (vectors == 1 || finite_lanes(first1)) && !m_any(nan);
}

/* One or two vectors of columns through a buffer, `lanes` of each; false, with nothing written, if a column has no
 * finite maximum. `next` is what is read after them. */
static ALWAYS_INLINE bool columns_buffered(bool logarithm, size_t vectors, size_t lanes, size_t n, const real *x,
                                           size_t ldx, real *y, size_t ldy, uintptr_t next) {
    const enum term_kind kind = logarithm ? TERMS_CLAMPED : TERMS_OFFSET;
    real buffer[COLUMN_BUFFER_REALS];
    struct lane_sums s[2];
    struct lane_log_stats stats[2];
    const size_t most = COLUMN_BUFFER_REALS / (vectors * V_LANES), tiled = n < most ? n : most, plane = tiled * V_LANES;
    const size_t rest = n - tiled;
    const real *x_rest = rest > 0 ? x + tiled * ldx : x;
    real *y_rest = rest > 0 ? y + tiled * ldy : y;
    if (!buffered_maxima(logarithm, vectors, lanes, n, x, ldx, x_rest, tiled, buffer, s)) {
        return false;
    }
    for (size_t k = 0; k < vectors; k++) {
        /* What comes next is fetched with the first vector, the place of the results with the second. */
        struct prefetch ahead = {k == 0 ? next : (uintptr_t)y + LAST_BYTE, (k == 0 ? ldx : ldy) * sizeof(real)};
        real *own = buffer + k * plane;
        if (logarithm) {
            find_references(&s[k]);
        }
        start_lane_sums(logarithm, n, &s[k]);
        add_lane_terms(kind, V_LANES, tiled, own, V_LANES, logarithm ? NULL : own, V_LANES, ahead, &s[k]);
        if (rest > 0) {
            real *e = logarithm ? NULL : y_rest + k * V_LANES;
            ahead.from += tiled * ahead.step;
            add_lane_terms(kind, lanes, rest, x_rest + k * V_LANES, ldx, e, ldy, ahead, &s[k]);
        }
        if (logarithm) {
            lane_factors(&s[k], stats[k].whole, stats[k].part, stats[k].exponent);
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
    for (size_t j = 0; j < tiled; j++) {
        const real *own = buffer + j * V_LANES;
        store_lanes(y + j * ldy, column_result(logarithm, v_load(own), high0, low0), lanes);
        if (vectors > 1) {
            v_store(y + j * ldy + V_LANES, column_result(logarithm, v_load(own + plane), high1, low1));
        }
    }
    for (size_t j = 0; j < rest; j++) {
        const real *own = logarithm ? x_rest + j * ldx : y_rest + j * ldy;
        v_t a0 = load_lanes(own, lanes);
        if (vectors > 1) {
            v_t a1 = v_load(own + V_LANES);
            v_store(y_rest + j * ldy + V_LANES, column_result(logarithm, a1, high1, low1));
        }
        store_lanes(y_rest + j * ldy, column_result(logarithm, a0, high0, low0), lanes);
    }
    return true;
}

/* As many columns as columns_together says. Tile, place and single column are functions of their own, or clang would
 * give all of them room on the stack at once. */
static ALWAYS_INLINE bool columns_buffered_some(bool logarithm, size_t columns, size_t n, const real *x, size_t ldx,
                                                real *y, size_t ldy, uintptr_t next) {
    return columns > V_LANES ? columns_buffered(logarithm, 2, V_LANES, n, x, ldx, y, ldy, next)
                             : columns_buffered(logarithm, 1, columns, n, x, ldx, y, ldy, next);
}

#endif
