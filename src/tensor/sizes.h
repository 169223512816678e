/* Arithmetic of sizes. */
#ifndef SMX_TENSOR_SIZES_H
#define SMX_TENSOR_SIZES_H

#include <stddef.h>

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t larger(size_t a, size_t b) { return a > b ? a : b; }
static inline size_t quotient_up(size_t a, size_t b) { return a / b + (a % b != 0); }

#endif
