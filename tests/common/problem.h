/* A random problem for any function of the table (functions.h): inputs of any kind, scale and masks. */
#ifndef SMX_TESTS_PROBLEM_H
#define SMX_TESTS_PROBLEM_H

#include "call.h"
#include "masks.h"

typedef struct problem {
    call c;
    masks m;
} problem;

/* 0 for a size or for a number of rows: a random one. Sets the label. The same seed gives the same problem, at any
 * spread. */
problem problem_new(const function *f, const dtype *t, size_t rows, size_t n, size_t spread, uint64_t seed);
void problem_free(problem *p);

/* The same inputs somewhere else. */
call call_copy(const call *c, size_t spread, rng *r);

/* check(f, t, seed) for every function, with so many seeds each. */
void for_all_functions(const dtype *t, size_t rounds, uint64_t seed,
                       void (*check)(const function *f, const dtype *t, uint64_t seed));

#endif
