/* Cross-entropy of rows under options whose logits are made in registers, some at a time: each loop goes along a row,
 * what is done once a row is done in lanes (made_batch_template.h, label_loss_lanes_template.h). docs/bits.md,
 * "Cross-entropy".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_CROSS_ENTROPY_BATCH_TEMPLATE_H
#define SMX_CROSS_ENTROPY_BATCH_TEMPLATE_H

#include "../base/pair.h"

#include <math.h>

#include "cross_entropy_gradient_template.h"
#include "cross_entropy_parts_template.h"
#include "cross_entropy_rest_template.h"
#include "cross_entropy_row_template.h"
#include "label_loss_lanes_template.h"
#include "log1p_double_template.h"
#include "logit_vectors_template.h"
#include "made_batch_template.h"
#include "made_max_template.h"
#include "mask_template.h"
#include "rest_distance_template.h"
#include "row_scale_template.h"
#include "vector_helpers_template.h"

/* As many rows as go together, from the first on. */
static size_t gather_losses(size_t rows, const ce_row *r, struct made_batch *b) {
    const size_t most = made_batch_rows(r->n), some = rows < most ? rows : most;
    b->rows = 0;
    for (size_t i = 0; i < some; i++) {
        const bool alike = (r[i].dx != NULL) == (r->dx != NULL) && (r[i].targets != NULL) == (r->targets != NULL);
        b->row[i].l = r[i].l;
        b->row[i].n = r[i].n;
        if (!alike || r[i].dtargets != NULL || !join_made_batch(b)) {
            return i;
        }
    }
    return some;
}

/* What the rows share. They are labels alone only if they share F. */
static ce_labels shared_of_rows(size_t rows, const ce_row *r) {
    const struct pair factor = factor_of_row(r);
    ce_labels c = {.gradient = factor, .z_loss = r->z_loss};
    c.alone = r->class_weights == NULL && !has_rest(r) && r->z_loss == 0 && fabs(factor.high) < 0x1p29;
    for (size_t i = 0; i < rows; i++) {
        c.alone = c.alone && r[i].label != NO_LABEL && r[i].l.scale == r->l.scale &&
                  r[i].gradient.high == r->gradient.high && r[i].gradient.low == r->gradient.low;
    }
    return c;
}

/* The labels' logits: -inf where masked out, the largest where there is none. */
static void find_label_logits(const struct made_batch *b, const ce_row *r, struct label_lanes *l) {
    for (size_t i = 0; i < V_LANES; i++) {
        const ce_row *row = &r[i < b->rows ? i : b->rows - 1];
        l->label[i] = row->label == NO_LABEL ? b->s.largest[i] : -(real)INFINITY;
        l->label_low[i] = row->label == NO_LABEL ? b->s.largest_low[i] : 0;
        if (has_label(row)) {
            v_t low, high = made_logits(row_of_lane(b, i)->what, &row->l, (size_t)row->label, 1, &low);
            v_store_n(&l->label[i], high, 1);
            v_store_n(&l->label_low[i], low, 1);
        }
    }
}

/* The first place with the row's maximum in a run of logits made in these steps; its end if there is none. */
static ALWAYS_INLINE size_t place_of_steps(unsigned what, const logits *l, size_t j, size_t end, real high, real low) {
    const v_t wanted = v_set1(high);
    for (; j < end; j += V_LANES) {
        const size_t lanes = end - j < V_LANES ? end - j : V_LANES;
        v_t z_low, z = made_logits(what, l, j, lanes, &z_low);
        if (m_any(v_eq(z, wanted))) {
            real highs[LANES_MOST], lows[LANES_MOST];
            v_store(highs, z);
            v_store(lows, z_low);
            const size_t place = first_place_of(lanes, highs, high, lows, low);
            if (place < lanes) {
                return j + place;
            }
        }
    }
    return end;
}

static inline size_t place_in_run(const struct made_row *row, const struct kept_run *run, real high, real low) {
    const size_t end = run->from + run->n;
    switch (row->what) {
#define SMX_PLACE_OF_STEPS(steps) \
    case steps:                   \
        return place_of_steps(steps, &row->l, run->from, end, high, low);
        SMX_PLACE_OF_STEPS(0)
        EACH_COMMON_LOGIT_STEPS(SMX_PLACE_OF_STEPS)
#undef SMX_PLACE_OF_STEPS
    default:
        return place_of_steps(row->what, &row->l, run->from, end, high, low);
    }
}

/* The first place of the row's maximum. */
static size_t place_of_maximum(const struct made_row *row, real high, real low) {
    for (size_t i = 0; i < row->runs.count; i++) {
        const struct kept_run *run = &row->runs.run[i];
        const size_t at = place_in_run(row, run, high, low);
        if (at < run->from + run->n) {
            return at;
        }
    }
    return row->n;
}

