/* Arrays as matrices: whether they fit into memory, and which of them share some. */
#ifndef SMX_MATRIX_H
#define SMX_MATRIX_H

#include "../base/refused.h"
#include "../base/wide.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `rows` rows of `n` elements of `size` bytes, `stride` elements apart. */
struct matrix {
    const void *data;
    size_t rows, n, stride, size;
};

/* Whether its sums have room, and its end can be computed: at most PTRDIFF_MAX bytes from its first element. */
static inline bool matrix_fits(const struct matrix *a) {
    size_t limit = PTRDIFF_MAX / a->size;
    return a->n <= SMX_ROW_MOST && a->n <= limit && (a->rows == 1 || a->stride <= (limit - a->n) / (a->rows - 1));
}

static inline size_t matrix_bytes(const struct matrix *a) { return ((a->rows - 1) * a->stride + a->n) * a->size; }

static inline bool matrix_same(const struct matrix *a, const struct matrix *b) {
    return a->data == b->data && a->rows == b->rows && a->n == b->n && (a->stride == b->stride || a->rows == 1);
}

/* Whether b, whose data begins not before a's, shares an element with it. */
static inline bool matrix_reaches(const struct matrix *a, const struct matrix *b) {
    uintptr_t distance = (uintptr_t)b->data - (uintptr_t)a->data;
    if (distance >= matrix_bytes(a)) {
        return false;
    }
    if (a->stride * a->size != b->stride * b->size) {
        return true;
    }
    /* b's rows begin `into` bytes into rows of a: both fit into a stride side by side, or they share. */
    uintptr_t into = distance % (a->stride * a->size);
    return into < a->n * a->size || into + b->n * b->size > a->stride * a->size;
}

/* Whether they share an element. With unequal strides, ranges of memory that cross count as sharing. Not a call of
 * itself with a and b exchanged: clang 14 -O3 makes a loop of that which overwrites one by the other. */
static inline bool matrix_overlap(const struct matrix *a, const struct matrix *b) {
    return (uintptr_t)a->data <= (uintptr_t)b->data ? matrix_reaches(a, b) : matrix_reaches(b, a);
}

/* The checks that concern one matrix, which a refusal calls by these names. */
static inline smx_status matrix_check(const struct matrix *m, const char *name, const char *stride) {
    if (m->stride < m->n) {
        return smx_refuse(SMX_ERROR_STRIDE, stride);
    }
    if (!matrix_fits(m)) {
        return smx_refuse(SMX_ERROR_SIZE, name);
    }
    return m->data == NULL ? smx_refuse(SMX_ERROR_NULL, name) : SMX_OK;
}

#endif
