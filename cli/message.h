/* Messages to the user: one line each on stderr, whatever a name or a file's text may contain. */
#ifndef SMX_CLI_MESSAGE_H
#define SMX_CLI_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "smx/smx.h"

/* Exit statuses. */
enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1, /* a file is malformed, missing or could not be written; one line on stderr names it */
    EXIT_USAGE = 2   /* the command line, or a variable of the environment, makes no sense */
};

/* Prints "smx: NAME: MESSAGE". Returns EXIT_FAILED, so that a command can end with it. */
int complain(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds what printf would print to a string in memory of that size; what does not fit is left out. */
void append_text(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Prints "WHO: MESSAGE (try 'WHO --help')". Returns EXIT_USAGE. */
int complain_usage(const char *who, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True if the library can compute; else says which variable of the environment it refuses. */
bool check_environment(void);

/* Prints what the library just refused a call for, and its status. Returns EXIT_FAILED. */
int complain_status(const char *name, smx_status status);

#endif
