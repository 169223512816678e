/* Rows at the edges of docs/bits.md's case distinctions, where an implementation may take the wrong side. */
#ifndef SMX_TESTS_EDGES_H
#define SMX_TESTS_EDGES_H

#include "dtype.h"
#include "rng.h"

/* Kinds of rows for the forward pass: maxima around FAR, terms around CUTOFF and around the sum's unit. */
enum { EDGE_X_KINDS = 8 };
const char *edge_x_name(size_t kind);
void edge_x(const dtype *t, void *x, size_t n, size_t kind, rng *r);

/* Where the backward pass changes its range: LARGE, SMALL, NOTHING, and the ends of what products can have. */
enum { EDGE_EXPONENTS = 5 };
int edge_exponent(const dtype *t, size_t i);

/* A row with 0 <= y <= 1 whose largest exponent of a product is `exponent`, or as near as finite numbers allow. */
enum { EDGE_BACKWARD_KINDS = 5 };
const char *edge_backward_name(size_t kind);
void edge_backward(const dtype *t, void *y, void *dy, size_t n, int exponent, size_t kind, rng *r);

#endif
