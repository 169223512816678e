/* A random problem for any function of the table (functions.h): inputs of any kind, scale and masks. */
#ifndef SMX_TESTS_PROBLEM_H
#define SMX_TESTS_PROBLEM_H

#include "call.h"
#include "masks.h"

typedef struct problem {
    call c;
    masks m;
    size_t kind; /* of inputs */
    int options;
    uint64_t seed;
} problem;

/* 0 for a size or for a number of rows: a random one. Sets the label. The same seed gives the same problem, at any
 * spread. */
problem problem_new(const function *f, const dtype *t, size_t rows, size_t n, size_t spread, uint64_t seed);

/* With inputs of that kind, and no options but those that the function needs. */
problem problem_plain(const function *f, const dtype *t, size_t rows, size_t n, size_t spread, size_t kind,
                      uint64_t seed);
void problem_free(problem *p);

/* Sets the label: the problem, the instruction set now in use, and what else there is to say. */
void problem_say(const problem *p, const char *more);

/* The same inputs somewhere else. */
call call_copy(const call *c, size_t spread, rng *r);

/* check(f, t, seed) for every function, with so many seeds each; a sample of them (sampled.h) in a quick run. */
void for_all_functions(const dtype *t, size_t rounds, uint64_t seed,
                       void (*check)(const function *f, const dtype *t, uint64_t seed));

/* The same for those that take masks. */
void for_all_masked_functions(const dtype *t, size_t rounds, uint64_t seed,
                              void (*check)(const function *f, const dtype *t, uint64_t seed));

/* check(f, t, n, kind, seed) for every function on every short length of a row (sizes.h): the basic ones with every
 * kind of input (in a quick run some, in turn), the others with kinds in turn. */
typedef void check_of_size(const function *f, const dtype *t, size_t n, size_t kind, uint64_t seed);
void for_all_short_sizes(const dtype *t, uint64_t seed, check_of_size *check);

/* The basic ones on every long length with each `step`th kind, the others with one kind on each fourth of them; in a
 * quick run, on each fourth of these lengths. */
void for_all_long_sizes(const dtype *t, size_t step, uint64_t seed, check_of_size *check);

#endif
