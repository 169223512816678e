/* The rows on which tests compare the library with reference/bits.h. */
#ifndef SMX_TESTS_REFERENCE_ROWS_H
#define SMX_TESTS_REFERENCE_ROWS_H

#include "../reference/bits.h"
#include "masks.h"

/* Lengths: 1 to 70, and two that are longer. 17 rows of the short ones fill 16 lanes and leave one over. */
enum { REFERENCE_SIZES = 72, REFERENCE_X_KINDS = 22 };
size_t reference_size(size_t i);
size_t reference_rows(size_t n);

const char *reference_x_name(size_t kind);
void reference_fill(const dtype *t, void *x, size_t n, size_t kind, rng *r);

/* Of the options that are taken, with scales other than those of masks_random; none at all in a third of the calls. */
masks reference_masks(const dtype *t, size_t rows, size_t n, int takes, rng *r);

/* Of masks_of_row. */
reference_options reference_options_of(const masks *row);

/* dlse, dy or dloss: a number of any size, or not even one. In f64 the largest are left out, whose products with a
 * scale, and quotients with T < 1, may overflow in the middle. */
double reference_gradient(const dtype *t, rng *r);

#endif
