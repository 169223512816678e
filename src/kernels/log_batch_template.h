/* Log-softmax and logsumexp of plain rows, some at a time: each loop goes along a row, but what is done once a row (the
 * factor, rho, log1p) is done for all rows of a batch in lanes, where it takes about as long as for one.
 * lane_log_stats_template.h. Rows under options go the same way: made_batch_template.h.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOG_BATCH_TEMPLATE_H
#define SMX_LOG_BATCH_TEMPLATE_H

#include <math.h>
#include <string.h>

#include "lane_log_stats_template.h"
#include "lane_sums_template.h"
#include "row_max_template.h"
#include "row_terms_template.h"
#include "streaming_template.h"
#include "term_loop_template.h"
#include "term_template.h"

/* So many entries at a time stay in the first caches while three passes go over them. */
#define LOG_BATCH_ENTRIES ((size_t)16384)

/* How many rows of this length make a batch: one at least, V_LANES at most. */
static inline size_t log_batch_rows(size_t n) {
    size_t rows = LOG_BATCH_ENTRIES / n;
    return rows < 1 ? 1 : rows < V_LANES ? rows : V_LANES;
}

/* The terms of a row's entries, but at most those of its reference, added to the sum of lane i; they go to e, if it is
 * not null. What is `ahead` bytes ahead is fetched. */
static void add_row_terms(size_t n, const real *x, uintptr_t ahead, real *e, struct lane_sums *s, size_t i) {
    v_t reference = v_set1(s->reference[i]), magic = term_magic(reference, term_offset(reference));
    for (size_t j = 0; j < n; j += SUM_BLOCK * V_LANES) {
        size_t block = n - j < SUM_BLOCK * V_LANES ? n - j : SUM_BLOCK * V_LANES;
        int64_t sums[3];
        real *to = e == NULL ? NULL : e + j;
        const struct row_part part = {.n = block, .x = x + j, .e = to, .prefetch = ahead};
        if (far_from_zero(reference)) { /* in loops of its own: a call takes long for a short row */
            add_part_of_kind(TERMS_CLAMPED, &part, reference, magic, sums);
        } else {
            add_part_of_kind(TERMS_CLAMPED_NO_OFFSET, &part, reference, magic, sums);
        }
        s->top[i] += sums[0];
        s->middle[i] += sums[1];
        spill_lane(s, i);
    }
}

/* The entries of a row. */
struct entries {
    size_t n;
    const real *x;
};

#ifdef V_TRANSPOSE

/* The two largest entries of up to V_LANES rows, and references. Lanes without a row hold what the last row has. False
 * if a largest is not finite. Rows leave a vector each of largest and second largest entries; these are joined in
 * lanes, a row in each. */
static bool batch_maxima(size_t rows, const struct entries *row, struct lane_sums *s) {
    v_t first[V_LANES], second[V_LANES], sums = v_set1(0);
    for (size_t i = 0; i < rows; i++) {
        v_t sum;
        largest_of_lanes(row[i].n, row[i].x, &first[i], &second[i], &sum);
        sums = v_add(sums, sum);
    }
    for (size_t i = rows; i < V_LANES; i++) {
        first[i] = first[rows - 1];
        second[i] = second[rows - 1];
    }
    real columns[V_LANES * V_LANES];
    v_transpose(first);
    for (size_t j = 0; j < V_LANES; j++) {
        v_store(columns + j * V_LANES, first[j]);
    }
    bool finite = lane_maxima(V_LANES, V_LANES, columns, V_LANES, s->largest, s->second);
    v_store(s->second, v_max(v_load(s->second), v_from_bits(i_fold_each(second, larger))));
    find_references(s);
    return finite && !m_any(v_unordered(sums, sums));
}

#else

