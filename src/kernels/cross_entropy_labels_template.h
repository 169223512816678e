/* Cross-entropy of rows whose logits are their entries (no masks, scale or softcap), some at a time. All that is done
 * once a row is done in lanes (label_loss_lanes_template.h), for short rows the sums too
 * (label_loss_transposed_template.h). docs/bits.md, "Cross-entropy".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_CROSS_ENTROPY_LABELS_TEMPLATE_H
#define SMX_CROSS_ENTROPY_LABELS_TEMPLATE_H

#include <math.h>

#include "cross_entropy_gradient_template.h"
#include "cross_entropy_parts_template.h"
#include "cross_entropy_rest_template.h"
#include "label_loss_lanes_template.h"
#include "label_loss_transposed_template.h"
#include "lane_log_stats_template.h"
#include "lane_sums_template.h"
#include "log1p_double_template.h"
#include "log_batch_template.h"
#include "log_transposed_template.h"
#include "rest_distance_template.h"
#include "row_max_template.h"
#include "row_scale_template.h"
#include "transpose_template.h"
#include "vector_helpers_template.h"

/* B, R and all else that parts are, of up to V_LANES rows whose largest entries are at these places; false if gradients
 * are out of range. */
static bool parts_of_batch(size_t rows, const ce_labels *c, const ce_plain_rows *r, const struct rest_sum *shared,
                           const size_t *place, struct label_lanes *l) {
    struct lane_parts *p = &l->parts;
    start_lane_parts(rows, c, r, p);
    for (size_t i = 0; i < V_LANES && rows_have_rest(c, r); i++) {
        if (i >= rows) { /* as the row before */
            set_lane(&p->rest, i, pair_of_lanes(&p->rest, i - 1));
            set_lane(&p->rest_distance, i, pair_of_lanes(&p->rest_distance, i - 1));
            p->rest_at_maximum[i] = p->rest_at_maximum[i - 1];
            p->rest_at_label[i] = p->rest_at_label[i - 1];
            continue;
        }
        const ce_row row = plain_row(c, r, i);
        const struct maximum maximum = {l->s->largest[i], 0, l->s->second[i], place[i]};
        const struct rest_sum rest = r->targets == NULL ? *shared : find_rest_sum(&row);
        real one;
        set_lane(&p->rest, i, rest.sum);
        set_lane(&p->rest_distance, i, find_rest_distance(&row, &maximum, &rest));
        p->rest_at_maximum[i] = *rest_block(&row, place[i], 1, &one);
        p->rest_at_label[i] = *rest_block(&row, row.label < 0 ? place[i] : (size_t)row.label, 1, &one);
    }
    return r->dx == NULL || gradients_in_range(l, (double)c->z_loss);
}

/* The gradients of a row of a batch from its terms, in place. */
static inline void scale_row_of_batch(const ce_labels *c, const ce_plain_rows *r, const struct label_lanes *l, size_t i,
                                      size_t place, real *dx) {
    const real factor[2] = {l->high[i], l->low[i]};
    if (l->alone || !rows_have_rest(c, r)) {
        scale_by_reals(c->n, dx, factor, TERM_UNSCALE, dx);
    } else {
        const ce_row row = plain_row(c, r, i);
        for (size_t j = 0; j < c->n; j += LOGITS_BLOCK) {
            scale_less_rest(&row, j, block_length(c->n - j), dx + j, factor, TERM_UNSCALE,
                            (real)l->parts.factor.high[i], dx + j);
        }
    }
    if (isfinite(l->unique[i])) {
        dx[place] = l->at_maximum[i] + 0;
    }
    if (r->labels[i] >= 0) {
        dx[r->labels[i]] = l->at_label[i] + 0;
    }
}

/* Up to V_LANES rows of any length. False, with nothing written, if one of them has no finite maximum, or gradients are
 * out of range. */
