/* Softmax and log-softmax down long columns, where they lie, some vectors of columns side by side. Each vector takes
 * SUM_BLOCK rows, which the second cache holds, before the next rows' turn: memory is so read in stripes as wide as all
 * the vectors, and a sum's lanes are flushed once a stripe.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_COLUMNS_IN_PLACE_TEMPLATE_H
#define SMX_COLUMNS_IN_PLACE_TEMPLATE_H

#include "../base/attributes.h"

#include "column_template.h"
#include "lane_log_stats_template.h"
#include "lane_sums_template.h"
#include "term_loop_template.h"
#include "vector_helpers_template.h"

/* At most so many vectors side by side. */
#define COLUMNS_IN_PLACE_VECTORS ((size_t)16)

/* False if a largest entry is not finite. */
static ALWAYS_INLINE bool in_place_maxima(bool logarithm, size_t vectors, size_t lanes, const struct columns *c,
                                          struct lane_sums *s) {
    for (size_t k = 0; k < vectors; k++) {
        start_maxima(s[k].largest, s[k].second);
    }
    for (size_t j = 0; j < c->n; j += SUM_BLOCK) {
        size_t rows = c->n - j < SUM_BLOCK ? c->n - j : SUM_BLOCK;
        for (size_t k = 0; k < vectors; k++) {
            const real *from = c->x + j * c->ldx + k * V_LANES;
            if (!extend_maxima(lanes, rows, from, c->ldx, s[k].largest, logarithm ? s[k].second : NULL)) {
                return false;
            }
        }
    }
    bool finite = true;
    for (size_t k = 0; k < vectors; k++) {
        finite = finite && finite_lanes(v_load(s[k].largest));
    }
    return finite;
}

/* Softmax's terms go to y, and are scaled there; a logarithm needs their sums only. */
static ALWAYS_INLINE void in_place_terms(bool logarithm, size_t vectors, size_t lanes, const struct columns *c,
                                         struct lane_sums *s) {
    for (size_t k = 0; k < vectors; k++) {
        if (logarithm) {
            find_references(&s[k]);
        }
        start_lane_sums(logarithm, c->n, &s[k]);
    }
    for (size_t j = 0; j < c->n; j += SUM_BLOCK) {
        size_t rows = c->n - j < SUM_BLOCK ? c->n - j : SUM_BLOCK;
        for (size_t k = 0; k < vectors; k++) {
            const real *from = c->x + j * c->ldx + k * V_LANES;
            real *e = logarithm ? NULL : c->y + j * c->ldy + k * V_LANES;
            const struct prefetch next_rows = {(uintptr_t)from + SUM_BLOCK * c->ldx * sizeof(real),
                                               c->ldx * sizeof(real)};
            const struct term_run run = {.count = rows,
                                         .lanes = lanes,
                                         .x = from,
                                         .step = c->ldx,
                                         .e = e,
                                         .e_step = c->ldy,
                                         .prefetch = next_rows};
            add_lane_terms(logarithm ? TERMS_CLAMPED : TERMS_OFFSET, &run, logarithm ? s[k].reference : s[k].largest,
                           &s[k]);
        }
    }
}

/* Some vectors of columns, `lanes` of each. False, with nothing written, if a column has no finite maximum. */
static ALWAYS_INLINE bool columns_in_place(bool logarithm, size_t vectors, size_t lanes, const struct columns *c) {
    struct lane_sums s[COLUMNS_IN_PLACE_VECTORS];
    if (!in_place_maxima(logarithm, vectors, lanes, c, s)) {
        return false;
    }
    in_place_terms(logarithm, vectors, lanes, c, s);
    for (size_t k = 0; k < vectors; k++) {
        struct lane_log_stats stats;
        column_factors(logarithm, &s[k], &stats);
    }
    const real *from = logarithm ? c->x : c->y;
    size_t ld = logarithm ? c->ldx : c->ldy;
    for (size_t j = 0; j < c->n; j++) {
        for (size_t k = 0; k < vectors; k++) {
            v_t a = load_lanes(from + j * ld + k * V_LANES, lanes);
            a = column_result(logarithm, a, v_load(s[k].high), v_load(s[k].low));
            store_lanes(c->y + j * c->ldy + k * V_LANES, a, lanes);
        }
    }
    return true;
}

/* The same for as many columns as columns_together says. */
static ALWAYS_INLINE bool columns_in_place_some(bool logarithm, size_t columns, const struct columns *c) {
    if (c->n >= WIDE_FROM) {
        return false;
    }
    return columns < V_LANES ? columns_in_place(logarithm, 1, columns, c)
                             : columns_in_place(logarithm, columns / V_LANES, V_LANES, c);
}

#endif
