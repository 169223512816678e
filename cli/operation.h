/* What a command computes on rows, as data: its inputs, its results, and its call of the library. compute.h runs it,
 * whatever the axis, order and dtype of the arrays, and however many of their rows are in memory at a time. */
#ifndef SMX_CLI_OPERATION_H
#define SMX_CLI_OPERATION_H

#include <stdbool.h>
#include <stddef.h>

#include "input.h"
#include "npy.h"
#include "result.h"
#include "settings.h"
#include "smx/smx.h"

enum { MAX_SOURCES = 4, MAX_RESULTS = 10 };

/* An input: the first ones are those named without an option. */
typedef struct row_source {
    fit fit;         /* FIT_NONE ends the list */
    unsigned dtypes; /* 0: NPY_REALS */
    setting from;
} row_source;

/* An output. */
typedef struct row_result {
    extent extent;   /* EXTENT_NONE ends the list */
    setting to;      /* SETTINGS: nowhere; the numbers are for the operation itself */
    npy_dtype dtype; /* 0: the type of the arithmetic, and the dtype that is asked for in the file */
    bool always;     /* needed even if nobody asked for the file */
    bool (*allowed)(const settings *set); /* null: yes */
} row_result;

/* The rows of a tile, contiguous; a source or result that there is not is null. */
typedef struct row_call {
    npy_dtype real; /* of the arithmetic: NPY_F4 or NPY_F8 */
    size_t rows, n;
    size_t first; /* of the rows, in the order of the file */
    const space *space;
    const input *source;
    const void *in[MAX_SOURCES];
    void *out[MAX_RESULTS];
    const smx_options *options;
    const settings *set;
    void *state; /* the operation's own, zeros at first */
} row_call;

/* Calls name_f32 or name_f64. */
#define ROW_CALL(call, name, ...) ((call)->real == NPY_F4 ? name##_f32(__VA_ARGS__) : name##_f64(__VA_ARGS__))

/* A row that does not fit in memory, in parts, as the library has it for softmax and its backward pass. */
typedef union row_stats {
    smx_softmax_stats_f32 softmax_f32;
    smx_softmax_stats_f64 softmax_f64;
    smx_softmax_backward_stats backward;
} row_stats;

typedef struct row_parts {
    int inputs;
    smx_status (*part_max)(npy_dtype real, size_t n, const void *const *in, row_stats *stats);
    smx_status (*part_sum)(npy_dtype real, size_t n, const void *const *in, size_t row_n, row_stats *stats,
                           const smx_options *options);
    smx_status (*part_finish)(npy_dtype real, size_t n, const void *const *in, const row_stats *stats, void *out,
                              const smx_options *options);
    smx_status (*merge)(npy_dtype real, row_stats *into, const row_stats *from);
} row_parts;

enum { MAX_STRIP = 128 }; /* rows of a matrix */

typedef struct row_operation {
    row_source source[MAX_SOURCES];
    row_result result[MAX_RESULTS];
    smx_status (*rows)(const row_call *call);

    /* The rest may be null. Without `parts`, a row is in memory as a whole; without `strip`, so is its matrix. strip
     * computes `rows` rows of the matrix of the call's one row, MAX_STRIP at most, from `first` on. */
    const row_parts *parts;
    smx_status (*strip)(const row_call *call, size_t first, size_t rows);

    /* check says whether inputs and settings make sense together: EXIT_OK, or a status after a message. whole says
     * whether one call must see all rows. survey sees each tile before the first `rows`, with the sources that are not
     * tiled; it returns false after a message. finish makes the results of one number. report prints, once all is
     * written. */
    int (*check)(const settings *set, const input *source);
    bool (*whole)(const settings *set);
    bool (*survey)(const row_call *call);
    smx_status (*finish)(const row_call *call);
    void (*report)(const row_call *call);
    size_t state_bytes;
} row_operation;

#endif
