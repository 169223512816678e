/* Cross-entropy of a call's rows: their labels and targets, which rows are ignored, and where results go. What a row's
 * loss and gradients are stands in cross_entropy_row_template.h and, of rows whose logits are their entries,
 * cross_entropy_labels_template.h.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_CROSS_ENTROPY_CALL_TEMPLATE_H
#define SMX_CROSS_ENTROPY_CALL_TEMPLATE_H

#include "../base/kulisch.h"
#include "cross_entropy_labels_template.h"
#include "cross_entropy_part_template.h"
#include "cross_entropy_problem.h"
#include "cross_entropy_rows_template.h"
#include "row_fill_template.h"
#include "rows_of_call_template.h"

/* Null if it is not given. */
static inline real *ce_values(const struct rows_call *c, int i) { return c->array[i].data; }

/* What rows have whatever their label. */
static void write_statistics(const struct rows_call *c, struct span rows, const ce_result *results) {
    real *lse = ce_values(c, CE_LSE);
    int64_t *argmax = c->array[CE_ARGMAX].data;
    for (size_t i = 0; lse != NULL && i < rows.n; i++) {
        lse[rows.from + i] = results[i].lse;
    }
    for (size_t i = 0; argmax != NULL && i < rows.n; i++) {
        argmax[rows.from + i] = results[i].argmax;
    }
}

/* What counts of rows, array by array: row by row takes longer. */
static void write_losses(const struct rows_call *c, struct span rows, const ce_result *results) {
    real *loss = ce_values(c, CE_LOSS), *log_prob = ce_values(c, CE_TARGET_LOG_PROB);
    uint8_t *correct = c->array[CE_CORRECT].data;
    for (size_t i = 0; loss != NULL && i < rows.n; i++) {
        loss[rows.from + i] = results[i].loss;
    }
    for (size_t i = 0; log_prob != NULL && i < rows.n; i++) {
        log_prob[rows.from + i] = results[i].target_log_prob;
    }
    for (size_t i = 0; correct != NULL && i < rows.n; i++) {
        int64_t label = label_of_row(c->ce, c->array, rows.from + i);
        correct[rows.from + i] = (results[i].argmax == label) & !label_is_ignored(c->ce, label);
    }
    bool summed = c->array[CE_REDUCED].data != NULL || c->array[CE_LOSS_SUM].data != NULL;
    for (size_t i = 0; summed && i < rows.n; i++) {
        exact_sum_add(c->sum, (double)results[i].loss);
    }
}

/* Nothing of an ignored row counts. */
static void clear_ignored(const struct rows_call *c, struct span rows, ce_result *results) {
    real *dx = ce_values(c, CE_DX);
    for (size_t i = 0; i < rows.n; i++) {
        if (row_is_ignored(c->ce, c->array, rows.from + i)) {
            results[i].loss = results[i].target_log_prob = 0;
            if (dx != NULL) {
                row_fill(c->n, FILL_ZERO, dx + (rows.from + i) * stride_of(c, CE_DX));
            }
        }
    }
}

/* All that is wanted of up to CE_ROWS rows. */
static void write_results(const struct rows_call *c, struct span run, ce_result *results) {
    write_statistics(c, run, results);
    if (c->ce->use_ignore_index != 0) {
        clear_ignored(c, run, results);
    }
    write_losses(c, run, results);
}

static inline bool places_wanted(const struct rows_call *c) {
    return c->array[CE_ARGMAX].data != NULL || c->array[CE_CORRECT].data != NULL;
}

/* Row k, and what its window leaves out. */
static void set_ce_row(const struct rows_call *c, size_t k, ce_row *row) {
    const struct cross_entropy *ce = c->ce;
    struct kept_row kept = kept_row(c, k);
    bool skip = row_is_ignored(c->ce, c->array, k);
    *row = (ce_row){.n = kept.n,
                    .classes = row_length(c),
                    .policy = c->options->policy,
                    .label = NO_LABEL,
                    .smoothing = (real)ce->smoothing,
                    .z_loss = (real)ce->z_loss,
                    .gradient = ce->gradient,
                    .places = places_wanted(c)};
    set_logits(c, &kept, c->n == 0 ? NULL : row_at(c, CE_X, &kept), &row->l);
    if (ce->softcap != 0) {
        row->l.softcap = softcap_of((real)ce->softcap);
        row->l.caps_sum = true;
    }
    if (!skip && c->array[CE_LABELS].data != NULL) {
        row->label = label_of_row(ce, c->array, k) - (int64_t)place_of_window(c, &kept);
    }
    if (ce_values(c, CE_CLASS_WEIGHTS) != NULL) {
        row->class_weights = ce_values(c, CE_CLASS_WEIGHTS) + place_of_window(c, &kept);
    }
    if (ce->reduction == SMX_REDUCTION_NONE && ce_values(c, CE_DLOSS) != NULL) {
        row->gradient = pair_of((double)ce_values(c, CE_DLOSS)[k]);
    }
    if (!skip) {
        row->targets = row_at(c, CE_TARGETS, &kept);
        row->dx = row_at(c, CE_DX, &kept);
        row->dtargets = row_at(c, CE_DTARGETS, &kept);
    }
}

/* So many rows go to the kernels at once: what four of the widest vectors take in their lanes; and one of them, of rows
 * that are more than labels. */
#define CE_ROWS ((size_t)64)
#define CE_FULL_ROWS ((size_t)16)

