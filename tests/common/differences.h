/* Derivatives by central differences, in double. */
#ifndef SMX_TESTS_DIFFERENCES_H
#define SMX_TESTS_DIFFERENCES_H

#include <stddef.h>

#include "rng.h"

/* A function of n numbers with values in m dimensions; out has room for them. */
typedef void (*vector_function)(const void *context, size_t n, const double *x, double *out);

/* out = derivative of f at x along v, by the five-point rule with steps of 2^-10: off by h^4 / 30 of the fifth
 * derivative, 2^-45 of it, and by 1.5 2^-52 / h < 2^-41 of f's values where those are good to an ULP. n, m <= 64. */
enum { DIFFERENCES_MAX = 64 };
void derivative_along(vector_function f, const void *context, size_t n, const double *x, const double *v, size_t m,
                      double *out);

/* The gradient of a function with one value. */
void gradient_of(vector_function f, const void *context, size_t n, const double *x, double *out);

/* Fails unless each of n numbers is within tolerance of what was expected. */
void assert_near(size_t n, const double *expected, const double *actual, double tolerance);

/* Uniform on [-range, range). */
void fill_uniform(double *a, size_t n, double range, rng *r);

#endif
