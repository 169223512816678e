#include "logits.h"

#include <stdlib.h>

#include "message.h"

bool logits_given(const settings *set) {
    return set->text[SET_SCALE] != NULL || set->text[SET_TEMPERATURE] != NULL || set->text[SET_SCALE_FILE] != NULL ||
           set->text[SET_MASK] != NULL || set->text[SET_LENGTHS] != NULL || set->options.causal != SMX_CAUSAL_NONE ||
           set->options.softcap != 0 || set->options.use_window != 0 || set->text[SET_ALIBI] != NULL ||
           set->text[SET_SINK] != NULL;
}

static void set_scale(logits *l, const settings *set, npy_dtype as) {
    if (set->text[SET_SCALE] == NULL && set->text[SET_TEMPERATURE] == NULL)
        return;
    if (as == NPY_F4)
        l->one_scale.f32 = (float)set->scale;
    else
        l->one_scale.f64 = set->scale;
    l->options.scale = &l->one_scale;
}

/* What depends on a row's place in its matrix: the option that was given first; null: nothing. */
static const char *place_option(const settings *set) {
    static const setting options[] = {SET_CAUSAL, SET_WINDOW, SET_ALIBI};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        bool none = options[i] == SET_CAUSAL && set->options.causal == SMX_CAUSAL_NONE;
        if (set->text[options[i]] != NULL && !none)
            return setting_table[options[i]].name;
    }
    return NULL;
}

/* A tile's first row may be any query, so the causal rule becomes a length for each row. Windows and slopes need whole
 * matrices. */
static int take_places(logits *l, const settings *set, const input *first, const space *rows) {
    const char *option = place_option(set);
    l->together = 1;
    if (option == NULL)
        return EXIT_OK;
    if (rows->axis != rows->ndim || rows->axes != 1)
        return complain_usage(set->who, "--%s works along the last axis only", option);
    if (rows->ndim == 0)
        return complain(first->array.name, "--%s needs two dimensions or more, queries and keys last", option);
    if (set->options.use_window == 0 && set->text[SET_ALIBI] == NULL) {
        l->causal = set->options.causal;
        l->options.causal = SMX_CAUSAL_NONE;
        return EXIT_OK;
    }
    if (first->lay.inner != 1)
        return complain(first->array.name, "it is in Fortran order; --%s needs C order", option);
    l->options.queries = rows->shape[rows->ndim - 1];
    l->together = l->options.queries > 0 ? l->options.queries : 1;
    return EXIT_OK;
}

/* One of the files that a setting may name. */
static bool open_input(input *in, const settings *set, setting from, unsigned dtypes) {
    return set->text[from] == NULL || input_open(in, set->text[from], dtypes);
}

static bool fit_input(input *in, const input *first, const space *rows, fit how, npy_dtype as) {
    return in->array.name == NULL || input_fit(in, first, rows, how, as);
}

int logits_open(logits *l, const settings *set, const input *first, const space *rows, npy_dtype as) {
    l->options = set->options;
    set_scale(l, set, as);
    int status = take_places(l, set, first, rows);
    if (status != EXIT_OK)
        return status;
    if (!open_input(&l->scale, set, SET_SCALE_FILE, NPY_REALS) ||
        !fit_input(&l->scale, first, rows, FIT_ROWS_BROADCAST, as) ||
        !open_input(&l->mask, set, SET_MASK, NPY_REALS | NPY_TRUTHS))
        return EXIT_FAILED;
    npy_dtype mask = l->mask.array.header.dtype;
    bool adds = (NPY_REALS >> mask & 1) != 0;
    bool ok =
        fit_input(&l->mask, first, rows, FIT_BROADCAST, adds ? as : mask) &&
        open_input(&l->lengths, set, SET_LENGTHS, NPY_INTEGERS) &&
        fit_input(&l->lengths, first, rows, FIT_ROWS_BROADCAST, NPY_I8) &&
        open_input(&l->alibi, set, SET_ALIBI, NPY_REALS) && fit_input(&l->alibi, first, rows, FIT_ROWS_BROADCAST, as) &&
        open_input(&l->sink, set, SET_SINK, NPY_REALS) && fit_input(&l->sink, first, rows, FIT_ROWS_BROADCAST, as);
    return ok ? EXIT_OK : EXIT_FAILED;
}

void logits_close(logits *l) {
    input_close(&l->scale);
    input_close(&l->mask);
    input_close(&l->lengths);
    input_close(&l->alibi);
    input_close(&l->sink);
    free(l->kept);
}

static bool has_lengths(const logits *l) { return l->lengths.fit != FIT_NONE || l->causal != SMX_CAUSAL_NONE; }

