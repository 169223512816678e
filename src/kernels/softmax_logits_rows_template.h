/* Softmax of rows under options, some rows together, each within its window and within the runs that its masks keep.
 * Their logits are made in registers; rows for which that cannot be go one by one, in blocks
 * (softmax_logits_row_template.h). docs/bits.md, "Logits".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SOFTMAX_LOGITS_ROWS_TEMPLATE_H
#define SMX_SOFTMAX_LOGITS_ROWS_TEMPLATE_H

#include "../base/attributes.h"

#include "kernels.h"
#include "lane_sums_template.h"
#include "logit_vectors_template.h"
#include "logits_terms_template.h"
#include "made_max_template.h"
#include "made_terms_template.h"
#include "mask_template.h"
#include "row_scale_template.h"
#include "row_terms_template.h"
#include "rows_of_call_template.h"
#include "softmax_batch_template.h"
#include "softmax_logits_row_template.h"

/* A row of a batch. */
struct batch_row {
    struct kept_row place; /* in the call */
    struct made_row made;
    real *y;
    struct term_sum sum;
    real reciprocal[2];
};

/* Adds the terms of the rows' sinks, V_LANES rows at once, given their maxima and what follows from these. */
static void add_batch_sinks(size_t rows, struct batch_row *row, const real *max, const real *magic) {
    const struct grid g = grid_of_terms();
    for (size_t i = 0; i < rows; i += V_LANES) {
        const size_t some = rows - i < V_LANES ? rows - i : V_LANES;
        real sinks[LANES_MOST];
        int64_t tops[LANES_MOST] = {0}, middles[LANES_MOST] = {0};
        i_t top = i_set1(0), middle = top, none = top;
        for (size_t k = 0; k < V_LANES; k++) {
            sinks[k] = k < some ? *row[i + k].made.l.sink : -(real)INFINITY;
        }
        const struct term_run run = {.count = 1, .lanes = V_LANES, .x = sinks};
        add_term_run(TERMS_OFFSET, &run, v_load(max + i), v_load(magic + i), &top, &middle, &none);
        flush_lanes(top, g.top, 1, tops);
        flush_lanes(middle, g.middle, 1, middles);
        for (size_t k = 0; k < some; k++) {
            row[i + k].sum.limbs[0] += tops[k];
            row[i + k].sum.limbs[1] += middles[k];
        }
    }
}

/* The terms of rows, and their sums. */
static void add_batch_terms(size_t rows, struct batch_row *row) {
    real max[SOFTMAX_BATCH_ROWS + LANES_MOST], magic[SOFTMAX_BATCH_ROWS + LANES_MOST];
    for (size_t i = 0; i < rows; i++) {
        max[i] = row[i].made.maximum.high;
    }
    for (size_t i = 0; i < rows; i += V_LANES) {
        size_t left = rows - i < V_LANES ? rows - i : V_LANES;
        v_t m = v_load_n(max + i, left, v_set1(0));
        v_store(max + i, m);
        v_store(magic + i, term_magic(m, term_offset(m)));
    }
    for (size_t i = 0; i < rows; i++) {
        const struct made_row *made = &row[i].made;
        row[i].sum = empty_logits_sum(&made->l, made->n);
        add_made_terms(made_term_kind(made), made, v_set1(max[i]), v_set1(magic[i]), prefetch_distance(made->l.row_n),
                       row[i].y, &row[i].sum);
        if (made->l.sink != NULL && !row[i].sum.in_limbs) {
            add_sink(&made->l, max[i], &row[i].sum);
        }
    }
    if (rows != 0 && row[0].made.l.sink != NULL && row[0].sum.in_limbs) { /* as of all rows */
        add_batch_sinks(rows, row, max, magic);
    }
}

/* Softmax of rows that have a maximum. */
static void softmax_of_batch(size_t rows, struct batch_row *row) {
    add_batch_terms(rows, row);
    for (size_t i = 0; i < rows; i++) {
        find_reciprocal(&row[i].sum, row[i].reciprocal);
    }
    for (size_t i = 0; i < rows; i++) {
        const struct kept_runs *runs = &row[i].made.runs;
        for (size_t k = 0; k < runs->count; k++) {
            real *y = row[i].y + runs->run[k].from;
            scale_by(runs->run[k].n, y, row[i].reciprocal, y);
        }
        fill_between_runs(row[i].made.n, runs, FILL_ZERO, row[i].y);
    }
}

static void softmax_logits_rows(const struct rows_call *c, struct span run) {
    struct batch_row row[SOFTMAX_BATCH_ROWS];
    const size_t most = softmax_batch_rows(SOFTMAX_BATCH_ROWS, c->n);
    for (size_t k = run.from, end = run.from + run.n; k < end;) {
        size_t rows = 0;
        for (; rows < most && k < end; k++) {
            struct batch_row *next = &row[rows];
            next->place = kept_row(c, k);
            const size_t n = next->place.n;
            set_logits(c, &next->place, row_at(c, 0, &next->place), &next->made.l);
            next->made.n = n;
            next->y = row_at(c, 1, &next->place);
            if (n != 0 && start_made_row(false, &next->made)) {
                rows++;
                continue;
            }
            if (n != 0) {
                softmax_logits_row(n, &next->made.l, next->y, c->options->policy);
            }
            fill_outside(c, &next->place, FILL_ZERO, next->y);
        }
        softmax_of_batch(rows, row);
        for (size_t i = 0; i < rows; i++) {
            fill_outside(c, &row[i].place, FILL_ZERO, row[i].y);
        }
    }
}

#endif
