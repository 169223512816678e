/* Runs an operation: rows of arrays into rows of arrays, which stream through memory in tiles. */
#ifndef SMX_CLI_COMPUTE_H
#define SMX_CLI_COMPUTE_H

#include "operation.h"

/* `named`: how many inputs the command line names without an option. Returns the exit status. */
int compute(const row_operation *operation, const settings *set, int named);

#endif
