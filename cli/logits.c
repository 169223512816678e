#include "logits.h"

#include <stdlib.h>

#include "message.h"

bool logits_given(const settings *set) {
    return set->text[SET_SCALE] != NULL || set->text[SET_TEMPERATURE] != NULL || set->text[SET_SCALE_FILE] != NULL ||
           set->text[SET_MASK] != NULL || set->text[SET_LENGTHS] != NULL || set->options.causal != SMX_CAUSAL_NONE;
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

/* A tile's first row may be any query, so the rule becomes a length for each row. */
static int check_causal(const settings *set, const input *first, const space *rows) {
    if (set->options.causal == SMX_CAUSAL_NONE)
        return EXIT_OK;
    if (rows->axis != rows->ndim || rows->axes != 1)
        return complain_usage(set->who, "--causal works along the last axis only");
    if (rows->ndim == 0)
        return complain(first->array.name, "--causal needs two dimensions or more, queries and keys last");
    return EXIT_OK;
}

int logits_open(logits *l, const settings *set, const input *first, const space *rows, npy_dtype as) {
    l->options = set->options;
    l->causal = set->options.causal;
    l->options.causal = SMX_CAUSAL_NONE;
    set_scale(l, set, as);
    int status = check_causal(set, first, rows);
    if (status != EXIT_OK)
        return status;
    const char *scale = set->text[SET_SCALE_FILE], *mask = set->text[SET_MASK], *lengths = set->text[SET_LENGTHS];
    if (scale != NULL &&
        (!input_open(&l->scale, scale, NPY_REALS) || !input_fit(&l->scale, first, rows, FIT_ROWS_BROADCAST, as)))
        return EXIT_FAILED;
    if (mask != NULL) {
        if (!input_open(&l->mask, mask, NPY_REALS | NPY_TRUTHS))
            return EXIT_FAILED;
        npy_dtype dtype = l->mask.array.header.dtype;
        bool adds = (NPY_REALS >> dtype & 1) != 0;
        if (!input_fit(&l->mask, first, rows, FIT_BROADCAST, adds ? as : dtype))
            return EXIT_FAILED;
    }
    if (lengths != NULL && (!input_open(&l->lengths, lengths, NPY_INTEGERS) ||
                            !input_fit(&l->lengths, first, rows, FIT_ROWS_BROADCAST, NPY_I8)))
        return EXIT_FAILED;
    return EXIT_OK;
}

void logits_close(logits *l) {
    input_close(&l->scale);
    input_close(&l->mask);
    input_close(&l->lengths);
    free(l->kept);
}

static bool has_lengths(const logits *l) { return l->lengths.fit != FIT_NONE || l->causal != SMX_CAUSAL_NONE; }

size_t logits_row_bytes(const logits *l) {
    size_t kept = has_lengths(l) ? sizeof *l->kept : 0;
    return input_row_bytes(&l->scale) + input_row_bytes(&l->mask) + input_row_bytes(&l->lengths) + kept;
}

bool logits_allocate(logits *l, size_t rows) {
    if (has_lengths(l) && (l->kept = malloc(rows * sizeof *l->kept)) == NULL)
        return false;
    return input_allocate(&l->scale, rows, 0) && input_allocate(&l->mask, rows, 0) &&
           input_allocate(&l->lengths, rows, 0);
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
        !input_load(&l->lengths, rows, first, t))
        return false;
    size_t row = t->outer * first->inner + t->column;
    if (l->scale.fit != FIT_NONE) {
        if (!check_scales(l, rows, row, tile_rows(t)))
            return false;
        l->options.scale = l->scale.data;
        l->options.scale_stride = 1;
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
}
