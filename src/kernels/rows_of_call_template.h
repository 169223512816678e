/* Rows of a call: where they lie, their windows and logits.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_ROWS_OF_CALL_TEMPLATE_H
#define SMX_ROWS_OF_CALL_TEMPLATE_H

#include "../options/window.h"
#include "kernels.h"
#include "mask_template.h"
#include "part_words.h"
#include "row_fill_template.h"

/* A row under options: number k, of which the entries [first, first + n) are kept by its window. */
struct kept_row {
    size_t k, first, n;
};

/* ---- Plain rows ---- */

/* From the span's first row on. */
static ALWAYS_INLINE real *rows_at(const struct rows_call *c, int i, struct span run) {
    return (real *)c->array[i].data + run.from * c->array[i].ld;
}

static ALWAYS_INLINE size_t stride_of(const struct rows_call *c, int i) { return c->array[i].ld; }

/* One number a row. */
static ALWAYS_INLINE real *value_at(const struct rows_call *c, int i, size_t k) { return (real *)c->array[i].data + k; }

/* ---- Rows under options ---- */

/* How many entries whole rows have, and which of them is the call's first. */
static inline size_t row_length(const struct rows_call *c) { return c->part == NULL ? c->n : c->part->row_n; }

static inline size_t row_offset(const struct rows_call *c) { return c->part == NULL ? 0 : c->part->first; }

/* The row's window of an argument, at the argument's row `k`; null if that is not given. */
static inline real *window_at(const struct rows_call *c, int i, size_t k, const struct kept_row *r) {
    real *data = c->array[i].data;
    return data == NULL ? NULL : data + k * c->array[i].ld + r->first;
}

static inline real *row_at(const struct rows_call *c, int i, const struct kept_row *r) {
    return window_at(c, i, r->k, r);
}

static inline real scale_of_row(const smx_options *opt, size_t k) {
    return opt->scale == NULL ? 1 : ((const real *)opt->scale)[opt->scale_stride == 0 ? 0 : k];
}

/* The logits of the row's window, whose entries are at x. They are written where they are wanted: a copy would wait
 * until what has just been stored can be read back. */
static ALWAYS_INLINE void set_logits(const struct rows_call *c, const struct kept_row *r, const real *x, logits *l) {
    const smx_options *opt = c->options->opt;
    *l = (logits){.x = x, .stride = 1, .scale = 1, .row_n = row_length(c)};
    if (c->plain) {
        return;
    }
    l->scale = scale_of_row(opt, r->k);
    if (opt->add != NULL) {
        l->add = (const real *)opt->add + mask_row(r->k, opt->add_rows, opt->add_every) * opt->add_ld + r->first;
    }
    l->softcap = softcap_of((real)opt->softcap);
    if (opt->alibi != NULL) {
        l->alibi = ((const real *)opt->alibi)[mask_row(r->k, opt->alibi_rows, opt->alibi_every)];
        l->position = position_of_row(c->options, r->k, row_length(c)) - (int64_t)(row_offset(c) + r->first);
    }
    if (opt->sink != NULL) {
        l->sink = (const real *)opt->sink + mask_row(r->k, opt->sink_rows, opt->sink_every);
    }
    if (opt->keep != NULL) {
        l->keep = opt->keep + mask_row(r->k, opt->keep_rows, opt->keep_every) * opt->keep_ld + r->first;
    }
}

static inline logits logits_of(const struct rows_call *c, const struct kept_row *r, const real *x) {
    logits l;
    set_logits(c, r, x, &l);
    return l;
}

static inline struct kept_row kept_row(const struct rows_call *c, size_t k) {
    if (c->plain) {
        return (struct kept_row){k, 0, c->n};
    }
    struct window w = window_of_row(c->options, k, row_length(c));
    if (c->part != NULL) {
        w = window_of_part(w, c->part->first, c->n);
    }
    return (struct kept_row){k, w.first, w.end - w.first};
}

/* What lies outside of the window in a row of an output, whose window begins at y. */
static inline void fill_outside(const struct rows_call *c, const struct kept_row *r, enum filling filling, real *y) {
    if (r->first > 0) {
        row_fill(r->first, filling, y - r->first);
    }
    size_t end = r->first + r->n;
    if (end < c->n) {
        row_fill(c->n - end, filling, y + r->n);
    }
}

typedef void (*row_function)(const struct rows_call *c, const struct kept_row *r);

static ALWAYS_INLINE void each_row(const struct rows_call *c, struct span run, row_function row) {
    for (size_t k = run.from; k < run.from + run.n; k++) {
        struct kept_row r = kept_row(c, k);
        row(c, &r);
    }
}

#endif
