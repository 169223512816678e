#include "input.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "convert.h"

bool input_open(input *in, const char *path, unsigned dtypes) {
    if (!npy_open(&in->array, path) || !npy_check_dtype(&in->array, dtypes))
        return false;
    in->whole = in->array.header;
    return true;
}

void input_close(input *in) {
    npy_close(&in->array);
    free(in->gathered);
    free(in->converted);
}

bool input_is_tiled(const input *in) { return in->fit == FIT_SAME || in->fit == FIT_VECTORS; }
static size_t item_size(const input *in) { return npy_item_size(in->array.header.dtype); }
static bool is_converted(const input *in) { return in->as != in->array.header.dtype; }

/* Whether the mapped numbers themselves can be handed out. */
static bool is_direct(const input *in) {
    if (input_is_tiled(in))
        return tile_is_direct(&in->array, &in->lay);
    return in->in_order && (uintptr_t)in->array.data % item_size(in) == 0;
}

size_t input_row_bytes(const input *in) {
    if (in->fit == FIT_NONE || in->one_row)
        return 0;
    return in->per_row * (item_size(in) + (is_converted(in) ? npy_item_size(in->as) : 0));
}

bool input_allocate(input *in, size_t rows, size_t length) {
    if (in->fit == FIT_NONE)
        return true;
    size_t count = in->one_row ? in->per_row : rows * (input_is_tiled(in) ? in->count * length : in->per_row);
    if (!is_direct(in) && (in->gathered = malloc(count * item_size(in) + 1)) == NULL)
        return false;
    return !is_converted(in) || (in->converted = malloc(count * npy_item_size(in->as) + 1)) != NULL;
}

/* A row of the first input is in->count rows of vectors. */
static tile tile_of(const input *in, const tile *t) {
    tile own = *t;
    own.outer *= in->count;
    own.outers *= in->count;
    return own;
}

static size_t offset_of(const input *in, const space *rows, size_t row) {
    size_t offset = 0;
    for (size_t i = 0; i < rows->ndim; i++) {
        if (in->stride[i] != 0)
            offset += space_coordinate(rows, row, i) * in->stride[i];
    }
    return offset;
}

static void copy_row(const input *in, char *to, size_t offset) {
    size_t item = item_size(in);
    const char *from = (const char *)in->array.data + offset * item;
    if (in->step == 1) {
        memcpy(to, from, in->per_row * item);
        return;
    }
    for (size_t i = 0; i < in->per_row; i++)
        memcpy(to + i * item, from + i * in->step * item, item);
}

static const void *gather(input *in, const space *rows, size_t first, size_t count) {
    size_t item = item_size(in), low = SIZE_MAX, high = 0;
    for (size_t r = 0; r < count; r++) {
        size_t offset = offset_of(in, rows, first + r);
        low = offset < low ? offset : low;
        high = offset > high ? offset : high;
        copy_row(in, in->gathered + r * in->per_row * item, offset);
    }
    in->touched = low * item;
    in->touched_bytes = (high - low + (in->per_row - 1) * in->step + 1) * item;
    return in->gathered;
}

/* The rows first .. first + count of what is not tiled. */
static const void *load_rows(input *in, const space *rows, size_t first, size_t count) {
    size_t bytes = in->per_row * item_size(in);
    if (!is_direct(in))
        return gather(in, rows, first, in->one_row ? 1 : count);
    in->touched = first * bytes;
    in->touched_bytes = count * bytes;
    return (const char *)in->array.data + first * bytes;
}

bool input_load(input *in, const space *rows, const layout *first, const tile *t) {
    if (in->fit == FIT_NONE)
        return true;
    /* Not a null pointer, which the library takes for what is not given. */
    static const double nothing;
    in->data = &nothing;
    if (in->per_row == 0 || tile_rows(t) == 0)
        return true;
    size_t row = t->outer * first->inner + t->column, count = in->one_row ? 1 : tile_rows(t);
    if (input_is_tiled(in)) {
        tile own = tile_of(in, t);
        in->data = tile_load(&in->array, &in->lay, &own, in->gathered);
        count *= in->count * t->length;
    } else {
        in->data = load_rows(in, rows, row, count);
        count *= in->per_row;
    }
    if (!is_converted(in))
        return true;
    const void *from = in->data;
    in->data = in->converted;
    return convert(in->array.name, in->as, in->converted, in->array.header.dtype, from, count);
}

void input_unload(const input *in, const tile *t) {
    if (in->fit == FIT_NONE || in->per_row == 0 || tile_rows(t) == 0)
        return;
    if (input_is_tiled(in)) {
        tile own = tile_of(in, t);
        tile_unload(&in->array, &in->lay, &own);
    } else if (!in->one_row) {
        npy_drop(&in->array, in->touched, in->touched_bytes);
    }
}
