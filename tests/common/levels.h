/* Rows of one level or two, and what each function makes of them in closed form: a sum over entries is a sum over
 * levels, each times its number of entries. In long double, 64 bits on the machines that run these tests, so that the
 * longest row takes no longer than the shortest. */
#ifndef SMX_TESTS_LEVELS_H
#define SMX_TESTS_LEVELS_H

#include "call.h"

/* Where the second level stands. */
enum { LEVELS_EQUAL, LEVELS_EVERY_THIRD, LEVELS_LAST_HALF, LEVEL_PATTERNS };

/* One row of a function. */
typedef struct levels {
    const function *f;
    const dtype *t;
    size_t n, pattern;
    size_t count[2];
    double in[ARGUMENTS_MAX][2]; /* of each input, by level */
    size_t label;                /* the entry that is the label, if the function takes one */
} levels;

size_t level_of(const levels *l, size_t i);

/* Makes the inputs of a call of one row. */
levels levels_fill(call *c, size_t pattern);

typedef struct closed_form {
    long double value, error; /* and how far the documented bound lets the result be off */
} closed_form;

/* Entry i of an output of reals. */
closed_form levels_expected(const levels *l, size_t output, size_t i);

#endif