/* The same, row by row: without transposition a row's largest entries are found across the lanes of a vector. */
static bool batch_maxima(size_t rows, const struct entries *row, struct lane_sums *s) {
    bool finite = true;
    for (size_t i = 0; i < rows; i++) {
        struct maximum maximum = two_largest(row[i].n, row[i].x);
        s->largest[i] = maximum.high;
        s->second[i] = maximum.second;
        finite = finite && isfinite(maximum.high);
    }
    for (size_t i = rows; i < V_LANES; i++) {
        s->largest[i] = s->largest[rows - 1];
        s->second[i] = s->second[rows - 1];
    }
    find_references(s);
    return finite;
}

#endif

/* The same of plain rows. */
static inline bool plain_maxima(size_t rows, size_t n, const real *x, size_t ldx, struct lane_sums *s) {
    struct entries row[LANES_MOST];
    for (size_t i = 0; i < V_LANES; i++) {
        row[i] = (struct entries){n, x + (i < rows ? i : rows - 1) * ldx};
    }
    return batch_maxima(rows, row, s);
}

/* Sums of the rows' terms; terms go to e, if it is not null. */
static void batch_terms(size_t rows, size_t n, const real *x, size_t ldx, real *e, size_t lde, struct lane_sums *s) {
    start_lane_sums(true, n, s);
    for (size_t i = 0; i < rows; i++) {
        add_row_terms(n, x + i * ldx, prefetch_distance(rows * n), e == NULL ? NULL : e + i * lde, s, i);
    }
}

/* y = (x - max) - log1p of a row. */
static inline void log_row(size_t n, const real *x, real max, real log1p, real *y) {
    v_t m = v_set1(max), l = v_set1(log1p);
    size_t j = 0;
    for (; n - j >= V_LANES; j += V_LANES) {
        v_store(y + j, log_result(v_load(x + j), m, l));
    }
    if (j < n) {
        v_store_n(y + j, log_result(v_load_n(x + j, n - j, m), m, l), n - j);
    }
}

/* The same past the caches (streaming_template.h), for results that will not stay in them anyway. */
static inline void log_row_streamed(size_t n, const real *x, real max, real log1p, real *y) {
    v_t m = v_set1(max), l = v_set1(log1p);
    const struct lines lines = whole_lines(n, y);
    size_t j = lines.from;
    log_row(j, x, max, log1p, y);
    for (; lines.to - j >= V_LANES; j += V_LANES) {
        v_stream(y + j, log_result(v_load(x + j), m, l));
    }
    log_row(n - j, x + j, max, log1p, y + j);
}

/* The same of rows whose largest entry and log1p(rho) are in lanes. */
static inline void log_rows(size_t rows, size_t n, const real *x, size_t ldx, const struct lane_sums *s, real *y,
                            size_t ldy, bool stream) {
    for (size_t i = 0; i < rows; i++) {
        if (stream) {
            log_row_streamed(n, x + i * ldx, s->largest[i], s->high[i], y + i * ldy);
        } else {
            log_row(n, x + i * ldx, s->largest[i], s->high[i], y + i * ldy);
        }
    }
}

/* Log-softmax of up to V_LANES rows; false, with nothing written, if a largest entry is not finite. */
static bool log_softmax_batch(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy, bool stream) {
    struct lane_sums s;
    struct lane_log_stats stats;
    if (!plain_maxima(rows, n, x, ldx, &s)) {
        return false;
    }
    batch_terms(rows, n, x, ldx, NULL, 0, &s);
    find_log1p(&s, &stats);
    log_rows(rows, n, x, ldx, &s, y, ldy, stream);
    return true;
}

/* The same of logsumexp. */
static bool logsumexp_batch(size_t rows, size_t n, const real *x, size_t ldx, real *lse) {
    struct lane_sums s;
    struct lane_log_stats stats;
    if (!plain_maxima(rows, n, x, ldx, &s)) {
        return false;
    }
    batch_terms(rows, n, x, ldx, NULL, 0, &s);
    lanes_plus_log1p(&s, s.largest, s.largest_low, &stats, s.high);
    memcpy(lse, s.high, rows * sizeof(real));
    return true;
}

#endif