static bool label_loss_batch(size_t rows, const ce_labels *c, const ce_plain_rows *r, const struct rest_sum *shared) {
    size_t n = c->n, place[LANES_MOST] = {0};
    struct lane_sums s;
    struct lane_log_stats stats;
    struct label_lanes l;
    l.s = &s;
    l.stats = &stats;
    l.alone = c->alone;
    l.rest = rows_have_rest(c, r);
    if (!plain_maxima(rows, n, r->x, c->ldx, &s)) {
        return false;
    }
    for (size_t i = 0; i < V_LANES; i++) {
        size_t row = i < rows ? i : rows - 1;
        l.label[i] = r->labels[row] < 0 ? s.largest[i] : r->x[row * c->ldx + (size_t)r->labels[row]];
    }
    v_store(l.label_low, v_set1(0));
    for (size_t i = 0; i < rows && (c->places || r->dx != NULL); i++) { /* before dx, which may be x, is written */
        place[i] = first_place_of(n, r->x + i * c->ldx, s.largest[i], NULL, 0);
    }
    if (!c->alone && !parts_of_batch(rows, c, r, shared, place, &l)) {
        return false;
    }
    batch_terms(rows, n, r->x, c->ldx, r->dx, c->lddx, &s);
    finish_label_lanes(&l, r->dx != NULL, c);
    store_label_results(rows, &l, r->results);
    for (size_t i = 0; i < rows; i++) {
        r->results[i].argmax = c->places ? (int64_t)place[i] : 0;
        if (r->dx != NULL) {
            scale_row_of_batch(c, r, &l, i, place[i], r->dx + i * c->lddx);
        }
    }
    return true;
}

/* The length of the run of rows that are handled, or left out, together; `out`: they are left out. */
static inline size_t rows_of_run(size_t rows, const ce_labels *c, const int64_t *labels, bool *out) {
    size_t most = log_batch_rows(c->n), run = 1;
    *out = c->idle && labels[0] < 0;
    while (run < rows && (*out || run < most) && (c->idle && labels[run] < 0) == *out) {
        run++;
    }
    return run;
}

#ifdef V_TRANSPOSE

/* Short rows in lanes. */
static inline bool short_label_losses(size_t rows, const ce_labels *c, const ce_plain_rows *r,
                                      const struct rest_sum *shared) {
    if (c->alone) {
        return r->dx == NULL ? label_losses_transposed(rows, c, r) : label_gradients_transposed(rows, c, r);
    }
    return r->dx == NULL ? losses_of_parts_transposed(rows, c, r, shared)
                         : gradients_of_parts_transposed(rows, c, r, shared);
}

#endif

/* As many of the rows as can be handled so, from the first on; their number. Bits and errors are those of
 * cross_entropy_rows. */
NOT_INLINE static size_t cross_entropy_labels(size_t rows, const ce_labels *c, const ce_plain_rows *r) {
    size_t done = 0;
    bool going = LOG_IN_DOUBLE && c->n > 0 && c->n < WIDE_FROM;
    struct rest_sum shared = {{0, 0}, 0};
    if (going && !c->alone && r->targets == NULL && c->smoothing != 0) { /* the same for all rows */
        const ce_row row = plain_row(c, r, 0);
        shared = find_rest_sum(&row);
    }
    while (going && done < rows) {
        const ce_plain_rows from = plain_rows_from(c, r, done);
        size_t some = rows - done;
#ifdef V_TRANSPOSE
        if (c->n <= LOG_TRANSPOSED_MOST && some >= TRANSPOSED_ROWS_LEAST) {
            some = log_transposed_rows(some, c->n);
            going = short_label_losses(some, c, &from, &shared);
            done += going ? some : 0;
            continue;
        }
#endif
        bool out;
        some = rows_of_run(some < V_LANES ? some : V_LANES, c, from.labels, &out);
        going = out || label_loss_batch(some, c, &from, &shared);
        done += going ? some : 0;
    }
    return done;
}

#endif
