/* The terms of the sum, as results show them: smx_softmax_part_finish, told that the sum is 1, returns them.
 *
 * A term is exp(x) times a power of two that the row's maximum decides, and nothing else of the row counts, unless the
 * maximum is far from zero: then x - maximum stands for x. */
#ifndef SMX_TOOLS_ULP_TERMS_H
#define SMX_TOOLS_ULP_TERMS_H

#include <stdbool.h>
#include <stddef.h>

#include "oracle.h"
#include "random.h"

enum { TERM_LIST = 512 };

/* Arguments with the largest relative errors of one sign, in no order. */
typedef struct term_list {
    size_t count;
    size_t smallest; /* where the least of the errors stands, once the list is full */
    double x[TERM_LIST];
    double error[TERM_LIST]; /* magnitudes */
} term_list;

typedef struct term_errors {
    term_list positive;
    term_list negative;
} term_errors;

/* Arguments from term_least on, and below term_end, have terms that are normal in some row. */
double term_end(oracle_type type);
double term_least(oracle_type type);

/* The terms of some arguments that lie within 80 of each other, each times one power of two. */
void term_values(oracle_type type, size_t count, const double *x, double *values);

/* The relative error of a term of x, in units of 2^-24 (f32) or 2^-53 (f64): by MPFR, or by the C library's exp (f32)
 * or expl (f64), which is good to 2^-9 of the unit. */
double term_error(oracle_type type, double x, double value);
double term_error_quickly(oracle_type type, double x, double value);

/* The lists that the whole program shares, so that one search starts from what the other has found. */
term_errors *term_errors_of(oracle_type type);

/* Enters a term into the shared lists, if its error is large enough. */
void term_enter(oracle_type type, double x, double value);

/* Adds arguments at random; below a second. */
void term_errors_sample(oracle_type type, rng *random);

/* The index of the largest error of a list that is not empty. */
size_t term_list_worst(const term_list *list);

#endif
