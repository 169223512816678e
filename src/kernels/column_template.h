/* Softmax and log-softmax of one column, for those with something special (infinities, NaN, great length); and what
 * vectors of columns, each lane with one of its own, make results with.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_COLUMN_TEMPLATE_H
#define SMX_COLUMN_TEMPLATE_H

#include "../base/attributes.h"
#include "../options/policy.h"

#include <math.h>
#include <string.h>

#include "lane_log_stats_template.h"
#include "lane_sums_template.h"
#include "log_softmax_row_template.h"
#include "log_stats_template.h"
#include "logits_max_template.h"
#include "logits_template.h"
#include "logits_terms_template.h"
#include "mask_template.h"
#include "row_max_template.h"
#include "row_scale_template.h"
#include "row_terms_template.h"
#include "vector_helpers_template.h"

/* Columns of n entries: entry j of the first is at x[j * ldx] and its result at y[j * ldy], the next columns' beside
 * it. */
struct columns {
    size_t n;
    const real *x;
    size_t ldx;
    real *y;
    size_t ldy;
};

/* ---- One column ---- */

/* A column as a row of logits: with a stride, and nothing else. */
static inline logits logits_of_column(const struct columns *c) {
    logits l = {.x = c->x, .stride = c->ldx, .scale = 1, .row_n = c->n};
    return l;
}

/* The entries from j on, as many as a buffer holds: a single column that is a row (ldx = 1) would come as one block. */
static inline struct logit_block column_block(const logits *l, size_t j, size_t n, struct logit_buffer *buffer) {
    return logits_block(l, j, j + block_length(n - j), buffer);
}

static inline void fill_column(real value, const struct columns *c) {
    for (size_t i = 0; i < c->n; i++) {
        c->y[i * c->ldy] = value;
    }
}

/* Terms are made twice, once for the sum and once for results: there is no row to keep them in. */
NOT_INLINE static void softmax_column(const struct columns *c, struct policy policy) {
    logits l = logits_of_column(c);
    const size_t n = c->n;
    struct maximum maximum;
    enum row_kind kind = classify_row(n, &l, policy, &maximum);
    if (kind != ROW_COMPUTED) {
        fill_column(kind == ROW_EMPTY ? 0 : canonical_nan(), c);
        return;
    }
    struct term_sum sum = softmax_terms(n, &l, &maximum, NULL);
    struct logit_buffer buffer;
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        struct logit_block b = column_block(&l, j, n, &buffer);
        add_terms(b.n, b.high, NULL, maximum.high, n, buffer.low, NULL);
        scale_by_sum(b.n, buffer.low, &sum, buffer.low);
        scatter(b.n, buffer.low, c->y + j * c->ldy, c->ldy);
    }
}

/* The logits are read twice, too: for the statistics, and for results. */
NOT_INLINE static void log_softmax_column(const struct columns *c, struct policy policy) {
    logits l = logits_of_column(c);
    const size_t n = c->n;
    struct log_stats stats;
    enum row_kind kind = classify_row(n, &l, policy, &stats.maximum);
    if (kind != ROW_COMPUTED) {
        fill_column(kind == ROW_EMPTY ? -(real)INFINITY : canonical_nan(), c);
        return;
    }
    find_log_stats(&l, n, NULL, &stats);
    struct logit_buffer buffer;
    real block[LOGITS_BLOCK];
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        struct logit_block b = column_block(&l, j, n, &buffer);
        log_block(&b, &stats, block);
        scatter(b.n, block, c->y + j * c->ldy, c->ldy);
    }
}

/* ---- A column in each lane ---- */

/* 1 / sum of each lane, as two reals. */
static inline void find_reciprocals(struct lane_sums *s) {
    for (size_t i = 0; i < V_LANES; i++) {
        real reciprocal[2];
        if (sizeof(real) < sizeof(double)) {
            double exact = (double)TERM_UNSCALE / rounded_sum_of_lane(s, i);
            reciprocal[0] = (real)exact;
            reciprocal[1] = (real)(exact - (double)reciprocal[0]);
        } else {
            struct term_sum sum = sum_of_lane(s, i);
            find_reciprocal(&sum, reciprocal);
        }
        s->high[i] = reciprocal[0];
        s->low[i] = reciprocal[1];
    }
}

/* What results are made with: the largest entry and the logarithm, or the reciprocal of the sum in two parts. */
static ALWAYS_INLINE void column_factors(bool logarithm, struct lane_sums *s, struct lane_log_stats *stats) {
    if (logarithm) {
        find_log1p(s, stats);
        memcpy(s->low, s->high, sizeof s->low);
        memcpy(s->high, s->largest, sizeof s->high);
    } else {
        find_reciprocals(s);
    }
}

/* `a` is the entry, or softmax's term. */
static ALWAYS_INLINE v_t column_result(bool logarithm, v_t a, v_t high, v_t low) {
    return logarithm ? log_result(a, high, low) : quotient(a, high, low);
}

#endif
