/* The search for the worst case: rows at random, then hill climbing from the best of them, again and again. */
#ifndef SMX_TOOLS_ULP_SEARCH_H
#define SMX_TOOLS_ULP_SEARCH_H

#include <stdbool.h>

#include "problem.h"

typedef struct search_options {
    double seconds;
    uint64_t seed;
    size_t n;      /* length of every row; 0: many lengths */
    bool quick;    /* sweeps skip most of their range */
    bool progress; /* on stderr */
    FILE *witness; /* the worst row goes there as a case of tests/vectors without its result; or null */
} search_options;

/* Searches, prints the worst case found, and returns whether it is within the bound. */
bool search(const problem *p, const search_options *options);

/* Prints progress about twice a second; what printf would print, on one line that is written over. */
void progress_line(const search_options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Clears the line, so that results start on an empty one. */
void progress_end(const search_options *options);

#endif
