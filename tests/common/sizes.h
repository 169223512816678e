/* The row lengths to test, in ascending order. */
#ifndef SMX_TESTS_SIZES_H
#define SMX_TESTS_SIZES_H

#include <stddef.h>

/* 0 to 130 (every vector width and its multiples), then what thresholds.h has of rows that still are short. */
size_t short_sizes_count(void);
size_t short_size(size_t i);

/* What thresholds.h has of longer ones, beyond 2^18 too, where f32 takes another limb, and one past them. */
size_t long_sizes_count(void);
size_t long_size(size_t i);

#endif
