/* The masks of a row: which entries are kept, and what stands where one is not. Every kind of mask (0 and 1, additive,
 * weights) is read here, in mask_addends, and nowhere else; lengths and causality have made the row shorter before.
 * docs/bits.md, "Logits".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_MASK_TEMPLATE_H
#define SMX_MASK_TEMPLATE_H

#include <math.h>

/* How the logits of a row follow from its entries: z = scale x + add where keep is not 0, add not -inf and weight not
 * 0; masked out elsewhere. Null pointers: no such mask. */
typedef struct logits {
    const real *x;
    size_t stride;       /* of x; masks have none */
    real scale, softcap; /* softcap 0: none */
    const real *add, *weight;
    const uint8_t *keep;
    bool limit;   /* the limit of a row with +inf: all mass evenly on those */
    size_t row_n; /* of the whole row, if this is a part of it: it chooses the unit of sums */
} logits;

/* Logits, and all that is under masks, are made in blocks of so many. */
#define LOGITS_BLOCK ((size_t)512)

static inline size_t block_length(size_t left) { return left < LOGITS_BLOCK ? left : LOGITS_BLOCK; }

/* Whether there is any mask. Without one, nobody asks what is kept. */
static inline bool masked(const logits *l) { return l->add != NULL || l->keep != NULL || l->weight != NULL; }

/* What is added to n <= LOGITS_BLOCK logits from entry j on: -inf where masked out, whatever the kind of mask. */
static inline void mask_addends(const logits *l, size_t j, size_t n, real *add) {
    for (size_t i = 0; i < n; i++) {
        bool kept = (l->keep == NULL || l->keep[j + i] != 0) && (l->weight == NULL || l->weight[j + i] != 0);
        add[i] = !kept ? -(real)INFINITY : l->add == NULL ? 0 : l->add[j + i];
    }
}

/* Whether some entry is kept. */
static inline bool any_kept(const logits *l, size_t n) {
    real add[LOGITS_BLOCK];
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        mask_addends(l, j, length, add);
        for (size_t i = 0; i < length; i++) {
            if (add[i] != -(real)INFINITY) { /* NaN too */
                return true;
            }
        }
    }
    return false;
}

/* a where kept, 0 where masked out: n entries from the j-th on; itself or a copy in the buffer. */
static inline const real *kept_block(const logits *l, size_t j, size_t n, const real *a, real *buffer) {
    if (!masked(l)) {
        return a + j;
    }
    mask_addends(l, j, n, buffer);
    for (size_t i = 0; i < n; i++) {
        buffer[i] = buffer[i] == -(real)INFINITY ? 0 : a[j + i];
    }
    return buffer;
}

/* n <= LOGITS_BLOCK values from the j-th on: 0 where masked out. */
static inline void clear_masked(const logits *l, size_t j, size_t n, real *a) {
    real add[LOGITS_BLOCK];
    mask_addends(l, j, n, add);
    for (size_t i = 0; i < n; i++) {
        a[i] = add[i] == -(real)INFINITY ? 0 : a[i];
    }
}

/* One value where kept, another where masked out. */
static inline void fill_kept(const logits *l, size_t n, real kept, real out, real *y) {
    real add[LOGITS_BLOCK];
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        mask_addends(l, j, length, add);
        for (size_t i = 0; i < length; i++) {
            y[j + i] = add[i] == -(real)INFINITY ? out : kept;
        }
    }
}

#endif
