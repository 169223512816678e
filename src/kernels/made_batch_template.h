/* Rows under options whose logits are made in registers (made_terms_template.h), some at a time: each loop goes along a
 * row, but what is done once a row is done for all of them in lanes, as of plain rows (log_batch_template.h). The
 * logarithms of such rows; cross_entropy_batch_template.h has their cross-entropy. docs/bits.md, "Logarithms".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_MADE_BATCH_TEMPLATE_H
#define SMX_MADE_BATCH_TEMPLATE_H

#include <math.h>
#include <string.h>

#include "kernels.h"
#include "lane_log_stats_template.h"
#include "lane_sums_template.h"
#include "log_batch_template.h"
#include "log_softmax_row_template.h"
#include "logit_vectors_template.h"
#include "logsumexp_row_template.h"
#include "made_max_template.h"
#include "made_terms_template.h"
#include "mask_template.h"
#include "row_terms_template.h"
#include "rows_of_call_template.h"

/* So many rows at most; V_LANES at most, too. */
#define MADE_ROWS ((size_t)16)

struct made_batch {
    size_t rows;
    bool follow; /* all maxima follow from those of entries, and are found together; else rows have theirs */
    struct made_row row[MADE_ROWS];
    struct lane_sums s;
};

/* How many rows of this length make a batch. */
static inline size_t made_batch_rows(size_t n) {
    size_t most = log_batch_rows(n > 0 ? n : 1);
    return most < MADE_ROWS ? most : MADE_ROWS;
}

/* Adds the next row, whose logits are there, to a batch. False if it is not for this one: neither rows for which loops
 * make no logits, nor what two limbs have no room for; and what has a sink has its statistics in another way. */
static bool join_made_batch(struct made_batch *b) {
    struct made_row *row = &b->row[b->rows];
    if (row->n == 0 || row->l.sink != NULL || row->l.row_n > TERMS_FEW || !find_made_steps(row)) {
        return false;
    }
    const bool follows = follows_entries(row);
    if ((b->rows != 0 && follows != b->follow) || (!follows && !find_made_maximum(true, row))) {
        return false;
    }
    b->follow = follows;
    b->rows++;
    return true;
}

/* The row of a lane: lanes without one have the last. (There is one; gcc 12 warns where it does not see that.) */
static inline const struct made_row *row_of_lane(const struct made_batch *b, size_t i) {
    return &b->row[i < b->rows ? i : b->rows > 0 ? b->rows - 1 : 0];
}

/* Maxima of rows that follow from those of entries; false if one is not for these loops. */
static inline bool maxima_of_entries(struct made_batch *b) {
    struct lane_sums *s = &b->s;
    struct entries entries[MADE_ROWS];
    real scales[LANES_MOST], limits[LANES_MOST];
    for (size_t i = 0; i < b->rows; i++) {
        entries[i] = (struct entries){b->row[i].n, b->row[i].l.x};
    }
    for (size_t i = 0; i < V_LANES; i++) {
        scales[i] = row_of_lane(b, i)->l.scale;
        limits[i] = largest_made(row_of_lane(b, i));
    }
    if (!batch_maxima(b->rows, entries, s)) {
        return false;
    }
    /* As scaled_maximum has them. */
    v_t scale = v_load(scales), x = v_load(s->largest), high = v_mul(scale, x);
    v_store(s->largest, high);
    v_store(s->second, v_mul(scale, v_load(s->second)));
    find_references(s);
    v_store(s->largest_low, v_fms(scale, x, high));
    return !m_any(m_not(v_ge(v_load(limits), v_abs(high))));
}

/* The maxima of all rows, and references; false if one is not for these loops. */
static bool made_batch_maxima(struct made_batch *b) {
    struct lane_sums *s = &b->s;
    if (b->follow) {
        return maxima_of_entries(b);
    }
    for (size_t i = 0; i < V_LANES; i++) {
        s->largest[i] = row_of_lane(b, i)->maximum.high;
        s->second[i] = row_of_lane(b, i)->maximum.second;
    }
    find_references(s);
    for (size_t i = 0; i < V_LANES; i++) {
        s->largest_low[i] = row_of_lane(b, i)->maximum.low;
    }
    return true;
}

