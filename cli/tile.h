/* Rows out of an array along any axis, and back: the part of an array that is in memory at a time.
 *
 * In the order of its file, an array is outer x n x inner, the n being the axis: element i of a row is `inner` elements
 * after element i - 1, and rows are contiguous only if inner = 1. Otherwise tiles are transposed on their way. */
#ifndef SMX_CLI_TILE_H
#define SMX_CLI_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npy.h"
#include "output.h"

typedef struct layout {
    size_t outer, n, inner;
    size_t item; /* bytes of an element */
} layout;

/* Elements first .. first + length of the rows column .. column + columns of outer .. outer + outers. More than one
 * outer come only with whole rows and all columns. */
typedef struct tile {
    size_t outer, outers;
    size_t column, columns;
    size_t first, length;
} tile;

/* The layout of an array along an axis, 0 <= axis < ndim. */
layout layout_along(const npy_header *header, size_t axis);

static inline size_t tile_rows(const tile *t) { return t->outers * t->columns; }

/* Whether tile_load can hand out the mapped numbers themselves. */
bool tile_is_direct(const npy_array *array, const layout *lay);

/* Returns the rows of a tile, each contiguous and right after the one before: in the mapping itself where that is
 * possible, else copied to the buffer. */
const void *tile_load(const npy_array *array, const layout *lay, const tile *t, void *buffer);

/* The rows from tile_load are no longer needed. */
void tile_unload(const npy_array *array, const layout *lay, const tile *t);

/* Writes rows to their places in an output whose numbers begin at `start`. The buffer holds as much as the rows; it is
 * not used if inner = 1. Returns false after a message. */
bool tile_store(output *out, uint64_t start, const layout *lay, const tile *t, const void *rows, void *buffer);

#endif
