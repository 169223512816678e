/* Judges the results of a golden case of any function. */
#ifndef SMX_TESTS_ORACLE_CASE_H
#define SMX_TESTS_ORACLE_CASE_H

#include "oracle_judge.h"

/* Sets a verdict for each of the case's result arrays; returns how many there are. */
size_t oracle_case(const golden_case *c, const void *result, oracle_verdict verdicts[GOLDEN_RESULTS]);

/* Whether an error is what the header allows: at most the bound where that is a part of a bound or may be reached, and
 * below it elsewhere. */
bool oracle_verdict_good(const oracle_verdict *v);

#endif
