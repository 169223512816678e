/* An output file that is either written whole or not at all.
 *
 * A regular file is written beside its target, in the same directory under a temporary name, and renamed over the
 * target by output_commit: until then the old file stands, so an input may be the same path. As with the shell's >, a
 * file that may not be written is refused, and symbolic links are followed, also where they lead to no file yet. On
 * failure, and when a signal ends the tool, the temporary file is removed. "-" is standard output. What exists and is
 * no regular file (a pipe, /dev/null) is written to directly. There is no fsync: the promise is against failures and
 * Ctrl-C, not against a loss of power.
 *
 * Every function returns false after a message that names the file. */
#ifndef SMX_CLI_OUTPUT_H
#define SMX_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct output {
    const char *name;   /* for messages */
    int fd;             /* the temporary file, or the stream */
    char *target;       /* null for a stream */
    char *temporary;    /* null for a stream */
    uint64_t position;  /* stream: how much has been written */
    int spool;          /* stream: an unlinked file for what was written out of order; -1 if there is none */
    uint64_t spool_end; /* stream: the end of that */
    bool complete;      /* all of it is written, and the file closed */
} output;

bool output_open(output *out, const char *path);

/* Writes at an offset from the start. A stream takes bytes that come in order at once; others wait in an unlinked
 * temporary file until output_commit. Every byte up to the last must be written once. */
bool output_write_at(output *out, uint64_t offset, const void *bytes, size_t count);

/* Writes what still waits and closes the file, so that of several outputs none is in its place before all are whole. */
bool output_complete(output *out);

/* Completes the file if need be, and puts it in its place. The output is closed, whatever is returned. */
bool output_commit(output *out);

/* Gives up: removes what was written, and the target stays as it was. */
void output_discard(output *out);

#endif
