/* Golden cases as the tools see them: run by the library, judged by the oracle. */
#ifndef SMX_TOOLS_ULP_CASE_H
#define SMX_TOOLS_ULP_CASE_H

#include "golden.h"

/* The library's result, to be freed; null with a line on stderr if it refuses or there is no memory. */
void *golden_compute(const golden_case *c);

/* The largest error of a result: ULP (forward, Jacobian) or part of the bound (backward). */
double golden_error(const golden_case *c, const void *result);

/* Whether that is within what smx.h promises. */
bool golden_within_bound(const golden_case *c, double error);

#endif
