/* Softmax of short rows, each lane with a row of its own (rows_in_lanes.h); and of rows of any length, by the way that
 * suits them. */
#ifndef SMX_SHORT_ROWS_H
#define SMX_SHORT_ROWS_H

#include "columns.h"
#include "cross_entropy.h"
#include "forward.h"

#ifdef V_TRANSPOSE

#include "rows_in_lanes.h"

/* The longest rows for which this pays. Their sums must fit a lane (n <= SUM_BLOCK), and in f32 a double (n <= 128).
 * Against rows one by one (AVX2, Zen 3): 8 times as fast at n = 2, 5 at 10, 1.6 at 32, the same at 70. */
#define SHORT_ROW_FORWARD ((size_t)64)

/* Up to V_LANES rows; false, with nothing written, if one of them has no finite maximum. */
static bool softmax_group(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy) {
    real columns[SHORT_ROW_FORWARD * V_LANES];
    rows_in(rows, n, x, ldx, columns);
    v_t max = v_set1(-(real)INFINITY);
    m_t nan = m_none();
    for (size_t j = 0; j < n; j++) {
        v_t xj = v_load(columns + j * V_LANES);
        nan = m_or(nan, v_unordered(xj, xj));
        max = v_max(max, xj);
    }
    v_t difference = v_sub(max, max); /* NaN for an infinity */
    if (m_any(m_or(nan, v_unordered(difference, difference)))) {
        return false;
    }
    const struct grid g = grid_unsigned(TERM_SCALE);
    v_t offset = term_offset(max), magic = term_magic(max, offset), lowest = term_lowest(magic);
    v_t correction = term_correction(max, v_set1(0), offset, magic);
    i_t top = i_set1(0), middle = i_set1(0);
    for (size_t j = 0; j < n; j++) {
        v_t whole, part, power;
        v_t v = v_sub(v_load(columns + j * V_LANES), offset);
        v_t e = term(v, NULL, magic, lowest, correction, &whole, &part, &power);
        v_store(columns + j * V_LANES, e);
        sum_rest(sum_top(e, whole, part, power, v_set1(g.top), &top), v_set1(g.middle), &middle);
    }
    v_t high, low;
    v_reciprocal_of_limbs(without_constant(top, v_set1(g.top), n), without_constant(middle, v_set1(g.middle), n), &high,
                          &low);
    for (size_t j = 0; j < n; j++) {
        v_store(columns + j * V_LANES, quotient(v_load(columns + j * V_LANES), high, low));
    }
    rows_out(rows, n, columns, y, ldy);
    return true;
}

/* Log-softmax of up to V_LANES rows, or only their logsumexp; false, with nothing written, as above. */
static bool log_softmax_group(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy) {
    real columns[SHORT_ROW_FORWARD * V_LANES];
    rows_in(rows, n, x, ldx, columns);
    if (!log_softmax_lanes(V_LANES, n, columns, V_LANES, columns, V_LANES)) {
        return false;
    }
    rows_out(rows, n, columns, y, ldy);
    return true;
}

/* lse[i] = first + log1p */
static bool logsumexp_lanes(size_t lanes, size_t n, const real *x, size_t ldx, real *lse) {
    struct lanes s;
    struct lanes_stats stats;
    if (!log_lanes(lanes, n, x, ldx, NULL, 0, &s, &stats)) {
        return false;
    }
    for (size_t i = 0; i < V_LANES; i++) {
        lse[i] = real_of(pair_add(pair_of((double)s.first[i]), log1p_of_lane(&stats, i)));
    }
    return true;
}

static bool logsumexp_group(size_t rows, size_t n, const real *x, size_t ldx, real *lse) {
    real columns[SHORT_ROW_FORWARD * V_LANES], values[LANES_MOST];
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
    real columns[SHORT_ROW_FORWARD * V_LANES], terms[SHORT_ROW_FORWARD * V_LANES];
    struct lanes s;
    struct lanes_stats stats;
    rows_in(rows, n, row->l.x, ldx, columns);
    if (!log_lanes(V_LANES, n, columns, V_LANES, terms, V_LANES, &s, &stats)) {
        return false;
    }
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
        own->rho = (struct pair){stats.rho_high[i], stats.rho_low[i]};
        own->log1p = log1p_of_lane(&stats, i);
        if (row[i].dx != NULL && tied(&own->peak)) {
            row[i].dx[at] = term_of_peak(&own->peak);
        }
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
        bool fit = row[k].n <= SHORT_ROW_FORWARD && group >= SHORT_GROUP;
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

static void log_softmax_rows(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy,
                             struct policy policy) {
    for (size_t k = 0; k < rows;) {
        size_t group = rows - k < V_LANES ? rows - k : V_LANES;
#ifdef V_TRANSPOSE
        if (n <= SHORT_ROW_FORWARD && group >= SHORT_GROUP &&
            log_softmax_group(group, n, x + k * ldx, ldx, y + k * ldy, ldy)) {
            k += group;
            continue;
        }
#endif
        for (size_t end = k + group; k < end; k++) {
            logits l = {.x = x + k * ldx, .stride = 1, .scale = 1, .row_n = n};
            log_softmax_row(n, &l, y + k * ldy, policy);
        }
    }
}

static void logsumexp_rows(size_t rows, size_t n, const real *x, size_t ldx, real *lse) {
    for (size_t k = 0; k < rows;) {
        size_t group = rows - k < V_LANES ? rows - k : V_LANES;
#ifdef V_TRANSPOSE
        if (n <= SHORT_ROW_FORWARD && group >= SHORT_GROUP && logsumexp_group(group, n, x + k * ldx, ldx, lse + k)) {
            k += group;
            continue;
        }
#endif
        for (size_t end = k + group; k < end; k++) {
            logits l = {.x = x + k * ldx, .stride = 1, .scale = 1, .row_n = n};
            lse[k] = logsumexp_row(n, &l);
        }
    }
}

static void softmax_rows(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy) {
    for (size_t k = 0; k < rows;) {
        size_t group = rows - k < V_LANES ? rows - k : V_LANES;
#ifdef V_TRANSPOSE
        if (n <= SHORT_ROW_FORWARD && group >= SHORT_GROUP &&
            softmax_group(group, n, x + k * ldx, ldx, y + k * ldy, ldy)) {
            k += group;
            continue;
        }
#endif
        for (size_t end = k + group; k < end; k++) {
            softmax_row(n, x + k * ldx, y + k * ldy, policy);
        }
    }
}

#endif
