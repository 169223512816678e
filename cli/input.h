/* An input of a computation on rows: an array, and how its numbers belong to the rows of the first input. */
#ifndef SMX_CLI_INPUT_H
#define SMX_CLI_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "npy.h"
#include "space.h"
#include "tile.h"

typedef enum fit {
    FIT_NONE,
    FIT_SAME,           /* the shape and order of the first input */
    FIT_VECTORS,        /* some vectors for each row: (..., count, n) beside (..., n), in C order along the last axis */
    FIT_BROADCAST,      /* broadcasts to the shape of the first input */
    FIT_ROWS,           /* the shape of the first input without the axis */
    FIT_ROWS_BROADCAST, /* broadcasts to that */
    FIT_CLASSES,        /* (n,) */
    FIT_ONE             /* one number in any shape */
} fit;

typedef struct input {
    npy_array array;  /* of several axes, input_fit makes one in its header */
    npy_header whole; /* the header as it was */
    fit fit;          /* FIT_NONE: not given */
    npy_dtype as;     /* what load converts to */
    bool one_row;     /* the same n numbers for all rows: load gives them once */
    size_t per_row;   /* numbers for each row that load gives */
    const void *data; /* what load gave */
    /* FIT_SAME, FIT_VECTORS: */
    layout lay;
    size_t count;
    /* The others: how many elements apart neighbours along each dimension of the rows, and in a row, are. */
    size_t stride[NPY_MAX_DIMS], step;
    bool in_order;                 /* rows follow each other as in the first input */
    size_t touched, touched_bytes; /* what load read of the array */
    char *gathered, *converted;    /* buffers */
} input;

/* Opens a file with one of some dtypes. Returns false after a message, as everything here. */
bool input_open(input *in, const char *path, unsigned dtypes);
void input_close(input *in);

/* Checks that the array fits the first input, and its dtype the type of the arithmetic. */
bool input_fit(input *in, const input *first, const space *rows, fit how, npy_dtype as);

/* Whether it comes in tiles of many numbers a row, as the first input does. */
bool input_is_tiled(const input *in);

/* How many bytes of memory a row takes at most while it is loaded. */
size_t input_row_bytes(const input *in);

/* Buffers for tiles of up to so many rows, each of up to `length` elements if rows are loaded in parts. */
bool input_allocate(input *in, size_t rows, size_t length);

/* Sets in->data to the numbers of a tile's rows. */
bool input_load(input *in, const space *rows, const layout *first, const tile *t);
void input_unload(const input *in, const tile *t);

#endif
