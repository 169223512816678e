/* Logarithms of short rows, each lane with a row of its own (rows_in_lanes.h); and of rows of any length, by the way
 * that suits them. */
#ifndef SMX_SHORT_LOG_ROWS_H
#define SMX_SHORT_LOG_ROWS_H

#include "columns.h"
#include "cross_entropy.h"
#include "log_rows.h"

#ifdef V_TRANSPOSE

#include "rows_in_lanes.h"

/* The longest rows for which this pays; their sums must fit a lane (n <= SUM_BLOCK). Against log_rows.h (AVX2, Zen 3):
 * 1.5 times as fast at n = 64, 1.1 at 128, the same at 160. */
#define SHORT_ROW_LOG ((size_t)128)

/* Log-softmax of up to V_LANES rows; false, with nothing written, as above. From two vectors on, the results are made
 * of the rows as they lie: no way back from lanes. */
static bool log_softmax_group(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy, bool stream) {
    real columns[SHORT_ROW_LOG * V_LANES];
    rows_in(rows, n, x, ldx, columns);
    if (n < 2 * V_LANES) {
        bool done = log_softmax_lanes(V_LANES, n, columns, V_LANES, columns, V_LANES);
        if (done) {
            rows_out(rows, n, columns, y, ldy);
        }
        return done;
    }
    struct lanes s;
    if (!log_softmax_stats(V_LANES, n, columns, V_LANES, &s)) {
        return false;
    }
    log_rows(rows, n, x, ldx, &s, y, ldy, stream);
    return true;
}

/* lse[i] = first + log1p */
static bool logsumexp_lanes(size_t lanes, size_t n, const real *x, size_t ldx, real *lse) {
    struct lanes s;
    struct lanes_stats stats;
    if (!log_lanes(lanes, n, x, ldx, NULL, 0, &s, &stats)) {
        return false;
    }
    lanes_plus_log1p(n, &s, s.first, &stats, lse);
    return true;
}

static bool logsumexp_group(size_t rows, size_t n, const real *x, size_t ldx, real *lse) {
    real columns[SHORT_ROW_LOG * V_LANES], values[LANES_MOST];
    rows_in(rows, n, x, ldx, columns);
    if (!logsumexp_lanes(V_LANES, n, columns, V_LANES, values)) {
        return false;
    }
    memcpy(lse, values, rows * sizeof(real));
    return true;
}

/* Whether a row of cross-entropy is one that the group below can handle: a label, and nothing else. */
static inline bool plain_ce_row(const ce_row *r) {
    return plain(&r->l) && r->label >= 0 && r->targets == NULL && r->smoothing == 0 && r->dtargets == NULL &&
           isfinite((real)r->gradient.high);
}

/* Cross-entropy of up to V_LANES rows with the same n, ldx and lddx; false, with nothing written, as above. The sums
 * and logarithms are found in lanes, the rest row by row. */
static bool cross_entropy_group(size_t rows, const ce_row *row, size_t ldx, size_t lddx, ce_result *results) {
    size_t n = row->n;
    real columns[SHORT_ROW_LOG * V_LANES], terms[SHORT_ROW_LOG * V_LANES];
    struct lanes s;
    struct lanes_stats stats;
    rows_in(rows, n, row->l.x, ldx, columns);
    if (!log_lanes(V_LANES, n, columns, V_LANES, terms, V_LANES, &s, &stats)) {
        return false;
    }
    find_lanes_rho(n, &s, &stats);
    if (row->dx != NULL) {
        rows_out(rows, n, terms, row->dx, lddx);
    }
    for (size_t i = 0; i < rows; i++) {
        const real *column = columns + i;
        struct ce_parts parts = {.label_part = label_part(&row[i])};
        struct log_stats *own = &parts.stats;
        size_t at = 0;
        while (column[at * V_LANES] != s.first[i]) {
            at++;
        }
        own->peak = (struct peak){s.first[i], 0, s.second[i], at};
        own->rho = rho_of_lane(&stats, i);
        set_factor(fast_sum((double)stats.whole[i], (double)stats.part[i]), (int)stats.exponent[i], own);
        if (own->peak.second == -(real)INFINITY) {
            set_factor(pair_of(0), 0, own);
        }
        parts.label_distance = pair_of((double)INFINITY);
        if (has_label(&row[i])) {
            parts.label_distance = distance_between(s.first[i], column[(size_t)row[i].label * V_LANES]);
        }
        results[i] = ce_finish(&row[i], &parts, true);
    }
    return true;
}

#endif

static void cross_entropy_rows(size_t rows, const ce_row *row, size_t ldx, size_t lddx, ce_result *results) {
    for (size_t k = 0; k < rows;) {
        size_t group = rows - k < V_LANES ? rows - k : V_LANES;
#ifdef V_TRANSPOSE
        bool fit = row[k].n <= SHORT_ROW_LOG && group >= SHORT_GROUP;
        for (size_t i = k; i < k + group && fit; i++) {
            fit = plain_ce_row(&row[i]) && row[i].n == row[k].n;
        }
        if (fit && cross_entropy_group(group, row + k, ldx, lddx, results + k)) {
            k += group;
            continue;
        }
#else
        (void)ldx;
        (void)lddx;
#endif
        for (size_t end = k + group; k < end; k++) {
            results[k] = cross_entropy_row(&row[k]);
        }
    }
}

/* How many of the rows from the first on are handled together, and whether in lanes. */
static inline size_t log_group(size_t rows, size_t n, bool *lanes) {
    size_t group = rows < V_LANES ? rows : V_LANES;
    *lanes = false;
#ifdef V_TRANSPOSE
    *lanes = n <= SHORT_ROW_LOG && group >= SHORT_GROUP;
#endif
    size_t most = log_rows_at_once(n);
    return *lanes || group < most ? group : most;
}

static void log_softmax_rows(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                             struct policy policy, bool stream) {
    for (size_t k = 0; k < rows;) {
        bool lanes, done = false;
        size_t group = log_group(rows - k, n, &lanes);
        const real *from = x + k * ldx;
        real *to = y + k * ldy;
#ifdef V_TRANSPOSE
        done = lanes && log_softmax_group(group, n, from, ldx, to, ldy, stream);
#endif
        done = done || (n < WIDE_FROM && !lanes && log_softmax_some(group, n, from, ldx, to, ldy, stream));
        for (size_t i = 0; i < group && !done; i++) {
            logits l = {.x = from + i * ldx, .stride = 1, .scale = 1, .row_n = n};
            log_softmax_row(n, &l, to + i * ldy, policy);
        }
        k += group;
    }
    if (stream) {
        v_stream_end();
    }
}

static void logsumexp_rows(size_t rows, size_t n, const real *x, size_t ldx, real *lse) {
    for (size_t k = 0; k < rows;) {
        bool lanes, done = false;
        size_t group = log_group(rows - k, n, &lanes);
        const real *from = x + k * ldx;
#ifdef V_TRANSPOSE
        done = lanes && logsumexp_group(group, n, from, ldx, lse + k);
#endif
        done = done || (n < WIDE_FROM && !lanes && logsumexp_some(group, n, from, ldx, lse + k));
        for (size_t i = 0; i < group && !done; i++) {
            logits l = {.x = from + i * ldx, .stride = 1, .scale = 1, .row_n = n};
            lse[k + i] = logsumexp_row(n, &l);
        }
        k += group;
    }
}

#endif
