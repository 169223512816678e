/* The terms of the sum, e_j close to exp(x_j) / 2^N with N the integer nearest max log2(e), as the public interface
 * shows them: smx_softmax_part_finish, told that the sum is 1, returns the terms themselves, as long as they are normal
 * numbers. */
#ifndef SMX_TOOLS_ULP_TERMS_H
#define SMX_TOOLS_ULP_TERMS_H

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

/* Below max by more than this, a term is not a normal number. */
double term_range(oracle_type type);

/* The maximum to see the terms of x with: x itself, if exp(x) is then taken from x and not from x - max; at most
 * term_range above. NaN if there is none. */
double term_max_for(oracle_type type, double x);

/* e = the terms of n entries (arrays of `type`) in a row whose maximum is `max`. */
void term_values(oracle_type type, size_t n, const void *x, double max, void *e);

/* Relative error of the term e of x, in units of 2^-24 (f32) or 2^-53 (f64), by MPFR. */
double term_error(oracle_type type, double x, double e);

/* The same by the C library's exp in double (f32) or long double (f64): good to 2^-27 or 2^-9 of the unit. */
double term_error_quickly(oracle_type type, double x, double e);

/* Enters x into the list that it belongs to, if its error is large enough. */
void term_errors_note(term_errors *errors, double x, double error);

/* The lists of this type that the whole program shares: what one search finds, the next starts from. */
term_errors *term_errors_of(oracle_type type);

/* Adds arguments at random; below a second. */
void term_errors_sample(oracle_type type, random_state *rng);

/* The index of the largest error of a list that is not empty. */
size_t term_list_worst(const term_list *list);

#endif
