#include "result.h"

#include <stdlib.h>
#include <string.h>

#include "convert.h"
#include "message.h"

static npy_header header_of(const result *res, extent what, const input *like, const space *rows) {
    npy_header header = like->whole;
    if (what == EXTENT_ROWS && res->keepdims) {
        for (size_t i = 0; i < rows->axes; i++)
            header.shape[rows->axis + i] = 1;
    } else if (what == EXTENT_ROWS) {
        header.ndim = rows->ndim;
        memcpy(header.shape, rows->shape, rows->ndim * sizeof *rows->shape);
    } else if (what == EXTENT_SQUARES) {
        header.fortran_order = false;
        header.shape[header.ndim++] = rows->n;
    } else if (what == EXTENT_ONE) {
        header.ndim = 0;
    }
    header.fortran_order = header.fortran_order && header.ndim > 0;
    return header;
}

static size_t numbers_a_row(const result *res, const space *rows) {
    if (res->extent == EXTENT_ROWS)
        return 1;
    if (res->extent == EXTENT_SQUARES)
        return rows->n * rows->n;
    return res->extent == EXTENT_ONE ? 0 : rows->n * res->count;
}

bool result_fit(result *res, extent what, const char *path, result_types types, const input *like, const space *rows) {
    if (what == EXTENT_SQUARES && like->array.header.ndim == NPY_MAX_DIMS) {
        complain(like->array.name, "the result would have more than %d dimensions", NPY_MAX_DIMS);
        return false;
    }
    res->extent = what;
    res->used = true;
    res->path = path;
    res->as = types.computed;
    res->header = header_of(res, what, like, rows);
    res->header.dtype = types.stored;
    res->lay = like->lay;
    res->lay.item = npy_item_size(types.stored);
    res->count = like->count;
    res->per_row = numbers_a_row(res, rows);
    if (npy_fits(&res->header))
        return true;
    complain(like->array.name, "the result would be larger than the address space");
    return false;
}

bool result_open(result *res) {
    res->is_open = res->path != NULL && npy_create(&res->out, res->path, &res->header, &res->start);
    return res->is_open || res->path == NULL;
}

static bool is_tiled(const result *res) { return res->extent == EXTENT_SAME || res->extent == EXTENT_VECTORS; }
static bool is_converted(const result *res) { return res->path != NULL && res->as != res->header.dtype; }
static bool is_transposed(const result *res) { return res->path != NULL && is_tiled(res) && res->lay.inner > 1; }

size_t result_row_bytes(const result *res) {
    if (!res->used)
        return 0;
    size_t stored = (is_converted(res) + is_transposed(res)) * npy_item_size(res->header.dtype);
    return res->per_row * (npy_item_size(res->as) + stored);
}

/* How many numbers rows of a tile have in data, or parts of rows. */
static size_t count_numbers(const result *res, size_t rows, size_t length) {
    if (res->extent == EXTENT_ONE)
        return 1;
    if (is_tiled(res))
        return rows * res->count * length;
    return rows * (res->extent == EXTENT_SQUARES ? length * res->lay.n : res->per_row);
}

bool result_allocate(result *res, size_t rows, size_t length) {
    if (!res->used)
        return true;
    size_t count = count_numbers(res, rows, length);
    size_t stored = count * npy_item_size(res->header.dtype) + 1;
    res->data = malloc(count * npy_item_size(res->as) + 1);
    if (is_converted(res))
        res->converted = malloc(stored);
    if (is_transposed(res))
        res->transposed = malloc(stored);
    return res->data != NULL && (res->converted != NULL) == is_converted(res) &&
           (res->transposed != NULL) == is_transposed(res);
}

static bool write_numbers(result *res, size_t first, const char *numbers, size_t count) {
    size_t item = npy_item_size(res->header.dtype);
    return count == 0 || output_write_at(&res->out, res->start + (uint64_t)first * item, numbers, count * item);
}

/* Matrices are in C order, and rows may not be. Of a matrix that is computed in parts, there is one in a tile. */
static bool write_squares(result *res, const space *rows, const tile *t, size_t first, const char *numbers) {
    size_t bytes = res->per_row * npy_item_size(res->header.dtype), count = tile_rows(t);
    if (t->length < res->lay.n)
        return write_numbers(res, space_c_order(rows, first) * res->per_row + t->first * res->lay.n, numbers,
                             t->length * res->lay.n);
    for (size_t r = 0; r < count; r++) {
        size_t place = space_c_order(rows, first + r);
        size_t run = 1;
        while (r + run < count && space_c_order(rows, first + r + run) == place + run)
            run++;
        if (!write_numbers(res, place * res->per_row, numbers + r * bytes, run * res->per_row))
            return false;
        r += run - 1;
    }
    return true;
}

bool result_store(result *res, const space *rows, const layout *first, const tile *t) {
    if (!res->is_open)
        return true;
    tile own = *t;
    own.outer *= res->count;
    own.outers *= res->count;
    size_t row = t->outer * first->inner + t->column, count = count_numbers(res, tile_rows(t), t->length);
    const char *numbers = res->data;
    if (is_converted(res)) {
        if (!convert(res->out.name, res->header.dtype, res->converted, res->as, res->data, count))
            return false;
        numbers = res->converted;
    }
    if (is_tiled(res))
        return count == 0 || tile_store(&res->out, res->start, &res->lay, &own, numbers, res->transposed);
    if (res->extent == EXTENT_SQUARES)
        return write_squares(res, rows, t, row, numbers);
    return write_numbers(res, row * res->per_row, numbers, count);
}

void result_close(result *res) {
    if (res->is_open)
        output_discard(&res->out);
    free(res->data);
    free(res->converted);
    free(res->transposed);
}
