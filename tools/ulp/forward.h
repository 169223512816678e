/* The two halves of the forward problems. */
#ifndef SMX_TOOLS_ULP_FORWARD_H
#define SMX_TOOLS_ULP_FORWARD_H

#include "problem.h"

/* As problem.evaluate. */
double forward_evaluate(const problem *p, const row *r, bool exactly, size_t *hot);

#endif
