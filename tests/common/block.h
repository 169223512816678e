/* An array of any type as an argument: rows with a stride, whose gaps are watched. */
#ifndef SMX_TESTS_BLOCK_H
#define SMX_TESTS_BLOCK_H

#include <stddef.h>

/* Every byte outside the rows is 0xff: a NaN, and a label that is no class, so that reading one would show in the
 * result; writing one shows in block_check_gaps. A block that an argument lacks has all fields 0. */
typedef struct block {
    size_t size; /* of an element, in bytes */
    size_t rows, n, ld, offset;
    unsigned char *memory;
    void *a; /* the first row: `offset` elements after a 64-byte boundary */
} block;

/* All bytes are gaps at first. */
block block_new(size_t size, size_t rows, size_t n, size_t ld, size_t offset);
void block_free(block *b);

/* Makes all bytes gaps again. */
void block_erase(block *b);

void *block_element(const block *b, size_t row, size_t i);

/* Fails if a byte outside the rows changed. */
void block_check_gaps(const block *b, const char *name);

#endif
