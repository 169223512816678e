/* The command line of every subcommand: smx NAME INPUT... OPTION... The options are here once, with their help; a
 * subcommand says which of them it takes. */
#ifndef SMX_CLI_SETTINGS_H
#define SMX_CLI_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npy.h"
#include "smx/smx.h"

enum { MAX_INPUTS = 3 }; /* that are named without an option */

/* In the order in which --help lists them: files that are written first. */
typedef enum setting {
    SET_OUTPUT,
    SET_GRAD,
    SET_GRAD_TARGETS,
    SET_LSE,
    SET_LOG_PROB,
    SET_ARGMAX,
    SET_CORRECT,
    SET_SIGN,
    SET_GRAD_Y,
    SET_GRAD_DY,
    SET_DTYPE,
    SET_AXIS,
    SET_KEEPDIMS,
    SET_WEIGHTS,
    SET_IGNORE_INDEX,
    SET_CLASS_WEIGHTS,
    SET_SMOOTHING,
    SET_Z_LOSS,
    SET_REDUCTION,
    SET_EMPTY_MEAN,
    SET_DLOSS,
    SET_SCALE,
    SET_TEMPERATURE,
    SET_SCALE_FILE,
    SET_SOFTCAP,
    SET_MASK,
    SET_LENGTHS,
    SET_CAUSAL,
    SET_WINDOW,
    SET_ALIBI,
    SET_SINK,
    SET_PLUS_INF,
    SET_MINUS_INF_ROW,
    SET_OUT,
    SET_DATA,
    SET_THREADS,
    SET_MEMORY,
    SET_HELP,
    SETTINGS,
    LAST_OUTPUT = SET_GRAD_DY
} setting;

/* A set of settings is a number with these bits. */
#define SET(setting) ((uint64_t)1 << (setting))

#define SETS_SCALE (SET(SET_SCALE) | SET(SET_TEMPERATURE) | SET(SET_SCALE_FILE))
#define SETS_MASKS (SET(SET_MASK) | SET(SET_LENGTHS) | SET(SET_CAUSAL) | SET(SET_WINDOW))
#define SETS_POLICIES (SET(SET_PLUS_INF) | SET(SET_MINUS_INF_ROW))
#define SETS_LOGITS (SETS_SCALE | SETS_MASKS | SET(SET_ALIBI))
/* And of logits that are an input themselves. */
#define SETS_X (SETS_LOGITS | SET(SET_SOFTCAP))
/* What all take that turn rows into rows; and those whose result is one array; and along any axis. */
#define SETS_ROWS (SET(SET_DTYPE) | SET(SET_THREADS) | SET(SET_MEMORY) | SET(SET_HELP))
#define SETS_OUTPUT (SETS_ROWS | SET(SET_OUTPUT))
#define SETS_ARRAY (SETS_OUTPUT | SET(SET_AXIS))

typedef struct settings {
    char who[32]; /* "smx NAME" */
    const char *input[MAX_INPUTS];
    const char *text[SETTINGS]; /* what was given, "" where there is no value; null if nothing was */
    long axis[NPY_MAX_DIMS];
    int axes;        /* how many of them; 0: all that the array has */
    size_t memory;   /* how many bytes the blocks of inputs and outputs in memory may take */
    npy_dtype dtype; /* of the output, if text[SET_DTYPE] */
    double scale;    /* 1 if neither --scale nor --temperature was given */
    int64_t ignore_index;
    double smoothing, z_loss;
    smx_reduction reduction;
    smx_empty_mean empty_mean;
    smx_options options; /* causal, window, softcap, policies, threads */
} settings;

typedef struct command command;

/* Reads the command line, argv[0] being the command's name. Returns -1, or the exit status if that is all: after
 * --help, or a message. */
int settings_parse(settings *set, const command *cmd, int argc, char **argv);

/* What --help prints. */
void settings_print_help(const command *cmd);

/* Whether the library takes a number as a scale. */
bool settings_usable_scale(double scale);

/* What the settings understand; for settings.c, in settings_table.c. A setter returns -1, or the exit status after a
 * message. */
typedef struct setting_entry {
    const char *name, *value, *help;             /* value: null if it has none; a line of help ends with \n */
    char letter;                                 /* 0 if there is none */
    int (*set)(settings *set, const char *text); /* null if the text is all that is wanted */
} setting_entry;

extern const setting_entry setting_table[SETTINGS];

#endif