size_t logits_row_bytes(const logits *l) {
    size_t kept = has_lengths(l) ? sizeof *l->kept : 0;
    return input_row_bytes(&l->scale) + input_row_bytes(&l->mask) + input_row_bytes(&l->lengths) +
           input_row_bytes(&l->alibi) + input_row_bytes(&l->sink) + kept;
}

bool logits_allocate(logits *l, size_t rows) {
    if (has_lengths(l) && (l->kept = malloc(rows * sizeof *l->kept)) == NULL)
        return false;
    return input_allocate(&l->scale, rows, 0) && input_allocate(&l->mask, rows, 0) &&
           input_allocate(&l->lengths, rows, 0) && input_allocate(&l->alibi, rows, 0) &&
           input_allocate(&l->sink, rows, 0);
}

/* The entries that the causal rule leaves in a row; all without one. */
static int64_t causal_length(const logits *l, const space *rows, size_t row) {
    if (l->causal == SMX_CAUSAL_NONE)
        return (int64_t)rows->n;
    int64_t n = (int64_t)rows->n, queries = (int64_t)rows->shape[rows->ndim - 1];
    int64_t length = (int64_t)space_coordinate(rows, row, rows->ndim - 1) + 1;
    if (l->causal == SMX_CAUSAL_BOTTOM_RIGHT)
        length += n - queries;
    return length < 0 ? 0 : length > n ? n : length;
}

static bool make_lengths(logits *l, const space *rows, size_t first, size_t count) {
    const int64_t *given = l->lengths.fit == FIT_NONE ? NULL : l->lengths.data;
    for (size_t r = 0; r < count; r++) {
        l->kept[r] = causal_length(l, rows, first + r);
        if (given == NULL)
            continue;
        if (given[r] < 0 || given[r] > (int64_t)rows->n) {
            complain(l->lengths.array.name, "the length of row %zu is %lld, not from 0 to %zu",
                     space_c_order(rows, first + r), (long long)given[r], rows->n);
            return false;
        }
        l->kept[r] = given[r] < l->kept[r] ? given[r] : l->kept[r];
    }
    return true;
}

static bool check_scales(const logits *l, const space *rows, size_t first, size_t count) {
    for (size_t r = 0; r < count; r++) {
        const void *scales = l->scale.data;
        double scale = l->scale.as == NPY_F4 ? (double)((const float *)scales)[r] : ((const double *)scales)[r];
        if (settings_usable_scale(scale))
            continue;
        complain(l->scale.array.name, "the scale of row %zu is %g, not from 2^-64 to 2^64 or its negative",
                 space_c_order(rows, first + r), scale);
        return false;
    }
    return true;
}

static void set_mask(logits *l, size_t n) {
    size_t rows = l->mask.one_row ? 1 : 0;
    if ((NPY_TRUTHS >> l->mask.as & 1) != 0) {
        l->options.keep = l->mask.data;
        l->options.keep_ld = n;
        l->options.keep_rows = rows;
    } else {
        l->options.add = l->mask.data;
        l->options.add_ld = n;
        l->options.add_rows = rows;
    }
}

bool logits_load(logits *l, const space *rows, const layout *first, const tile *t) {
    if (!input_load(&l->scale, rows, first, t) || !input_load(&l->mask, rows, first, t) ||
        !input_load(&l->lengths, rows, first, t) || !input_load(&l->alibi, rows, first, t) ||
        !input_load(&l->sink, rows, first, t))
        return false;
    size_t row = t->outer * first->inner + t->column;
    if (l->scale.fit != FIT_NONE) {
        if (!check_scales(l, rows, row, tile_rows(t)))
            return false;
        l->options.scale = l->scale.data;
        l->options.scale_stride = 1;
    }
    if (l->alibi.fit != FIT_NONE) {
        l->options.alibi = l->alibi.data;
        l->options.alibi_rows = tile_rows(t);
        l->options.alibi_every = 1;
    }
    if (l->sink.fit != FIT_NONE) {
        l->options.sink = l->sink.data;
        l->options.sink_rows = tile_rows(t);
        l->options.sink_every = 1;
    }
    if (l->mask.fit != FIT_NONE)
        set_mask(l, rows->n);
    if (has_lengths(l)) {
        if (!make_lengths(l, rows, row, tile_rows(t)))
            return false;
        l->options.lengths = l->kept;
    }
    return true;
}

void logits_unload(const logits *l, const tile *t) {
    input_unload(&l->scale, t);
    input_unload(&l->mask, t);
    input_unload(&l->lengths, t);
    input_unload(&l->alibi, t);
    input_unload(&l->sink, t);
}
