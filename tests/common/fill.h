/* Inputs of many kinds: what users have, and what kernels trip over. */
#ifndef SMX_TESTS_FILL_H
#define SMX_TESTS_FILL_H

#include "dtype.h"
#include "rng.h"

/* Kinds of rows for the forward pass. */
enum { FILL_X_KINDS = 13, FILL_X_FINITE_KINDS = 11 }; /* the first so many hold no NaN and no +inf */
const char *fill_x_name(size_t kind);
void fill_x(const dtype *t, void *x, size_t n, size_t kind, rng *r);

/* Kinds of pairs of rows for the backward pass. */
enum { FILL_BACKWARD_KINDS = 20, FILL_BACKWARD_PLAIN_KINDS = 12 }; /* the first so many: finite, 0 <= y <= 1 */
const char *fill_backward_name(size_t kind);
void fill_backward(const dtype *t, void *y, void *dy, size_t n, size_t kind, rng *r);

#endif
