/* The command line of the subcommands that turn arrays into an array: smx NAME INPUT... -o OUTPUT [OPTION...]. */
#ifndef SMX_CLI_SETTINGS_H
#define SMX_CLI_SETTINGS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "smx/smx.h"

enum { MAX_INPUTS = 2 };

typedef struct settings {
    const char *who; /* "smx NAME" */
    const char *input[MAX_INPUTS];
    const char *output;
    long axis;
    size_t memory; /* how many bytes the blocks of inputs and output in memory may take */
    smx_options options;
} settings;

/* What settings_parse understands; a subcommand's table names those that it takes, and ends with {0}. */
enum { SET_AXIS = 256, SET_HELP, SET_MEMORY, SET_MINUS_INF_ROW, SET_OUTPUT, SET_PLUS_INF, SET_THREADS };

/* The help of the options that every such subcommand has. */
#define SETTINGS_COMMON_HELP                                                                              \
    "  -o, --output FILE      where the result goes; '-' is standard output\n"                            \
    "  -t, --threads T        how many threads to use, 1 to 1024 (default: as many as OpenMP would)\n"    \
    "      --memory MIB       how much of the arrays is in memory at a time, 1 to 65536 (default: 128)\n" \
    "  -h, --help             this text\n"

/* Reads the command line. Returns -1, or the exit status if that is all: after --help, or a message. */
int settings_parse(settings *set, int argc, char **argv, const struct option *table, int inputs, const char *help);

#endif
