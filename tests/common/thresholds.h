/* The lengths and numbers of rows at which the code changes its way, as the code itself gives them, each with its
 * neighbours: those of all instruction sets that run here and of both types. */
#ifndef SMX_TESTS_THRESHOLDS_H
#define SMX_TESTS_THRESHOLDS_H

#include <stddef.h>

/* The i-th, in ascending order, each once; 0 after the last. */
size_t threshold_length(size_t i);
size_t threshold_rows(size_t i);

#endif
