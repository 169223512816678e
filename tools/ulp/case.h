/* Golden cases as the tools see them: run by the library, judged by the oracle. */
#ifndef SMX_TOOLS_ULP_CASE_H
#define SMX_TOOLS_ULP_CASE_H

#include <stdio.h>

#include "golden_write.h"
#include "oracle_case.h"

/* The library's results, to be freed; null with a line on stderr if it refuses or there is no memory. */
void *golden_compute(const golden_case *c);

/* A result's verdicts taken together. */
typedef struct golden_judgement {
    size_t count;
    oracle_verdict verdicts[GOLDEN_RESULTS];
    double worst; /* the largest error, as a part of its bound */
    bool good;    /* all are what smx.h promises */
} golden_judgement;

golden_judgement golden_judge(const golden_case *c, const void *result);

/* Prints the errors, "1.2 ULP" or "0.3 of the bound", separated by commas; those alone that are not 0, or one 0. */
void golden_print_errors(FILE *out, const golden_judgement *judgement);

#endif
