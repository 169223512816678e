/* The terms of the sum as the public interface shows them: smx_softmax_part_sum gives the integer that a term adds to
 * the sum, which is taken from the term before its own rounding.
 *
 * All terms of a row share a common factor that makes the maximum's term exact, so that errors are measured against
 * that one: of (term of x / term of max) as exp(x - max). Where max is close to a multiple of ln(2), its own error is
 * nothing but that factor. */
#ifndef SMX_TOOLS_ULP_TERMS_H
#define SMX_TOOLS_ULP_TERMS_H

#include <stdbool.h>
#include <stddef.h>

#include "oracle.h"
#include "random.h"

enum {
    TERM_LIST = 512,
    TERM_REACH = 4 /* terms further below the maximum are rounded on their way into the sum */
};

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

/* A row to see terms in. */
typedef struct term_row {
    oracle_type type;
    double max;
    long double unit; /* the maximum's term, in the integer's units */
} term_row;

/* Finds the row whose maximum is the next multiple of ln(2), rounded, from x on; false if its terms are not taken from
 * x itself but from x - max, or if x is more than TERM_REACH below. */
bool term_row_for(oracle_type type, double x, term_row *in);

/* The term of x before its rounding, in the integer's units. */
long double term_value(const term_row *in, double x);

/* The relative error of a term of x, in units of 2^-24 (f32) or 2^-53 (f64): by MPFR, or by the C library's exp (f32)
 * or expl (f64), which is good to 2^-9 of the unit. */
double term_error(const term_row *in, double x, long double value);
double term_error_quickly(const term_row *in, double x, long double value);

/* The largest error that a term of this value may have once rounded to the type, in the same units. */
double term_error_when_rounded(double error, long double value);

/* How much rounding its term changes an x with max - 16 <= x <= max, relatively and in the same units. */
double term_rounding(oracle_type type, double x, double max);

/* Enters x into the list that it belongs to, if its error is large enough. */
void term_errors_note(term_errors *errors, double x, double error);

/* The lists that the whole program shares, so that one search starts from what the other has found: of terms before
 * their rounding, and of terms whose value is just above a power of two, where rounding hurts most. */
term_errors *term_errors_of(oracle_type type);
term_errors *term_errors_rounded_of(oracle_type type);

/* Adds arguments at random; below a second. */
void term_errors_sample(oracle_type type, rng *random);

/* Enters a term into the shared lists, and returns its error. */
double term_enter(const term_row *in, double x);

/* The index of the largest error of a list that is not empty. */
size_t term_list_worst(const term_list *list);

#endif
