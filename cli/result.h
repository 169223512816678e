/* A result of a computation on rows: the numbers of a tile, and the file that they go to. */
#ifndef SMX_CLI_RESULT_H
#define SMX_CLI_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input.h"
#include "npy.h"
#include "output.h"
#include "space.h"
#include "tile.h"

typedef enum extent {
    EXTENT_NONE,
    EXTENT_SAME,    /* as the first input */
    EXTENT_VECTORS, /* as the input with FIT_VECTORS */
    EXTENT_ROWS,    /* one number a row: the first input's shape without the axis */
    EXTENT_SQUARES, /* n x n for each row: the first input's shape and n once more, in C order */
    EXTENT_ONE      /* one number, in the shape () */
} extent;

typedef struct result {
    extent extent;
    bool used;        /* the numbers are wanted, in data */
    bool keepdims;    /* EXTENT_ROWS: the shape keeps the axes, with extent 1 */
    const char *path; /* and written to this file; null: they are not */
    bool is_open;     /* from result_open on */
    npy_dtype as;     /* of the numbers in data */
    npy_header header;
    output out;
    uint64_t start; /* of the numbers in the file */
    layout lay;
    size_t count, per_row;
    void *data;
    char *converted, *transposed; /* buffers */
} result;

/* Of the numbers in memory, and in the file. */
typedef struct result_types {
    npy_dtype computed, stored;
} result_types;

/* Sets extent, path, types and shape, as keepdims has it: `like` is the first input, or that with FIT_VECTORS. Returns
 * false after a message, as everything here. */
bool result_fit(result *res, extent what, const char *path, result_types types, const input *like, const space *rows);

/* Opens the file, if there is to be one. */
bool result_open(result *res);

/* How many bytes of memory a row takes at most until it is stored. */
size_t result_row_bytes(const result *res);

/* Buffers for tiles of up to so many rows, each of up to `length` numbers, or rows of its matrix, if they are computed
 * in parts. */
bool result_allocate(result *res, size_t rows, size_t length);

/* Writes the numbers of a tile's rows; EXTENT_ONE: the number; EXTENT_SQUARES: the tile's length counts rows of the
 * matrices. Nothing if there is no file. */
bool result_store(result *res, const space *rows, const layout *first, const tile *t);

/* Frees the buffers; a file that is not committed is discarded. */
void result_close(result *res);

#endif