/* B and R of row i, and its rest_c that count by themselves. */
static void set_rest_of_lane(const ce_row *r, size_t i, size_t place, struct label_lanes *l) {
    struct lane_parts *p = &l->parts;
    const struct maximum maximum = {l->s->largest[i], l->s->largest_low[i], l->s->second[i], place};
    const struct rest_sum rest = find_rest_sum(r);
    real one;
    set_lane(&p->rest, i, rest.sum);
    set_lane(&p->rest_distance, i, find_rest_distance(r, &maximum, &rest));
    p->rest_at_maximum[i] = *rest_block(r, place, 1, &one);
    p->rest_at_label[i] = has_label(r) ? *rest_block(r, (size_t)r->label, 1, &one) : p->rest_at_maximum[i];
}

/* What losses are made of besides a label's; false if gradients are out of range. */
static bool parts_of_losses(size_t rows, const ce_row *r, const size_t *place, struct label_lanes *l) {
    struct lane_parts *p = &l->parts;
    for (size_t i = 0; i < V_LANES; i++) {
        const ce_row *row = &r[i < rows ? i : rows - 1];
        set_lane(&p->label_part, i, label_part(row));
        set_lane(&p->factor, i, factor_of_row(row));
        set_lane(&p->rest, i, pair_of(0));
        set_lane(&p->rest_distance, i, pair_of(0));
        p->rest_at_maximum[i] = p->rest_at_label[i] = 0;
        if (has_rest(row)) {
            set_rest_of_lane(row, i, place[i < rows ? i : rows - 1], l);
        }
    }
    return r->dx == NULL || gradients_in_range(l, (double)r->z_loss);
}

/* The gradients of row i from its terms, in place. */
static void scale_made_row(const ce_row *r, const struct made_row *row, const struct label_lanes *l, size_t i,
                           size_t place) {
    const real factor[2] = {l->high[i], l->low[i]};
    for (size_t k = 0; k < row->runs.count && !has_rest(r); k++) {
        real *dx = r->dx + row->runs.run[k].from;
        scale_by_reals(row->runs.run[k].n, dx, factor, TERM_UNSCALE, dx);
    }
    fill_between_runs(r->n, &row->runs, FILL_ZERO, r->dx);
    for (size_t j = 0; j < r->n && has_rest(r); j += LOGITS_BLOCK) {
        scale_less_rest(r, j, block_length(r->n - j), r->dx + j, factor, TERM_UNSCALE, (real)l->parts.factor.high[i],
                        r->dx + j);
    }
    if (isfinite(l->unique[i])) {
        r->dx[place] = l->at_maximum[i] + 0;
    }
    if (has_label(r) && m_any(kept_lanes(&r->l, (size_t)r->label, 1))) {
        r->dx[r->label] = l->at_label[i] + 0;
    }
}

/* A batch's losses and gradients. False, with nothing written, if it is not for these loops. */
static bool losses_of_batch(const ce_row *r, struct made_batch *b, ce_result *results) {
    const bool gradients = r->dx != NULL;
    const ce_labels shared = shared_of_rows(b->rows, r);
    size_t place[MADE_ROWS] = {0};
    struct lane_log_stats stats;
    struct label_lanes l;
    l.s = &b->s;
    l.stats = &stats;
    l.alone = shared.alone;
    l.rest = has_rest(r);
    if (!made_batch_maxima(b)) {
        return false;
    }
    find_label_logits(b, r, &l);
    for (size_t i = 0; i < b->rows && (r->places || gradients); i++) { /* before dx, which may be x, is written */
        place[i] = place_of_maximum(&b->row[i], b->s.largest[i], b->s.largest_low[i]);
    }
    if (!l.alone && !parts_of_losses(b->rows, r, place, &l)) {
        return false;
    }
    start_lane_sums(true, 0, &b->s);
    for (size_t i = 0; i < b->rows; i++) {
        add_terms_of_row(b, i, r[i].dx);
    }
    finish_label_lanes(&l, gradients, &shared);
    store_label_results(b->rows, &l, results);
    for (size_t i = 0; i < b->rows; i++) {
        results[i].argmax = (int64_t)place[i];
        if (r[i].label == NO_LABEL) {
            results[i].target_log_prob = -(real)INFINITY;
        }
        if (gradients) {
            scale_made_row(&r[i], &b->row[i], &l, i, place[i]);
        }
    }
    return true;
}

/* As many of the rows as go together, from the first on; their number, which is 0 if the first is not for this file.
 * Bits and errors are those of cross_entropy_rows. */
NOT_INLINE static size_t cross_entropy_batch(size_t rows, const ce_row *r, ce_result *results) {
    struct made_batch b;
    if (!LOG_IN_DOUBLE || gather_losses(rows, r, &b) == 0) {
        return 0;
    }
    const bool together = losses_of_batch(r, &b, results);
    for (size_t i = 0; i < b.rows && !together; i++) {
        results[i] = cross_entropy_row(&r[i]);
    }
    return b.rows;
}

#endif
