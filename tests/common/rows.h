/* Rows written out by hand, for tests of special cases. */
#ifndef SMX_TESTS_ROWS_H
#define SMX_TESTS_ROWS_H

#include "dtype.h"

enum { ROW_MAX = 64 };

/* A short row of either type. */
typedef struct row {
    const dtype *t;
    size_t n;
    double storage[ROW_MAX];
} row;

/* row_of(t, 3, 1.0, -INFINITY, 0.0): all values must be doubles. */
row row_of(const dtype *t, size_t n, ...);

/* n times the same value. */
row row_filled(const dtype *t, size_t n, double value);

/* The results of calls that must succeed. Null options are the defaults. */
row softmax_row(const row *x, const smx_options *opt);
row backward_row(const row *y, const row *dy);

/* Fails unless every element has those bits, or unless the two rows have the same. */
void assert_row_bits(const row *r, uint64_t bits);
void assert_rows_equal(const row *expected, const row *actual);

/* Options with these policies. */
smx_options policy(smx_plus_inf plus_inf, smx_minus_inf_row minus_inf_row);

/* The bits of a value of the type. */
uint64_t bits_of(const dtype *t, double value);

#endif
