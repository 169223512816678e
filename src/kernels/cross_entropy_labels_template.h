/* Cross-entropy of rows with a label and nothing else (no weights, smoothing, targets, masks), some at a time. All that
 * is done once a row is done in lanes (label_loss_lanes_template.h), for short rows the sums too
 * (label_loss_transposed_template.h). docs/bits.md, "Cross-entropy".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_CROSS_ENTROPY_LABELS_TEMPLATE_H
#define SMX_CROSS_ENTROPY_LABELS_TEMPLATE_H

#include <math.h>

#include "cross_entropy_parts_template.h"
#include "label_loss_lanes_template.h"
#include "label_loss_transposed_template.h"
#include "lane_log_stats_template.h"
#include "lane_sums_template.h"
#include "log1p_double_template.h"
#include "log_batch_template.h"
#include "log_transposed_template.h"
#include "row_max_template.h"
#include "row_scale_template.h"
#include "transpose_template.h"
#include "vector_helpers_template.h"

/* Up to V_LANES rows of any length. False, with nothing written, if one of them has no finite maximum. */
static bool label_loss_batch(size_t rows, const ce_labels *c, const real *x, const int64_t *labels, real *dx,
                             ce_result *results) {
    size_t n = c->n, place[LANES_MOST];
    struct lane_sums s;
    struct lane_log_stats stats;
    struct label_lanes l = {.s = &s, .stats = &stats};
    if (!batch_maxima(rows, n, x, c->ldx, &s)) {
        return false;
    }
    for (size_t i = 0; i < V_LANES; i++) {
        size_t row = i < rows ? i : rows - 1;
        l.label[i] = x[row * c->ldx + (labels[row] < 0 ? 0 : (size_t)labels[row])];
    }
    for (size_t i = 0; i < rows && (c->places || dx != NULL); i++) { /* before dx, which may be x, is written */
        place[i] = first_place_of(n, x + i * c->ldx, s.largest[i], NULL, 0);
    }
    batch_terms(rows, n, x, c->ldx, dx, c->lddx, &s);
    finish_label_lanes(&l, dx != NULL, c->gradient);
    store_label_results(rows, &l, results);
    for (size_t i = 0; i < rows; i++) {
        results[i].argmax = c->places ? (int64_t)place[i] : 0;
        if (dx != NULL) {
            const real factor[2] = {l.high[i], l.low[i]};
            real *to = dx + i * c->lddx;
            scale_by_reals(n, to, factor, TERM_UNSCALE, to);
            if (isfinite(l.unique[i])) {
                to[place[i]] = l.at_maximum[i] + 0;
            }
            if (labels[i] >= 0) {
                to[labels[i]] = l.at_label[i] + 0;
            }
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

/* As many of the rows as can be handled so, from the first on; their number. Labels are negative where there is none,
 * or one of the classes. Bits and errors are those of cross_entropy_rows. */
NOT_INLINE static size_t cross_entropy_labels(size_t rows, const ce_labels *c, const real *x, const int64_t *labels,
                                              real *dx, ce_result *results) {
    size_t done = 0;
    bool going = LOG_IN_DOUBLE && c->n > 0 && c->n < WIDE_FROM;
    while (going && done < rows) {
        const real *from = x + done * c->ldx;
        real *to = dx == NULL ? NULL : dx + done * c->lddx;
        size_t some = rows - done;
#ifdef V_TRANSPOSE
        if (c->n <= LOG_TRANSPOSED_MOST && some >= TRANSPOSED_ROWS_LEAST) {
            some = log_transposed_rows(some, c->n);
            going = to == NULL ? label_losses_transposed(some, c, from, labels + done, results + done)
                               : label_gradients_transposed(some, c, from, labels + done, to, results + done);
            done += going ? some : 0;
            continue;
        }
#endif
        bool out;
        some = rows_of_run(some < V_LANES ? some : V_LANES, c, labels + done, &out);
        going = out || label_loss_batch(some, c, from, labels + done, to, results + done);
        done += going ? some : 0;
    }
    return done;
}

#endif
