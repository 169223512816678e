/* Softmax and log-softmax down columns through a buffer on the stack. Each lane has a column of its own. Entries of a
 * column lie far apart in memory, but those of neighbouring columns side by side. So one line of the cache, one vector
 * or two, is read at a time:
 *
 *     maxima     read each line once, copy it to the buffer, where a vector's entries lie together
 *     terms      in the buffer, in place; meanwhile the next columns and the place of the results are fetched
 *     results    from the buffer to y, each line written once
 *
 * What the buffer has no room for stays where it lies and is read again.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_COLUMNS_BUFFERED_TEMPLATE_H
#define SMX_COLUMNS_BUFFERED_TEMPLATE_H

#include "../base/attributes.h"

#include <math.h>

#include "column_template.h"
#include "lane_log_stats_template.h"
#include "lane_sums_template.h"
#include "term_loop_template.h"
#include "vector_helpers_template.h"

/* The buffer is most of the stack that a call may take (smx.h, "Stack"). */
#define COLUMN_BUFFER_REALS ((size_t)43008 / sizeof(real))

/* A line of most caches is one vector or two. */
#define LINE_VECTORS (V_LANES * sizeof(real) < CACHE_LINE ? (size_t)2 : (size_t)1)
#define COLUMN_BUFFER_LINES (COLUMN_BUFFER_REALS / (LINE_VECTORS * V_LANES))

/* Longer columns are quicker where they lie: columns_in_place_template.h. */
#define COLUMNS_BUFFERED_MOST (2 * COLUMN_BUFFER_LINES)

/* The last byte of a line: where vectors lie across lines, the first may have been fetched with those before. */
#define LAST_BYTE (LINE_VECTORS * V_LANES * sizeof(real) - 1)

/* One or two vectors of columns, n entries each, whose maxima are updated. */
struct column_lines {
    size_t vectors, lanes, n;
    const real *x;
    size_t ldx;
    real *copy;   /* where entries are copied to, unless null */
    size_t plane; /* how far the second vector's copy is from the first one's */
};

/* Two vectors are variables of their own, not an array: they must stay in registers. */
static ALWAYS_INLINE void update_maxima_of_lines(bool second_wanted, const struct column_lines *in, v_t *first0,
                                                 v_t *second0, v_t *first1, v_t *second1, m_t *nan) {
    for (size_t j = 0; j < in->n; j++) {
        v_t x0 = load_lanes(in->x + j * in->ldx, in->lanes);
        update_maxima(x0, second_wanted, first0, second0, nan);
        if (in->copy != NULL) {
            v_store(in->copy + j * V_LANES, x0);
        }
        if (in->vectors > 1) {
            v_t x1 = v_load(in->x + j * in->ldx + V_LANES);
            update_maxima(x1, second_wanted, first1, second1, nan);
            if (in->copy != NULL) {
                v_store(in->copy + in->plane + j * V_LANES, x1);
            }
        }
    }
}

/* One or two vectors of columns: the entries that go through the buffer, and those that do not. */
struct buffered_columns {
    size_t vectors, lanes;
    struct columns head, rest;
    real *buffer;
    size_t plane; /* of the buffer, for each vector */
};

/* The largest entries; those of the head are copied. False if one is not finite. */
static ALWAYS_INLINE bool buffered_maxima(bool second_wanted, const struct buffered_columns *b, struct lane_sums *s) {
    v_t lowest = v_set1(-(real)INFINITY), first0 = lowest, second0 = lowest, first1 = lowest, second1 = lowest;
    m_t nan = m_none();
    const struct column_lines head = {b->vectors, b->lanes, b->head.n, b->head.x, b->head.ldx, b->buffer, b->plane};
    const struct column_lines rest = {b->vectors, b->lanes, b->rest.n, b->rest.x, b->rest.ldx, NULL, 0};
    update_maxima_of_lines(second_wanted, &head, &first0, &second0, &first1, &second1, &nan);
    update_maxima_of_lines(second_wanted, &rest, &first0, &second0, &first1, &second1, &nan);
    v_store(s[0].largest, first0);
    v_store(s[0].second, second0);
    if (b->vectors > 1) {
        v_store(s[1].largest, first1);
        v_store(s[1].second, second1);
    }
    return finite_lanes(first0) && (b->vectors == 1 || finite_lanes(first1)) && !m_any(nan);
}

