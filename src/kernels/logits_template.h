/* The logits of a row, z = cap(scale x) + add - alibi |position - j|, in blocks. Plain entries are used where they lie;
 * all else is made in a buffer that stays in the first cache, block by block and again in each pass, so that no row of
 * logits is ever stored. docs/bits.md, "Logits".
 *
 * A made logit is two reals, high + low: scale x + add is no real in general, and an absolute error in z is a relative
 * error in exp(z). Half an ULP of a float of 1000 would be seen in the fifth digit of a result. Beyond LOW_LIMIT, z is
 * the rounded real.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOGITS_TEMPLATE_H
#define SMX_LOGITS_TEMPLATE_H

#include "../base/attributes.h"

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
    return l->stride == 1 && l->scale == 1 && !has_softcap(&l->softcap) && l->alibi == 0 && !l->limit && !masked(l);
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

/* n <= LOGITS_BLOCK of the scale x, as two reals: the rounded product and what an fma says it lacks. */
static inline void scale_entries(const logits *l, size_t n, const real *x, struct logit_buffer *buffer) {
    v_t scale = v_set1(l->scale);
    for (size_t j = 0; j < n; j += V_LANES) {
        size_t lanes = n - j < V_LANES ? n - j : V_LANES;
        v_t xj = load_lanes(x + j, lanes), high = v_mul(scale, xj);
        store_lanes(buffer->high + j, high, lanes);
        store_lanes(buffer->low + j, v_fms(scale, xj, high), lanes);
    }
}

/* The same, capped. */
static inline void cap_entries(const logits *l, size_t n, const real *x, struct logit_buffer *buffer) {
    const v_t scale = v_set1(l->scale);
    for (size_t j = 0; j < n; j += V_LANES) {
        const size_t lanes = n - j < V_LANES ? n - j : V_LANES;
        v_t xj = load_lanes(x + j, lanes), high = v_mul(scale, xj);
        store_lanes(buffer->high + j, high, lanes);
        store_lanes(buffer->low + j, low_part(high, v_fms(scale, xj, high)), lanes);
    }
    softcap_block(n, &l->softcap, buffer->high, buffer->low);
}

static inline void limit_low_parts(size_t n, struct logit_buffer *buffer) {
    for (size_t j = 0; j < n; j += V_LANES) {
        size_t lanes = n - j < V_LANES ? n - j : V_LANES;
        v_t high = load_lanes(buffer->high + j, lanes), low = load_lanes(buffer->low + j, lanes);
        store_lanes(buffer->low + j, low_part(high, low), lanes);
    }
}

/* What ALiBi takes off, as two reals: the product of a slope and a distance is no real in general. */
static inline void alibi_pairs(const logits *l, size_t j, size_t n, real *high, real *low) {
    for (size_t i = 0; i < n; i++) {
        int64_t distance = l->position - (int64_t)(j + i);
        real d = (real)(distance < 0 ? -distance : distance);
        high[i] = -l->alibi * d;
        low[i] = r_fma(-l->alibi, d, -high[i]);
    }
}

/* Takes off what ALiBi does, of n <= LOGITS_BLOCK logits from entry j on. Infinite ones stay, and with them masked
 * places: a product of a slope and a distance that overflows is still no infinity. Not inlined: its arrays would
 * stay on the stack of whoever makes logits. */
NOT_INLINE static void subtract_alibi(const logits *l, size_t j, size_t n, struct logit_buffer *buffer) {
    real bias_high[LOGITS_BLOCK], bias_low[LOGITS_BLOCK];
    alibi_pairs(l, j, n, bias_high, bias_low);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = n - i < V_LANES ? n - i : V_LANES;
        v_t high = load_lanes(buffer->high + i, lanes), low = load_lanes(buffer->low + i, lanes), error;
        m_t infinite = v_eq(v_abs(high), v_set1((real)INFINITY));
        v_t sum = two_sum(high, load_lanes(bias_high + i, lanes), &error);
        high = v_select(infinite, high, sum);
        low = v_add(low, v_add(error, load_lanes(bias_low + i, lanes)));
        store_lanes(buffer->high + i, high, lanes);
        store_lanes(buffer->low + i, low, lanes);
    }
}

/* n <= LOGITS_BLOCK logits from entry j on, plus what masks add to them. */
static inline void add_masks(const logits *l, size_t j, size_t n, struct logit_buffer *buffer) {
    v_t minus_infinity = v_set1(-(real)INFINITY);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = n - i < V_LANES ? n - i : V_LANES;
        v_t high = load_lanes(buffer->high + i, lanes), low = load_lanes(buffer->low + i, lanes);
        if (l->add != NULL) {
            v_t error;
            high = two_sum(high, load_lanes(l->add + j + i, lanes), &error);
            low = v_add(low, error);
        }
        high = v_select(kept_lanes(l, j + i, lanes), high, minus_infinity);
        store_lanes(buffer->high + i, high, lanes);
        store_lanes(buffer->low + i, low, lanes);
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
    const real *x = l->x + j * l->stride;
    if (l->stride != 1) {
        gather(length, x, l->stride, buffer->high);
        x = buffer->high;
    }
    const bool more = masked(l) || l->alibi != 0, caps = has_softcap(&l->softcap), caps_sum = more && l->caps_sum;
    if (caps && !caps_sum) {
        cap_entries(l, length, x, buffer);
    } else {
        scale_entries(l, length, x, buffer);
    }
    if (masked(l)) {
        add_masks(l, j, length, buffer);
    }
    if (l->alibi != 0) {
        subtract_alibi(l, j, length, buffer);
    }
    if (more || !caps) {
        limit_low_parts(length, buffer);
    }
    if (caps && caps_sum) {
        softcap_block(length, &l->softcap, buffer->high, buffer->low);
    }
    if (l->limit) {
        limit_logits(length, buffer->high, buffer->low);
    }
    return (struct logit_block){length, buffer->high, buffer->low};
}

/* The softcap's slope at n <= LOGITS_BLOCK entries from the j-th on. */
static inline void softcap_slopes(const logits *l, size_t j, size_t n, double *slope) {
    logits uncapped = *l;
    struct logit_buffer buffer;
    uncapped.softcap.cap = 0;
    uncapped.limit = false;
    if (!l->caps_sum) {
        uncapped.add = uncapped.weight = NULL;
        uncapped.keep = NULL;
        uncapped.alibi = 0;
    }
    struct logit_block z = logits_block(&uncapped, j, j + n, &buffer);
    if (z.low == NULL) {
        memset(buffer.low, 0, n * sizeof(real));
    }
    softcap_slopes_block(n, &l->softcap, z.high, buffer.low, slope);
}

#endif
