/* Shapes of a call for the tests of threads: too few rows to share out, just enough, many; short rows and long ones. */
#ifndef SMX_TESTS_SHAPES_H
#define SMX_TESTS_SHAPES_H

#include <stddef.h>

typedef struct shape {
    size_t rows, n;
} shape;

enum { SHAPES = 11, JACOBIAN_SHAPES = 5 };
extern const shape shapes[SHAPES];
extern const shape jacobian_shapes[JACOBIAN_SHAPES];

#endif
