/* Rows for the functions that functions.c searches. */
#ifndef SMX_TOOLS_ULP_FUNCTIONS_ROWS_H
#define SMX_TOOLS_ULP_FUNCTIONS_ROWS_H

#include "problem.h"

/* As problem.generate and problem.mutate, for any of these functions. */
void functions_generate(const problem *p, rng *random, size_t n, row *r);
void functions_mutate(const problem *p, rng *random, row *r, size_t hot);

#endif
