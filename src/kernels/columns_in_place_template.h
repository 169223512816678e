/* Softmax and log-softmax down long columns, where they lie, some vectors side by side. Template: compiled once for
 * each instruction set and type. */
#ifndef SMX_COLUMNS_IN_PLACE_TEMPLATE_H
#define SMX_COLUMNS_IN_PLACE_TEMPLATE_H

#include "../attributes.h"

#include "column_template.h"
#include "lane_log_stats_template.h"
#include "lane_sums_template.h"
#include "term_loop_template.h"
#include "vector_helpers_template.h"

/* Longer columns, where they lie, up to so many vectors side by side: each takes SUM_BLOCK rows, which the second cache
 * holds, before the next rows' turn. AVX2, Zen 3, at 50000 x 196 against one vector after another: 1.4 to 2.4 times as
 * fast, the more the busier the memory. */
#define COLUMNS_IN_PLACE_VECTORS ((size_t)16)

static ALWAYS_INLINE bool in_place_maxima(bool logarithm, size_t vectors, size_t lanes, size_t n, const real *x,
                                          size_t ldx, struct lane_sums *s) {
    for (size_t k = 0; k < vectors; k++) {
        start_maxima(s[k].first, s[k].second);
    }
    for (size_t j = 0; j < n; j += SUM_BLOCK) {
        size_t rows = n - j < SUM_BLOCK ? n - j : SUM_BLOCK;
        for (size_t k = 0; k < vectors; k++) {
            const real *from = x + j * ldx + k * V_LANES;
            if (!extend_maxima(lanes, rows, from, ldx, s[k].first, logarithm ? s[k].second : NULL)) {
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

static ALWAYS_INLINE void in_place_terms(bool logarithm, size_t vectors, size_t lanes, size_t n, const real *x,
                                         size_t ldx, real *y, size_t ldy, struct lane_sums *s) {
    for (size_t k = 0; k < vectors; k++) {
        if (logarithm) {
            find_references(&s[k]);
        }
        start_lane_sums(logarithm, n, &s[k]);
    }
    for (size_t j = 0; j < n; j += SUM_BLOCK) {
        size_t rows = n - j < SUM_BLOCK ? n - j : SUM_BLOCK;
        for (size_t k = 0; k < vectors; k++) {
            const real *from = x + j * ldx + k * V_LANES;
            real *e = logarithm ? NULL : y + j * ldy + k * V_LANES;
            struct prefetch ahead = {(uintptr_t)from + SUM_BLOCK * ldx * sizeof(real), ldx * sizeof(real)};
            add_lane_terms(logarithm ? TERMS_CLAMPED : TERMS_OFFSET, lanes, rows, from, ldx, e, ldy, ahead, &s[k]);
        }
    }
}

static ALWAYS_INLINE bool columns_in_place(bool logarithm, size_t vectors, size_t lanes, size_t n, const real *x,
                                           size_t ldx, real *y, size_t ldy) {
    struct lane_sums s[COLUMNS_IN_PLACE_VECTORS];
    if (!in_place_maxima(logarithm, vectors, lanes, n, x, ldx, s)) {
        return false;
    }
    in_place_terms(logarithm, vectors, lanes, n, x, ldx, y, ldy, s);
    for (size_t k = 0; k < vectors; k++) {
        struct lane_log_stats stats;
        if (logarithm) {
            lane_factors(&s[k], stats.whole, stats.part, stats.exponent);
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

static ALWAYS_INLINE bool columns_in_place_some(bool logarithm, size_t columns, size_t n, const real *x, size_t ldx,
                                                real *y, size_t ldy) {
    if (n >= WIDE_FROM) {
        return false;
    }
    return columns < V_LANES ? columns_in_place(logarithm, 1, columns, n, x, ldx, y, ldy)
                             : columns_in_place(logarithm, columns / V_LANES, V_LANES, n, x, ldx, y, ldy);
}

#endif
