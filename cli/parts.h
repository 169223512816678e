/* Rows too long for memory: a row in parts, in three passes. */
#ifndef SMX_CLI_PARTS_H
#define SMX_CLI_PARTS_H

#include "job.h"

enum { PARTS_PASSES = 3 };

/* Computes the rows of a tile, each in parts of up to `length` numbers. Returns false after a message. */
bool compute_in_parts(job *j, const tile *rows, size_t length);

#endif
