/* Cross-entropy of rows that lie in parts: what a part shares besides its logits, and its results. docs/bits.md, "Rows
 * in parts".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_CROSS_ENTROPY_PART_TEMPLATE_H
#define SMX_CROSS_ENTROPY_PART_TEMPLATE_H

#include "cross_entropy_parts_template.h"
#include "cross_entropy_rest_template.h"
#include "cross_entropy_row_template.h"
#include "part_stats_template.h"
#include "rest_distance_template.h"

/* The label's logit, from the part that has the label. */
static inline void share_label(const ce_row *r, const logits *l, int64_t *maxima) {
    if (has_label(r)) {
        struct logit_buffer buffer;
        struct logit_block z = logits_block(l, (size_t)r->label, (size_t)r->label + 1, &buffer);
        maxima[PART_LABEL_HIGH] = key_of((double)z.high[0]);
        maxima[PART_LABEL_LOW] = z.low == NULL ? PART_NONE : key_of((double)z.low[0]);
    }
}

/* What the coefficients of a row are made of, and to what power of two the largest goes. */
static inline int rest_of_part(const int64_t *maxima) {
    return maxima[PART_REST] == PART_NONE ? 0 : rest_above_two(real_of_key(maxima[PART_REST]));
}

static inline void share_rest_exponents(const struct rest_factors *f, int64_t *maxima) {
    int32_t exponent = dot_exponent(f->r->n, rest_and_ones, f->r);
    maxima[PART_REST_EXPONENT] = exponent;
    exponent = dot_exponent(f->r->n, rest_and_distances, f);
    maxima[PART_DISTANCE_EXPONENT] = exponent;
    if (exponent == INT32_MAX) {
        double value = infinite_distance(f);
        maxima[PART_PLUS_INFINITE] = value > 0;
        maxima[PART_MINUS_INFINITE] = value < 0;
        maxima[PART_NOT_A_NUMBER] = isnan(value);
    }
}

static inline void share_rest(const struct rest_factors *f, const int64_t *maxima, int64_t *sums) {
    const ce_row *r = f->r;
    struct dot sum = dot_of_exponent(exponent_of_row(maxima[PART_REST_EXPONENT]), r->n, r->l.row_n, rest_and_ones, r);
    struct dot distance =
        dot_of_exponent(exponent_of_row(maxima[PART_DISTANCE_EXPONENT]), r->n, r->l.row_n, rest_and_distances, f);
    store_limbs(sum.sum, sums + PART_RESTS);
    store_limbs(distance.sum, sums + PART_DISTANCES);
}

/* A step before the last. */
NOT_INLINE static void share_of_loss(const struct rows_call *c, const struct kept_row *kept, const ce_row *given) {
    ce_row row = *given;
    int64_t *maxima = maxima_of_row(c, kept->k);
    share_of_part(c, kept, &row.l);
    if (c->part->step == PART_ROUND_1) {
        maxima[PART_REST] = has_rest(&row) ? key_of((double)largest_rest(&row)) : PART_NONE;
        return;
    }
    if (kind_of_row(maxima, &row.l, row.policy) != ROW_COMPUTED) {
        return;
    }
    if (c->part->step == PART_ROUND_2) {
        share_label(&row, &row.l, maxima);
        return;
    }
    if (has_rest(&row)) {
        const struct maximum maximum = maximum_of_row(maxima, &row.l);
        const struct rest_factors f = {&row, &maximum, power_of_two(-rest_of_part(maxima))};
        if (c->part->step == PART_ROUND_3) {
            share_rest_exponents(&f, maxima);
        } else {
            share_rest(&f, maxima, sums_of_row(c, kept->k));
        }
    }
}

/* The row's distances where they are not finite; nothing is where it isn't said. */
static inline double infinite_distance_of_row(const int64_t *maxima) {
    bool plus = maxima[PART_PLUS_INFINITE] > 0, minus = maxima[PART_MINUS_INFINITE] > 0;
    if (maxima[PART_NOT_A_NUMBER] > 0 || (plus && minus)) {
        return (double)canonical_nan();
    }
    return plus ? (double)INFINITY : minus ? -(double)INFINITY : 0;
}

static inline void rest_of_row(const int64_t *maxima, const int64_t *sums, struct ce_parts *parts) {
    const struct dot sum = {exponent_of_row(maxima[PART_REST_EXPONENT]), limbs_at(sums + PART_RESTS)};
    const struct dot distance = {exponent_of_row(maxima[PART_DISTANCE_EXPONENT]), limbs_at(sums + PART_DISTANCES)};
    parts->rest = pair_of_rest(&sum);
    parts->rest_distance = pair_of_distances(&distance, rest_of_part(maxima), infinite_distance_of_row(maxima));
}

/* The last step. */
NOT_INLINE static ce_result cross_entropy_of_part(const struct rows_call *c, const struct kept_row *kept,
                                                  const ce_row *given) {
    ce_row row = *given, *r = &row;
    const int64_t *maxima = maxima_of_row(c, kept->k);
    struct ce_parts parts = {.label_part = label_part(r), .has_rest = has_rest(r)};
    enum row_kind kind = kind_of_row(maxima, &r->l, r->policy);
    int64_t argmax = maxima[PART_ARGMAX] == PART_NONE ? -1 : -1 - maxima[PART_ARGMAX];
    if (kind != ROW_COMPUTED) {
        parts.stats.maximum = (struct maximum){.high = high_of_row(maxima, &r->l), .argmax = (size_t)argmax};
        real largest = maxima[PART_REST] == PART_NONE ? 0 : real_of_key(maxima[PART_REST]);
        return ce_result_of_uncomputed(r, kind, &parts, largest);
    }
    stats_of_part(c, kept, &r->l, &parts.stats);
    set_no_label(&parts);
    if (maxima[PART_LABEL_HIGH] != PART_NONE) {
        real low = real_of_key(maxima[PART_LABEL_LOW]);
        set_label(real_of_key(maxima[PART_LABEL_HIGH]), maxima[PART_LABEL_LOW] == PART_NONE ? NULL : &low, &parts);
    }
    if (parts.has_rest) {
        rest_of_row(maxima, sums_of_row(c, kept->k), &parts);
    }
    ce_result result = ce_finish(r, &parts, false);
    result.argmax = argmax;
    return result;
}

#endif
