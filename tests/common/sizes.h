/* The row lengths to test. */
#ifndef SMX_TESTS_SIZES_H
#define SMX_TESTS_SIZES_H

#include <stddef.h>

/* 0 to 130 (every vector width and its multiples, every limit up to which rows count as short), then around powers of
 * two and spill counts. */
size_t short_sizes_count(void);
size_t short_size(size_t i);

/* Around 2^18, beyond which the sum takes another limb, and past it. */
enum { LONG_SIZES = 4 };
extern const size_t long_sizes[LONG_SIZES];

#endif
