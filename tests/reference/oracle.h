/* What libsmx's functions should give, from MPFR at a precision far beyond double. Shares no code with the library:
 * only the options' type and the special cases that smx.h documents.
 *
 * Errors are measured in ULP of the binade that holds the exact value: for 2^e <= |v| < 2^(e+1), one ULP is
 * 2^(e - precision + 1), so an exact power of two counts with the binade above it. Below the normal range one ULP is
 * the smallest subnormal number, 2^-149 in f32 and 2^-1074 in f64; so too for v = 0. */
#ifndef SMX_TESTS_ORACLE_H
#define SMX_TESTS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

#include <mpfr.h>

#include <smx/smx.h>

typedef enum oracle_type { ORACLE_F32, ORACLE_F64 } oracle_type;

/* Bits of every intermediate number. With it, an entry of a forward row of up to 2^40 entries is within a relative
 * 2^-140 of the exact value: x - max is rounded once, and where it is below -2^11 the result is 0 in either type. */
#define ORACLE_PRECISION 192

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* Element i of an array of `type`, as a double (exact). */
double oracle_get(oracle_type type, const void *array, size_t i);

/* Whether element i has the bits of the canonical quiet NaN, 0x7fc00000 or 0x7ff8000000000000. */
bool oracle_is_canonical_nan(oracle_type type, const void *array, size_t i);

/* The exponent of one ULP of `exact`, as defined above. */
long oracle_ulp_exponent(oracle_type type, const mpfr_t exact);

/* Whether rounding to nearest makes it infinite. */
bool oracle_overflows(oracle_type type, const mpfr_t exact);

/* (result - exact) in ULP of exact, with its sign. An infinite result where IEEE rounding of `exact` overflows is no
 * error; elsewhere it counts as the power of two just past the largest number. Infinity if the result is NaN, or is -0
 * where `exact` is not negative. */
double oracle_ulp_error(oracle_type type, double result, const mpfr_t exact);

/* |result - exact| / bound, with infinities as above; 0 where they are equal, whatever the bound. */
double oracle_ratio(oracle_type type, double result, const mpfr_t exact, const mpfr_t bound);

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

typedef struct oracle_softmax {
    enum { ORACLE_ROW_FINITE, ORACLE_ROW_NAN, ORACLE_ROW_ZEROS, ORACLE_ROW_PLUS_INF } kind;
    mpfr_t max;
    mpfr_t sum; /* of exp(x_j - max), or the number of +inf entries */
} oracle_softmax;

/* The row in which value x[i] stands count[i] times (null: once each). Null options are the defaults. The row takes one
 * mpfr_exp for each run of equal values, so that equal values should stand side by side. */
void oracle_softmax_init(oracle_softmax *row, size_t n, const double *x, const size_t *count, const smx_options *opt);
void oracle_softmax_clear(oracle_softmax *row);

/* Sets y to the result for an entry x of the row; NaN in a row of NaN. y must have been initialised. */
void oracle_softmax_entry(const oracle_softmax *row, double x, mpfr_t y);

/* ---- Backward ---------------------------------------------------------------------------------------------------- */

typedef struct oracle_backward {
    oracle_type type;
    bool nan;        /* NaN or infinity in y or dy */
    mpfr_t sum;      /* sum_j y_j dy_j, correctly rounded to ORACLE_PRECISION */
    mpfr_t absolute; /* sum_j |y_j dy_j| */
} oracle_backward;

/* The row in which the pair (y[i], dy[i]) stands count[i] times (null: once each). */
void oracle_backward_init(oracle_backward *row, oracle_type type, size_t n, const double *y, const double *dy,
                          const size_t *count);
void oracle_backward_clear(oracle_backward *row);

/* |error| of result as dx for the entry (y, dy), divided by the bound of smx.h,
 * 2^-23 |y| (|dy| + sum_j |y_j dy_j|) + 2^-149, or the like in f64. Infinity where oracle_ulp_error says so. */
double oracle_backward_ratio(const oracle_backward *row, double y, double dy, double result);

/* ---- Jacobian ---------------------------------------------------------------------------------------------------- */

/* Sets `exact` to the entry itself, unrounded: y_i (1 - y_i) on the diagonal, else -y_i y_j. Needs a precision of
 * ORACLE_JACOBIAN_PRECISION bits; +0 for an exact zero. */
#define ORACLE_JACOBIAN_PRECISION 2400
void oracle_jacobian_entry(double y_i, double y_j, bool diagonal, mpfr_t exact);

/* |error| of result in ULP of exact: at most 0.5 if it is the correctly rounded one (ties to even), above 0.5 if not.
 */
double oracle_jacobian_entry_error(oracle_type type, double result, const mpfr_t exact);

/* ---- Whole results, for tests ------------------------------------------------------------------------------------ */

/* Each of these takes arrays of `type` (float or double), returns the largest error over a whole result, and sets
 * *worst (if not null) to the index where it stands. Infinity if a special case is wrong: a NaN that is missing, is not
 * canonical or has no place there, a zero of the wrong sign. 0 for n = 0. */

/* |error| in ULP of y as the softmax of x. */
double oracle_softmax_error(oracle_type type, size_t n, const void *x, const void *y, const smx_options *opt,
                            size_t *worst);

/* oracle_backward_ratio over dx. */
double oracle_backward_error(oracle_type type, size_t n, const void *y, const void *dy, const void *dx, size_t *worst);

/* oracle_jacobian_entry_error over jac, an n x n matrix with row stride ldj. */
double oracle_jacobian_error(oracle_type type, size_t n, const void *y, const void *jac, size_t ldj, size_t *worst);

#endif
