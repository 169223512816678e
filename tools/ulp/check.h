/* Judges files of golden vectors. */
#ifndef SMX_TOOLS_ULP_CHECK_H
#define SMX_TOOLS_ULP_CHECK_H

#include <stdbool.h>

/* Measures the results in each file against MPFR (those of cases that give only a hash are computed by the library and
 * must have that hash), prints the worst of each, and returns whether all are within the bounds. */
bool check_files(int count, char **paths);

#endif
