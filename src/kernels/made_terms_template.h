/* The terms of a row whose logits are made in registers (logit_vectors_template.h), and what logarithms follow from.
 * docs/bits.md, "Logits" and "Logarithms".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_MADE_TERMS_TEMPLATE_H
#define SMX_MADE_TERMS_TEMPLATE_H

#include "../base/attributes.h"

#include <math.h>

#include "log_stats_template.h"
#include "logit_vectors_template.h"
#include "logits_terms_template.h"
#include "made_max_template.h"
#include "row_terms_template.h"

/* The kind of a row's terms, relative to its maximum. */
static inline enum term_kind made_term_kind(const struct made_row *row) {
    const real max = row->maximum.high;
    if (row->what == 0) {
        return term_kind_of_row(max, row->l.row_n, false);
    }
    if (row->l.row_n >= WIDE_FROM) {
        return TERMS_MADE_LONG_ROW;
    }
    if (only_scaled_up(row->what, &row->l) && max < OFFSET_FROM && max > -OFFSET_FROM) {
        return row->what == LOGITS_SCALED ? TERMS_SCALED : TERMS_SCALED_EXACTLY;
    }
    return TERMS_MADE;
}

/* The same of terms relative to the second largest logit, with the largest clamped to it. */
static inline enum term_kind clamped_term_kind(const struct made_row *row, real second) {
    const bool far = !(second < OFFSET_FROM && second > -OFFSET_FROM);
    if (row->what == 0) {
        return far ? TERMS_CLAMPED : TERMS_CLAMPED_NO_OFFSET;
    }
    if (row->l.row_n >= WIDE_FROM) {
        return TERMS_MADE_LONG_ROW;
    }
    if (only_scaled_up(row->what, &row->l) && !far) {
        return row->what == LOGITS_SCALED ? TERMS_SCALED_CLAMPED : TERMS_SCALED_EXACTLY_CLAMPED;
    }
    return TERMS_MADE_CLAMPED;
}

/* Adds the row's terms, relative to `reference`, to *sum, which has none yet; e may be null. The first ones go straight
 * to its limbs: adding them would wait until they are stored. What is `ahead` bytes ahead is fetched. */
static void add_made_terms(enum term_kind kind, const struct made_row *row, v_t reference, v_t magic, uintptr_t ahead,
                           real *e, struct term_sum *sum) {
    bool straight = sum->in_limbs;
    for (size_t i = 0; i < row->runs.count; i++) {
        size_t at = row->runs.run[i].from;
        for (const size_t end = at + row->runs.run[i].n; at < end;) {
            size_t block = end - at < SUM_BLOCK * V_LANES ? end - at : SUM_BLOCK * V_LANES;
            real *to = e == NULL ? NULL : e + at;
            int64_t limbs[3];
            const struct row_part part = {
                .n = block, .x = row->l.x + at, .l = &row->l, .at = at, .what = row->what, .e = to, .prefetch = ahead};
            add_part(kind, &part, reference, magic, straight ? sum->limbs : limbs);
            if (!straight) {
                add_to_term_sum(sum, limbs);
            }
            straight = false;
            at += block;
        }
    }
}

/* Takes off the term that the row's largest logit has where it is clamped: its low part is not. */
static inline void take_off_clamped(const struct made_row *row, struct term_sum *sum) {
    const struct maximum *maximum = &row->maximum;
    const v_t reference = v_set1(maximum->second), magic = term_magic(reference, term_offset(reference));
    const struct row_part part = {.n = 1, .x = &maximum->second, .low = &maximum->low};
    int64_t limbs[3];
    add_part(row->l.row_n >= WIDE_FROM ? TERMS_OF_PAIRS_LONG_ROW : TERMS_OF_PAIRS, &part, reference, magic, limbs);
    for (size_t i = 0; i < 3; i++) {
        limbs[i] = -limbs[i];
    }
    add_to_term_sum(sum, limbs);
}

/* The statistics of a row, as find_log_stats has them, but for the place of the maximum. The largest logit is not left
 * out of the terms: it counts as the second largest, with its own low part, and this one's term is taken off the sum.
 * If they are equal, that is the largest logit's own. False if the row is not one for these loops. */
static bool find_made_log_stats(const logits *l, size_t n, struct made_row *row, struct log_stats *stats) {
    row->l = *l;
    row->n = n;
    if (!start_made_row(true, row) || (row->what == 0 && l->row_n >= WIDE_FROM)) {
        return false;
    }
    const real second = row->maximum.second;
    struct term_sum sum = empty_logits_sum(l, n);
    stats->maximum = row->maximum;
    if (second != -(real)INFINITY) {
        const v_t reference = v_set1(second), magic = term_magic(reference, term_offset(reference));
        add_made_terms(clamped_term_kind(row, second), row, reference, magic, prefetch_distance(l->row_n), NULL, &sum);
        if (row->maximum.argmax != n) { /* else the sink is the maximum, which is left out */
            take_off_clamped(row, &sum);
            if (l->sink != NULL) {
                add_sink(l, second, &sum);
            }
        }
    }
    stats_of_sum(&sum, stats);
    return true;
}

#endif