/* Sums of the terms of row i; they go to e, if it is not null. */
static inline void add_terms_of_row(struct made_batch *b, size_t i, real *e) {
    const struct made_row *row = &b->row[i];
    v_t reference = v_set1(b->s.reference[i]), magic = term_magic(reference, term_offset(reference));
    struct term_sum sum = {.in_limbs = true};
    add_made_terms(clamped_term_kind(row, b->s.reference[i]), row, reference, magic,
                   prefetch_distance(b->rows * row->l.row_n), e, &sum);
    b->s.top[i] += sum.limbs[0];
    b->s.middle[i] += sum.limbs[1];
}

/* Maxima and sums of a batch. False if it is not for these loops. */
static inline bool sum_made_batch(struct made_batch *b) {
    if (!made_batch_maxima(b)) {
        return false;
    }
    start_lane_sums(true, 0, &b->s);
    for (size_t i = 0; i < b->rows; i++) {
        add_terms_of_row(b, i, NULL);
    }
    return true;
}

/* ---- Log-softmax and logsumexp ---- */

/* As many of the rows as go together, from the first on, at least one, and which they are. It may be one that joins
 * none. */
static size_t gather_made_batch(const struct rows_call *c, struct span rows, struct kept_row *place,
                                struct made_batch *b) {
    const size_t most = made_batch_rows(c->n), some = rows.n < most ? rows.n : most;
    b->rows = 0;
    for (size_t i = 0; i < some; i++) {
        place[i] = kept_row(c, rows.from + i);
        set_logits(c, &place[i], row_at(c, 0, &place[i]), &b->row[i].l);
        b->row[i].n = place[i].n;
        if (!join_made_batch(b)) {
            return i > 0 ? i : 1;
        }
    }
    return some;
}

/* Log-softmax of rows under options. */
static void log_softmax_logits_rows(const struct rows_call *c, struct span run) {
    struct made_batch b;
    struct lane_log_stats stats;
    struct kept_row place[MADE_ROWS];
    for (size_t done = 0, some; done < run.n; done += some) {
        some = gather_made_batch(c, (struct span){run.from + done, run.n - done}, place, &b);
        const bool together = b.rows != 0 && sum_made_batch(&b);
        if (together) {
            find_log1p(&b.s, &stats);
        }
        for (size_t i = 0; i < some; i++) {
            real *y = row_at(c, 1, &place[i]);
            if (together) {
                log_made_row(&b.row[i], b.s.largest[i], b.s.largest_low[i], b.s.high[i], y);
            } else if (place[i].n != 0) {
                const logits l = logits_of(c, &place[i], row_at(c, 0, &place[i]));
                log_softmax_row(place[i].n, &l, y, c->options->policy);
            }
            fill_outside(c, &place[i], FILL_MINUS_INF, y);
        }
    }
}

/* Logsumexp of rows under options. */
static void logsumexp_logits_rows(const struct rows_call *c, struct span run) {
    struct made_batch b;
    struct lane_log_stats stats;
    struct kept_row place[MADE_ROWS];
    for (size_t done = 0, some; done < run.n; done += some) {
        some = gather_made_batch(c, (struct span){run.from + done, run.n - done}, place, &b);
        if (b.rows != 0 && sum_made_batch(&b)) {
            lanes_plus_log1p(&b.s, b.s.largest, b.s.largest_low, &stats, b.s.high);
            memcpy(value_at(c, 1, run.from + done), b.s.high, some * sizeof(real));
            continue;
        }
        for (size_t i = 0; i < some; i++) {
            const logits l = logits_of(c, &place[i], row_at(c, 0, &place[i]));
            *value_at(c, 1, place[i].k) = logsumexp_row(place[i].n, &l);
        }
    }
}

#endif
