/* Log-softmax and logsumexp of short rows, each lane with a row of its own (transpose_template.h), by the steps of
 * lane_log_stats_template.h. Cross-entropy begins in the same way.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOG_TRANSPOSED_TEMPLATE_H
#define SMX_LOG_TRANSPOSED_TEMPLATE_H

#include "../base/attributes.h"

#include <math.h>
#include <string.h>

#include "lane_log_stats_template.h"
#include "lane_sums_template.h"
#include "log_batch_template.h"
#include "term_loop_template.h"
#include "transpose_template.h"

#ifdef V_TRANSPOSE

/* The longest rows for which this pays: 128 floats, or 64 where the stack would otherwise hold more than it should;
 * their sums must fit a lane (n <= SUM_BLOCK). */
#define LOG_TRANSPOSED_MOST (V_LANES < 16 ? 512 / sizeof(real) : 64)

/* So many vectors of rows go together, step by step, if they are short: the steps of one hang on each other. */
#define LOG_TRANSPOSED_VECTORS ((size_t)4)
#define LOG_TRANSPOSED_TOGETHER (LOG_TRANSPOSED_MOST / LOG_TRANSPOSED_VECTORS)
#define LOG_TRANSPOSED_ROWS (LOG_TRANSPOSED_VECTORS * V_LANES)
#define LOG_TRANSPOSED_REALS (LOG_TRANSPOSED_MOST * V_LANES)

/* How many of the rows go together. */
static inline size_t log_transposed_rows(size_t rows, size_t n) {
    size_t most = n <= LOG_TRANSPOSED_TOGETHER ? LOG_TRANSPOSED_ROWS : V_LANES;
    return rows < most ? rows : most;
}

/* Each column's largest entry, and to `rest` all others, in any order, where the terms themselves are not wanted: a sum
 * without the largest then takes no `min` an entry and nothing to take off. False if a largest is not finite. */
static inline bool split_columns(size_t n, const real *columns, real *rest, struct lane_sums *s) {
    v_t largest = v_load(columns), next = v_set1(-(real)INFINITY), sum = largest;
    for (size_t j = V_LANES; j < n * V_LANES; j += V_LANES) {
        v_t xj = v_load(columns + j), smaller = v_min(largest, xj);
        v_store(rest + j - V_LANES, smaller);
        next = v_max(next, smaller);
        largest = v_max(largest, xj);
        sum = v_add(sum, xj); /* NaN if one of them is: see largest_of_lanes */
    }
    v_store(s->largest, largest);
    v_store(s->second, next);
    v_t difference = v_sub(largest, largest); /* NaN for an infinity */
    return !m_any(v_unordered(sum, difference));
}

/* Short rows in lanes. Vectors of rows follow each other: those of vector k are from `columns + k * n * V_LANES` on. */
struct transposed_logs {
    real columns[LOG_TRANSPOSED_REALS]; /* entries */
    real terms[LOG_TRANSPOSED_REALS];   /* their terms, or nothing of meaning */
    struct lane_sums sums[LOG_TRANSPOSED_VECTORS];
    struct lane_log_stats stats[LOG_TRANSPOSED_VECTORS];
};

/* Entries, sums and statistics but for rho, of as many rows as log_transposed_rows says. Each step is done for all
 * vectors before the next one. False if a largest entry is not finite. */
static ALWAYS_INLINE bool log_stats_transposed(size_t rows, size_t n, const real *x, size_t ldx, bool terms_wanted,
                                               struct transposed_logs *t) {
    size_t vectors = (rows + V_LANES - 1) / V_LANES, plane = n * V_LANES;
    /* Rows to lanes; the two largest entries. */
    for (size_t k = 0; k < vectors; k++) {
        real *columns = t->columns + k * plane;
        struct lane_sums *s = &t->sums[k];
        transpose_in(lanes_used(rows, k * V_LANES), n, x + k * V_LANES * ldx, ldx, columns);
        if (terms_wanted ? !lane_maxima(V_LANES, n, columns, V_LANES, s->largest, s->second)
                         : !split_columns(n, columns, t->terms + k * plane, s)) {
            return false;
        }
        find_references(s);
    }
    /* Terms and sums. What follows the rows is fetched. */
    for (size_t k = 0; k < vectors; k++) {
        const struct prefetch after_rows = prefetch_from(x + k * plane, PREFETCH_BYTES);
        real *columns = t->columns + k * plane, *terms = t->terms + k * plane;
        start_lane_sums(terms_wanted, n, &t->sums[k]);
        if (terms_wanted) {
            const struct term_run all = {.count = n,
                                         .lanes = V_LANES,
                                         .x = columns,
                                         .step = V_LANES,
                                         .e = terms,
                                         .e_step = V_LANES,
                                         .prefetch = after_rows};
            add_lane_terms(TERMS_CLAMPED, &all, t->sums[k].reference, &t->sums[k]);
        } else {
            const struct term_run rest = {
                .count = n - 1, .lanes = V_LANES, .x = terms, .step = V_LANES, .prefetch = after_rows};
            add_lane_terms(TERMS_OFFSET, &rest, t->sums[k].reference, &t->sums[k]);
        }
    }
    return true;
}

/* Log-softmax of up to LOG_TRANSPOSED_ROWS rows; false, with nothing written, if a largest entry is not finite. Where
 * rows are one whole vector, or at least two long, the results are made of the rows as they lie: no way back from
 * lanes. */
static bool log_softmax_transposed(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy, bool stream) {
    struct transposed_logs t;
    if (!log_stats_transposed(rows, n, x, ldx, false, &t)) {
        return false;
    }
    for (size_t k = 0; k < rows; k += V_LANES) {
        find_log1p(&t.sums[k / V_LANES], &t.stats[k / V_LANES]);
    }
    for (size_t k = 0; k < rows; k += V_LANES) {
        size_t lanes = lanes_used(rows, k);
        const struct lane_sums *s = &t.sums[k / V_LANES];
        if (n >= 2 * V_LANES || n == V_LANES) {
            log_rows(lanes, n, x + k * ldx, ldx, s, y + k * ldy, ldy, stream);
            continue;
        }
        v_t first = v_load(s->largest), log1p = v_load(s->high);
        for (size_t j = k * n; j < (k + V_LANES) * n; j += V_LANES) {
            v_store(t.columns + j, log_result(v_load(t.columns + j), first, log1p));
        }
        transpose_out(lanes, n, t.columns + k * n, y + k * ldy, ldy);
    }
    return true;
}

/* The same of logsumexp. */
static bool logsumexp_transposed(size_t rows, size_t n, const real *x, size_t ldx, real *lse) {
    struct transposed_logs t;
    real values[LOG_TRANSPOSED_ROWS];
    if (!log_stats_transposed(rows, n, x, ldx, false, &t)) {
        return false;
    }
    for (size_t k = 0; k < rows; k += V_LANES) {
        struct lane_sums *s = &t.sums[k / V_LANES];
        lanes_plus_log1p(s, s->largest, s->largest_low, &t.stats[k / V_LANES], values + k);
    }
    memcpy(lse, values, rows * sizeof(real));
    return true;
}

#endif

/* How many of the rows from the first on are handled together, and whether in lanes. */
static inline size_t log_rows_together(size_t rows, size_t n, bool *lanes) {
    *lanes = false;
#ifdef V_TRANSPOSE
    *lanes = n <= LOG_TRANSPOSED_MOST && rows >= TRANSPOSED_ROWS_LEAST;
    if (*lanes) {
        return log_transposed_rows(rows, n);
    }
#endif
    size_t most = log_batch_rows(n);
    return rows < most ? rows : most;
}

#endif
