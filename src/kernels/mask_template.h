/* The masks of a row: which entries are kept, and what stands where one is not. Every kind of mask (0 and 1, additive,
 * weights) is read here, in kept_lanes, and, by loops that have no room for a block, in logit_vectors_template.h, and
 * nowhere else; which row of a mask, and which window of it that lengths and causality leave, is settled before
 * (rows_of_call_template.h). docs/bits.md, "Logits".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_MASK_TEMPLATE_H
#define SMX_MASK_TEMPLATE_H

#include "../base/attributes.h"

#include <math.h>

#include "softcap_template.h"
#include "vector_helpers_template.h"

/* How the logits of a row follow from its entries: z_j = cap(scale x_j) + add_j - alibi |position - j| where keep is
 * not 0, add not -inf and weight not 0; masked out elsewhere. Null pointers: no such mask. */
typedef struct logits {
    const real *x;
    size_t stride; /* of x; masks have none */
    real scale;
    struct softcap softcap;
    bool caps_sum; /* the softcap is of all of z: cap(scale x + add - ...) */
    const real *add, *weight;
    const uint8_t *keep;
    real alibi;       /* a slope; 0: none */
    int64_t position; /* the entry that slopes go down from, maybe outside of the row */
    const real *sink; /* one more logit, which has no entry; null: none */
    bool limit;       /* the limit of a row with +inf: all mass evenly on those */
    size_t row_n;     /* of the whole row, if this is a part of it: it chooses the unit of sums */
} logits;

/* Low parts of logits only where they count: not of large numbers, and a NaN in the row stays in its high part. */
static ALWAYS_INLINE v_t low_part(v_t high, v_t low) {
    low = v_keep(m_not(v_ge(v_abs(high), v_set1(LOW_LIMIT))), low);
    return v_keep(v_eq(low, low), low);
}

/* Whether there is any mask. Without one, nobody asks what is kept. */
static inline bool masked(const logits *l) { return l->add != NULL || l->keep != NULL || l->weight != NULL; }

/* Which of V_LANES entries from the j-th on are kept, whatever the kind of mask. If there is any, none but the first
 * `lanes` are. */
static ALWAYS_INLINE m_t kept_lanes(const logits *l, size_t j, size_t lanes) {
    const v_t zero = v_set1(0), minus_infinity = v_set1(-(real)INFINITY);
    m_t kept = m_not(m_none());
    if (l->keep != NULL) {
        kept = m_load_n(l->keep + j, lanes);
    }
    if (l->add != NULL) {
        v_t add = lanes == V_LANES ? v_load(l->add + j) : v_load_n(l->add + j, lanes, minus_infinity);
        kept = m_and(kept, m_not(v_eq(add, minus_infinity))); /* NaN is kept */
    }
    if (l->weight != NULL) {
        kept = m_and(kept, m_not(v_eq(load_lanes(l->weight + j, lanes), zero)));
    }
    return kept;
}

/* Whether some entry is kept, of a row with a mask. */
static inline bool any_kept(const logits *l, size_t n) {
    for (size_t j = 0; j < n; j += V_LANES) {
        if (!masked(l) || m_any(kept_lanes(l, j, n - j < V_LANES ? n - j : V_LANES))) {
            return true;
        }
    }
    return false;
}

/* y = a where kept, +0 where masked out: n entries, of which the first is the row's j-th. In place allowed. */
static inline void copy_kept(const logits *l, size_t j, size_t n, const real *a, real *y) {
    const logits masks = *l; /* a copy, of which compilers know that nothing is stored there */
    size_t i = 0;
    for (; n - i >= V_LANES; i += V_LANES) {
        v_store(y + i, v_keep(kept_lanes(&masks, j + i, V_LANES), v_load(a + i)));
    }
    if (i < n) {
        v_store_n(y + i, v_keep(kept_lanes(&masks, j + i, n - i), v_load_n(a + i, n - i, v_set1(0))), n - i);
    }
}

/* a where kept, 0 where masked out: n entries from the j-th on; itself or a copy in the buffer. */
static inline const real *kept_block(const logits *l, size_t j, size_t n, const real *a, real *buffer) {
    if (!masked(l)) {
        return a + j;
    }
    copy_kept(l, j, n, a + j, buffer);
    return buffer;
}

/* n values from the j-th on: 0 where masked out. */
static inline void clear_masked(const logits *l, size_t j, size_t n, real *a) { copy_kept(l, j, n, a, a); }

/* One value where kept, another where masked out. */
static inline void fill_kept(const logits *l, size_t n, real kept, real out, real *y) {
    const v_t in_kept = v_set1(kept), in_others = v_set1(out);
    for (size_t j = 0; j < n; j += V_LANES) {
        size_t lanes = n - j < V_LANES ? n - j : V_LANES;
        v_store_n(y + j, v_select(kept_lanes(l, j, lanes), in_kept, in_others), lanes);
    }
}

#endif