/* The sums of the k-th vector's terms. Softmax keeps the terms, a logarithm has no use for them. */
static ALWAYS_INLINE void buffered_terms(bool logarithm, const struct buffered_columns *b, size_t k,
                                         struct prefetch prefetch, struct lane_sums *s) {
    const enum term_kind kind = logarithm ? TERMS_CLAMPED : TERMS_OFFSET;
    real *own = b->buffer + k * b->plane;
    const struct columns *head = &b->head, *rest = &b->rest;
    const struct term_run run = {.count = head->n,
                                 .lanes = V_LANES,
                                 .x = own,
                                 .step = V_LANES,
                                 .e = logarithm ? NULL : own,
                                 .e_step = V_LANES,
                                 .prefetch = prefetch};
    if (logarithm) {
        find_references(s);
    }
    start_lane_sums(logarithm, head->n + rest->n, s);
    add_lane_terms(kind, &run, logarithm ? s->reference : s->largest, s);
    if (rest->n > 0) {
        real *e = logarithm ? NULL : rest->y + k * V_LANES;
        prefetch.from += head->n * prefetch.step;
        const struct term_run more = {.count = rest->n,
                                      .lanes = b->lanes,
                                      .x = rest->x + k * V_LANES,
                                      .step = rest->ldx,
                                      .e = e,
                                      .e_step = rest->ldy,
                                      .prefetch = prefetch};
        add_lane_terms(kind, &more, logarithm ? s->reference : s->largest, s);
    }
}

/* Results of softmax are made from its terms, those of log-softmax from the entries. */
static ALWAYS_INLINE void buffered_results(bool logarithm, const struct buffered_columns *b,
                                           const struct lane_sums *s) {
    const struct columns *head = &b->head, *rest = &b->rest;
    v_t high0 = v_load(s[0].high), low0 = v_load(s[0].low), high1 = high0, low1 = low0;
    if (b->vectors > 1) {
        high1 = v_load(s[1].high);
        low1 = v_load(s[1].low);
    }
    for (size_t j = 0; j < head->n; j++) {
        const real *own = b->buffer + j * V_LANES;
        store_lanes(head->y + j * head->ldy, column_result(logarithm, v_load(own), high0, low0), b->lanes);
        if (b->vectors > 1) {
            v_store(head->y + j * head->ldy + V_LANES, column_result(logarithm, v_load(own + b->plane), high1, low1));
        }
    }
    for (size_t j = 0; j < rest->n; j++) {
        const real *own = logarithm ? rest->x + j * rest->ldx : rest->y + j * rest->ldy;
        v_t a0 = load_lanes(own, b->lanes);
        if (b->vectors > 1) {
            v_t a1 = v_load(own + V_LANES);
            v_store(rest->y + j * rest->ldy + V_LANES, column_result(logarithm, a1, high1, low1));
        }
        store_lanes(rest->y + j * rest->ldy, column_result(logarithm, a0, high0, low0), b->lanes);
    }
}

/* One or two vectors of columns, `lanes` of each. False, with nothing written, if a column has no finite maximum.
 * `next` is what is read after them. */
static ALWAYS_INLINE bool columns_buffered(bool logarithm, size_t vectors, size_t lanes, const struct columns *c,
                                           uintptr_t next) {
    real buffer[COLUMN_BUFFER_REALS];
    struct lane_sums s[2];
    struct lane_log_stats stats[2];
    const size_t most = COLUMN_BUFFER_REALS / (vectors * V_LANES), n = c->n < most ? c->n : most, left = c->n - n;
    const struct buffered_columns b = {
        .vectors = vectors,
        .lanes = lanes,
        .head = {n, c->x, c->ldx, c->y, c->ldy},
        .rest = {left, left > 0 ? c->x + n * c->ldx : c->x, c->ldx, left > 0 ? c->y + n * c->ldy : c->y, c->ldy},
        .buffer = buffer,
        .plane = n * V_LANES,
    };
    if (!buffered_maxima(logarithm, &b, s)) {
        return false;
    }
    for (size_t k = 0; k < vectors; k++) {
        /* What comes next is fetched with the first vector, the place of the results with the second. */
        const struct prefetch prefetch = {k == 0 ? next : (uintptr_t)c->y + LAST_BYTE,
                                          (k == 0 ? c->ldx : c->ldy) * sizeof(real)};
        buffered_terms(logarithm, &b, k, prefetch, &s[k]);
    }
    for (size_t k = 0; k < vectors; k++) {
        column_factors(logarithm, &s[k], &stats[k]);
    }
    buffered_results(logarithm, &b, s);
    return true;
}

/* The same for as many columns as columns_together says. */
static ALWAYS_INLINE bool columns_buffered_some(bool logarithm, size_t columns, const struct columns *c,
                                                uintptr_t next) {
    return columns > V_LANES ? columns_buffered(logarithm, 2, V_LANES, c, next)
                             : columns_buffered(logarithm, 1, columns, c, next);
}

#endif
