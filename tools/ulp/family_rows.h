/* Rows for the functions of the family. */
#ifndef SMX_TOOLS_ULP_FAMILY_ROWS_H
#define SMX_TOOLS_ULP_FAMILY_ROWS_H

#include "problem.h"

/* As problem.generate and problem.mutate, for any function of the family. */
void family_generate(const problem *p, rng *random, size_t n, row *r);
void family_mutate(const problem *p, rng *random, row *r, size_t hot);

#endif
