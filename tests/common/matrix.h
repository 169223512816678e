/* A matrix with a stride, whose gaps are watched. */
#ifndef SMX_TESTS_MATRIX_H
#define SMX_TESTS_MATRIX_H

#include "dtype.h"

/* Every element outside the rows (before the first, between them, after the last) is a NaN of known bits: reading one
 * would show in the result, and writing one shows in matrix_check_gaps. */
typedef struct matrix {
    const dtype *t;
    size_t rows, n, ld, offset;
    void *memory;
    void *a; /* the first row: `offset` elements after a 64-byte boundary */
} matrix;

/* All elements are gaps at first. */
matrix matrix_new(const dtype *t, size_t rows, size_t n, size_t ld, size_t offset);
void matrix_free(matrix *m);
void *matrix_row(const matrix *m, size_t k);

/* Fails if an element outside the rows changed. */
void matrix_check_gaps(const matrix *m);

#endif
