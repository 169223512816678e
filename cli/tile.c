#include "tile.h"

#include <string.h>

layout layout_along(const npy_header *header, size_t axis) {
    layout lay = {.outer = 1, .n = header->shape[axis], .inner = 1, .item = npy_item_size(header->dtype)};
    for (size_t i = 0; i < header->ndim; i++) {
        bool before = header->fortran_order ? i > axis : i < axis;
        if (i != axis)
            *(before ? &lay.outer : &lay.inner) *= header->shape[i];
    }
    return lay;
}

/* to[c][r] = from[r][c]; the strides count elements. In squares of a cache line's side. */
static inline void transpose_items(char *to, size_t to_stride, const char *from, size_t from_stride, size_t rows,
                                   size_t columns, size_t item) {
    enum { SIDE = 16 };
    for (size_t r0 = 0; r0 < rows; r0 += SIDE) {
        size_t r1 = rows - r0 < SIDE ? rows : r0 + SIDE;
        for (size_t c0 = 0; c0 < columns; c0 += SIDE) {
            size_t c1 = columns - c0 < SIDE ? columns : c0 + SIDE;
            for (size_t c = c0; c < c1; c++) {
                for (size_t r = r0; r < r1; r++)
                    memcpy(to + (c * to_stride + r) * item, from + (r * from_stride + c) * item, item);
            }
        }
    }
}

/* A constant size makes each memcpy one instruction; it stays a memcpy as a file's numbers may be unaligned. */
static void transpose(char *to, size_t to_stride, const char *from, size_t from_stride, size_t rows, size_t columns,
                      size_t item) {
    if (item == 2)
        transpose_items(to, to_stride, from, from_stride, rows, columns, 2);
    else if (item == 4)
        transpose_items(to, to_stride, from, from_stride, rows, columns, 4);
    else
        transpose_items(to, to_stride, from, from_stride, rows, columns, 8);
}

/* The index of the tile's first element; the tile of one outer spans `length` strips from there. */
static size_t start_of(const layout *lay, const tile *t, size_t outer) {
    return ((t->outer + outer) * lay->n + t->first) * lay->inner + t->column;
}

bool tile_is_direct(const npy_array *array, const layout *lay) {
    return lay->inner == 1 && (uintptr_t)array->data % lay->item == 0;
}

/* The strips are dropped as they are read, many at a time: else a tile of narrow strips would hold all their pages and
 * those that the system maps around them. */
static void load_transposed(const npy_array *array, const layout *lay, const tile *t, size_t outer, char *buffer) {
    enum { SPAN = 1 << 20, LEAST = 16 };
    size_t strip = lay->inner * lay->item;
    size_t group = strip < SPAN / LEAST ? SPAN / strip : LEAST;
    size_t start = start_of(lay, t, outer);
    for (size_t i = 0; i < t->length; i += group) {
        size_t rows = t->length - i < group ? t->length - i : group;
        size_t offset = (start + i * lay->inner) * lay->item;
        transpose(buffer + i * lay->item, t->length, (const char *)array->data + offset, lay->inner, rows, t->columns,
                  lay->item);
        if (i + rows < t->length)
            npy_drop(array, offset, rows * strip);
    }
}

const void *tile_load(const npy_array *array, const layout *lay, const tile *t, void *buffer) {
    const char *from = (const char *)array->data + start_of(lay, t, 0) * lay->item;
    if (tile_is_direct(array, lay))
        return from;
    if (lay->inner == 1)
        return memcpy(buffer, from, t->outers * t->length * lay->item);
    for (size_t o = 0; o < t->outers; o++)
        load_transposed(array, lay, t, o, (char *)buffer + o * t->columns * t->length * lay->item);
    return buffer;
}

void tile_unload(const npy_array *array, const layout *lay, const tile *t) {
    size_t elements = ((t->outers - 1) * lay->n + t->length - 1) * lay->inner + t->columns;
    npy_drop(array, start_of(lay, t, 0) * lay->item, elements * lay->item);
}

/* A transposed tile with all its columns is one piece of the file; else it is one strip for each i. */
static bool store_transposed(output *out, uint64_t start, const layout *lay, const tile *t, const char *from) {
    size_t pieces = t->columns == lay->inner ? 1 : t->length;
    size_t bytes = tile_rows(t) * t->length / pieces * lay->item;
    size_t first = start_of(lay, t, 0);
    for (size_t i = 0; i < pieces; i++) {
        if (!output_write_at(out, start + (first + i * lay->inner) * lay->item, from + i * bytes, bytes))
            return false;
    }
    return true;
}

bool tile_store(output *out, uint64_t start, const layout *lay, const tile *t, const void *rows, void *buffer) {
    if (lay->inner == 1)
        return output_write_at(out, start + start_of(lay, t, 0) * lay->item, rows, t->outers * t->length * lay->item);
    for (size_t o = 0; o < t->outers; o++) {
        size_t at = o * t->columns * t->length * lay->item;
        transpose((char *)buffer + at, t->columns, (const char *)rows + at, t->length, t->columns, t->length,
                  lay->item);
    }
    return store_transposed(out, start, lay, t, buffer);
}
