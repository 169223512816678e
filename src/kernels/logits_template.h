/* The logits of a row, z = scale x + add, in blocks. Plain entries are used where they lie; all else is made in a
 * buffer that stays in the first cache, block by block and again in each pass, so that no row of logits is ever stored.
 * docs/bits.md, "Logits".
 *
 * A made logit is two reals, high + low. scale x is not a real in general, and an error in z is multiplied by nothing
 * less than exp: an ULP of a logit of 1000 would be seen in the fourth digit of a float result.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOGITS_TEMPLATE_H
#define SMX_LOGITS_TEMPLATE_H

#include <math.h>

#include "mask_template.h"
#include "softcap_template.h"
#include "vector_helpers_template.h"

/* Where a block of logits is made. */
struct logit_buffer {
    real high[LOGITS_BLOCK], low[LOGITS_BLOCK];
};

/* n logits high + low; low may be null: 0. */
struct logit_block {
    size_t n;
    const real *high, *low;
};

/* Whether the logits are the entries themselves. */
static inline bool plain(const logits *l) {
    return l->stride == 1 && l->scale == 1 && l->softcap == 0 && !l->limit && !masked(l);
}

static inline void gather(size_t n, const real *x, size_t stride, real *block) {
    for (size_t i = 0; i < n; i++) {
        block[i] = x[i * stride];
    }
}

static inline void scatter(size_t n, const real *block, real *y, size_t stride) {
    for (size_t i = 0; i < n; i++) {
        y[i * stride] = block[i];
    }
}

/* n <= LOGITS_BLOCK logits from x as two reals; buffer->low holds the summands. */
static inline void logit_pairs(const logits *l, size_t n, const real *x, struct logit_buffer *buffer) {
    bool summed = l->add != NULL, some = masked(l);
    v_t scale = v_set1(l->scale), zero = v_set1(0), limit = v_set1(LOW_LIMIT);
    v_t minus_infinity = v_set1(-(real)INFINITY);
    for (size_t j = 0; j < n; j += V_LANES) {
        bool full = n - j >= V_LANES;
        v_t xj = full ? v_load(x + j) : v_load_n(x + j, n - j, zero);
        v_t high = v_mul(scale, xj), low = v_fms(scale, xj, high);
        if (some) {
            v_t add = full ? v_load(buffer->low + j) : v_load_n(buffer->low + j, n - j, zero);
            if (summed) {
                v_t error;
                high = two_sum(high, add, &error);
                low = v_add(low, error);
            }
            high = select_lanes(v_eq(add, minus_infinity), minus_infinity, high);
        }
        low = v_keep(m_not(v_ge(v_abs(high), limit)), low);
        low = v_keep(v_eq(low, low), low); /* NaN in the row stays in its high part */
        if (full) {
            v_store(buffer->high + j, high);
            v_store(buffer->low + j, low);
        } else {
            v_store_n(buffer->high + j, high, n - j);
            v_store_n(buffer->low + j, low, n - j);
        }
    }
}

/* Where +inf entries share all mass: 0 for them, and nothing else is left. */
static inline void limit_logits(size_t n, real *high, real *low) {
    for (size_t i = 0; i < n; i++) {
        high[i] = high[i] == (real)INFINITY ? 0 : -(real)INFINITY;
        low[i] = 0;
    }
}

/* The logits from entry j on, as many as a block has. */
static inline struct logit_block logits_block(const logits *l, size_t j, size_t n, struct logit_buffer *buffer) {
    if (plain(l)) {
        return (struct logit_block){n - j, l->x + j, NULL};
    }
    size_t length = block_length(n - j);
    if (masked(l)) {
        mask_addends(l, j, length, buffer->low);
    }
    const real *x = l->x + j * l->stride;
    if (l->stride != 1) {
        gather(length, x, l->stride, buffer->high);
        x = buffer->high;
    }
    logit_pairs(l, length, x, buffer);
    if (l->softcap != 0) {
        softcap_block(length, l->softcap, buffer->high, buffer->low);
    }
    if (l->limit) {
        limit_logits(length, buffer->high, buffer->low);
    }
    return (struct logit_block){length, buffer->high, buffer->low};
}

#endif
