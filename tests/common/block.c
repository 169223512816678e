#include "block.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { GAP = 0xff, MARGIN = 20 };

static size_t total(const block *b) { return b->offset + (b->rows ? (b->rows - 1) * b->ld + b->n : 0) + MARGIN; }

void block_erase(block *b) { memset(b->memory, GAP, total(b) * b->size); }

block block_new(size_t size, size_t rows, size_t n, size_t ld, size_t offset) {
    block b = {size, rows, n, ld, offset, NULL, NULL};
    b.memory = aligned_alloc(64, (total(&b) * size + 63) / 64 * 64);
    assert_non_null(b.memory);
    b.a = b.memory + offset * size;
    block_erase(&b);
    return b;
}

void block_free(block *b) { free(b->memory); }

void *block_element(const block *b, size_t row, size_t i) {
    return (unsigned char *)b->a + (row * b->ld + i) * b->size;
}

static void check_gap(const block *b, const char *name, size_t begin, size_t end) {
    for (size_t i = begin * b->size; i < end * b->size; i++) {
        if (b->memory[i] != GAP) {
            fail_msg("%s: a byte of %s outside the rows was written, %td from the first", label_text(), name,
                     (ptrdiff_t)i - (ptrdiff_t)(b->offset * b->size));
        }
    }
}

void block_check_gaps(const block *b, const char *name) {
    size_t end_of_row = 0;
    for (size_t k = 0; k < b->rows; k++) {
        check_gap(b, name, end_of_row, b->offset + k * b->ld);
        end_of_row = b->offset + k * b->ld + b->n;
    }
    check_gap(b, name, end_of_row, total(b));
}
