/* Row by row, arrays into arrays: what all subcommands that compute have in common. Inputs and outputs stream through
 * in tiles of rows, whatever the axis, order and dtype. */
#ifndef SMX_CLI_TRANSFORM_H
#define SMX_CLI_TRANSFORM_H

#include "commands.h"
#include "input.h"
#include "npy.h"
#include "parts.h"
#include "result.h"
#include "settings.h"
#include "smx/smx.h"

enum { MAX_SOURCES = 4, MAX_RESULTS = 10 };

/* An input: the first ones are those named without an option. */
typedef struct row_source {
    fit fit; /* FIT_NONE ends the list */
    unsigned dtypes;
    setting from;
} row_source;

/* An output. */
typedef struct row_result {
    extent extent;   /* EXTENT_NONE ends the list */
    setting to;      /* SETTINGS: nowhere; the numbers are for the operation itself */
    npy_dtype dtype; /* NPY_F4 stands for the type of the arithmetic, and the dtype that is asked for in the file */
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

/* A computation on rows. */
typedef struct row_operation {
    row_source source[MAX_SOURCES];
    row_result result[MAX_RESULTS];
    smx_status (*rows)(const row_call *call);
    const row_parts *parts; /* for rows that do not fit in memory; null: a row is in memory as a whole */

    /* The rest may be null. check says whether inputs and settings make sense together: EXIT_OK, or a status after a
     * message. whole says whether one call must see all rows. survey sees each tile before the first `rows`, with
     * the sources that are not tiled; it returns false after a message. finish makes the results
     * of one number. report prints, once all is written. */
    int (*check)(const settings *set, const input *source);
    bool (*whole)(const settings *set);
    bool (*survey)(const row_call *call);
    smx_status (*finish)(const row_call *call);
    void (*report)(const row_call *call);
    size_t state_bytes;
} row_operation;

/* Runs a command's operation. Returns the exit status. */
int transform(const command *cmd, const settings *set);

#endif