/* The results of at least one and up to CE_FULL_ROWS rows. */
NOT_INLINE static void ce_full_rows(const struct rows_call *c, struct span run, ce_result *results) {
    ce_row rows[CE_FULL_ROWS];
    size_t made = 0;
    do {
        set_ce_row(c, run.from + made, &rows[made]);
    } while (++made < run.n);
    if (c->part == NULL) {
        cross_entropy_rows(run.n, rows, stride_of(c, CE_X), stride_of(c, CE_DX), results);
    }
    for (size_t i = 0; i < run.n; i++) {
        struct kept_row kept = kept_row(c, run.from + i);
        if (c->part != NULL) {
            results[i] = cross_entropy_of_part(c, &kept, &rows[i]);
        } else {
            results[i].argmax += results[i].argmax >= 0 ? (int64_t)kept.first : 0;
        }
        if (rows[i].dx != NULL) {
            fill_outside(c, &kept, FILL_ZERO, rows[i].dx);
        }
        if (rows[i].dtargets != NULL) {
            fill_outside(c, &kept, FILL_ZERO, rows[i].dtargets);
        }
    }
}

/* Of any number of rows. */
static void ce_results(const struct rows_call *c, struct span run, ce_result *results) {
    for (size_t done = 0; done < run.n; done += CE_FULL_ROWS) {
        size_t left = run.n - done;
        ce_full_rows(c, (struct span){run.from + done, left < CE_FULL_ROWS ? left : CE_FULL_ROWS}, results + done);
    }
}

/* The same, where logits are the entries, for as many rows as there is a short way for; their number. */
NOT_INLINE static size_t ce_results_of_plain_rows(const struct rows_call *c, struct span run, ce_result *results) {
    const struct cross_entropy *ce = c->ce;
    const struct array *a = c->array;
    const bool labels = a[CE_LABELS].data != NULL;
    const ce_labels shared = {.n = c->n,
                              .ldx = a[CE_X].ld,
                              .lddx = a[CE_DX].ld,
                              .ldt = a[CE_TARGETS].ld,
                              .gradient = ce->gradient,
                              .alone = ce->labels_alone,
                              .places = places_wanted(c),
                              .idle = labels && a[CE_LSE].data == NULL && a[CE_ARGMAX].data == NULL,
                              .class_weights = ce_values(c, CE_CLASS_WEIGHTS),
                              .smoothing = (real)ce->smoothing,
                              .z_loss = (real)ce->z_loss};
    int64_t made[CE_ROWS] = {0};
    bool given = ce->labels == DTYPE_I64 && ce->use_ignore_index == 0 && labels;
    for (size_t i = 0; i < run.n && !given; i++) {
        int64_t label = label_of_row(ce, a, run.from + i);
        made[i] = label_is_ignored(ce, label) ? -1 : label;
    }
    bool own = ce->reduction == SMX_REDUCTION_NONE && ce_values(c, CE_DLOSS) != NULL;
    const ce_plain_rows rows = {.x = c->n > 0 ? rows_at(c, CE_X, run)
                                              : a[CE_X].data, /* of no entries, which may be null */
                                .targets = a[CE_TARGETS].data == NULL ? NULL : rows_at(c, CE_TARGETS, run),
                                .dloss = own ? value_at(c, CE_DLOSS, run.from) : NULL,
                                .labels = given ? (const int64_t *)a[CE_LABELS].data + run.from : made,
                                .dx = a[CE_DX].data == NULL ? NULL : rows_at(c, CE_DX, run),
                                .results = results};
    return cross_entropy_labels(run.n, &shared, &rows);
}

/* Whether nothing of a row is computed. */
static inline bool row_is_idle(const struct rows_call *c, size_t k) {
    return c->array[CE_LSE].data == NULL && c->array[CE_ARGMAX].data == NULL && row_is_ignored(c->ce, c->array, k);
}

/* Up to CE_ROWS rows. */
static void ce_some_rows(const struct rows_call *c, struct span run) {
    ce_result results[CE_ROWS];
    bool short_way = c->plain && c->part == NULL && c->ce->softcap == 0 && c->array[CE_DTARGETS].data == NULL;
    size_t done = short_way ? ce_results_of_plain_rows(c, run, results) : 0;
    while (done < run.n) {
        size_t end = done;
        while (end < run.n && !row_is_idle(c, run.from + end)) {
            end++;
        }
        if (end > done) {
            ce_results(c, (struct span){run.from + done, end - done}, results + done);
        }
        done = end + 1;
    }
    write_results(c, run, results);
}

/* Up to CE_ROWS rows at a time. */
static inline void ce_run_by_run(const struct rows_call *c, struct span run, rows_kernel some_rows) {
    while (run.n > 0) {
        struct span next = {run.from, run.n < CE_ROWS ? run.n : CE_ROWS};
        some_rows(c, next);
        run.from += next.n;
        run.n -= next.n;
    }
}

/* A step of rows in parts before the last. */
static void ce_shares(const struct rows_call *c, struct span run) {
    for (size_t k = run.from; k < run.from + run.n; k++) {
        const struct kept_row kept = kept_row(c, k);
        ce_row row;
        set_ce_row(c, k, &row);
        share_of_loss(c, &kept, &row);
    }
}

static void cross_entropy_kernel(const struct rows_call *c, struct span run) {
    if (c->part != NULL && c->part->step != PART_FINISH) {
        ce_shares(c, run);
    } else {
        ce_run_by_run(c, run, ce_some_rows);
    }
}

#endif
