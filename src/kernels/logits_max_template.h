/* The largest logit of a row, and what becomes of the row by it. docs/bits.md, "Logits".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOGITS_MAX_TEMPLATE_H
#define SMX_LOGITS_MAX_TEMPLATE_H

#include "../options/policy.h"

#include <math.h>

#include "logits_template.h"
#include "mask_template.h"
#include "row_max_template.h"
#include "vector_helpers_template.h"

/* The largest low part among the entries with this high part. */
static inline real largest_low(const struct logit_block *b, real value) {
    v_t wanted = v_set1(value), lowest = v_set1(-(real)INFINITY), largest = lowest, zero = v_set1(0);
    for (size_t i = 0; i < b->n; i += V_LANES) {
        size_t left = b->n - i;
        v_t high = left < V_LANES ? v_load_n(b->high + i, left, lowest) : v_load(b->high + i);
        v_t low = left < V_LANES ? v_load_n(b->low + i, left, zero) : v_load(b->low + i);
        m_t here = v_eq(high, wanted);
        largest = v_max(largest, v_select(here, low, lowest));
    }
    return v_hmax(largest);
}

/* The largest low part among those whose high part is the maximum's, and its first place. */
static inline void find_argmax(const struct logit_block *b, struct maximum *maximum) {
    if (b->low != NULL) {
        maximum->low = largest_low(b, maximum->high);
    }
    maximum->argmax = first_place_of(b->n, b->high, maximum->high, b->low, maximum->low);
}

/* The sink as a logit; l->sink is not null. */
static inline real sink_logit(const logits *l) {
    return !l->limit ? *l->sink : *l->sink == (real)INFINITY ? 0 : -(real)INFINITY;
}

/* The maximum of n logits; its place is n if it is NaN or -inf. */
NOT_INLINE static struct maximum largest_logit(const logits *l, size_t n) {
    struct logit_buffer buffer;
    struct maximum maximum = {-(real)INFINITY, 0, -(real)INFINITY, n};
    for (size_t j = 0; j < n;) {
        struct logit_block b = logits_block(l, j, n, &buffer);
        struct maximum here = two_largest(b.n, b.high);
        if (isnan(here.high)) {
            return (struct maximum){canonical_nan(), 0, canonical_nan(), n};
        }
        if (here.high >= maximum.high && here.high > -(real)INFINITY) {
            find_argmax(&b, &here);
        }
        merge_maxima(&maximum, &here, j);
        j += b.n;
    }
    return maximum;
}

/* ---- Under a softcap ----
 *
 * Capping keeps the order of logits, but for its roundings. Where these cannot matter, the largest logit is looked for
 * before the cap, and two logits are capped instead of all: most of the work of a capped row is that. */

/* Rows of fewer entries have all of them capped: that takes no longer. */
#define CAP_ALL_BELOW ((size_t)64)

/* Whether the row's softcap comes after all that may change an order. */
static inline bool cap_is_last(const logits *l) {
    return has_softcap(&l->softcap) && (l->caps_sum || (l->add == NULL && l->alibi == 0));
}

/* The largest of logits that are entries times a scale > 0, and the low part of the second largest. */
static inline struct maximum largest_scaled(const logits *l, size_t n, real *second_low) {
    const struct maximum x = two_largest(n, l->x);
    struct maximum maximum = scaled_maximum(&x, l->scale);
    *second_low = fabs((double)maximum.second) < LOW_LIMIT ? r_fma(l->scale, x.second, -maximum.second) : 0;
    maximum.argmax = isnan(x.high) ? n : first_place_of(n, l->x, x.high, NULL, 0);
    return maximum;
}

/* The maximum of capped logits from the two largest before, the second of which has a low part from `least` to `most`.
 * False if roundings might decide, as they always do of doubles. */
static inline bool cap_maximum(const struct softcap *c, real least, real most, struct maximum *maximum) {
    real high[3] = {maximum->high, maximum->second, maximum->second}, low[3] = {maximum->low, most, least}, ceiling[2];
    if (!(fabs((double)maximum->high) <= LOW_LIMIT / 2)) {
        return false;
    }
    softcap_block(3, c, high, low);
    for (int i = 0; i < 2; i++) { /* no logit that was smaller has a larger high part */
        ceiling[i] = (real)((double)high[i] + (double)low[i] + c->cap * SOFTCAP_ERROR);
    }
    maximum->high = high[0];
    maximum->low = low[0];
    maximum->second = high[2];
    return ceiling[0] == high[0] && ceiling[1] == high[2] && high[2] < high[0];
}

/* The maximum of a row with a softcap, from its logits before. False if that does not give it. */
NOT_INLINE static bool maximum_before_cap(const logits *l, size_t n, struct maximum *maximum) {
    if (SOFTCAP_ERROR > (double)REAL_EPSILON || n < CAP_ALL_BELOW || l->limit || !cap_is_last(l)) {
        return false;
    }
    if (l->stride == 1 && l->scale > 0 && l->alibi == 0 && !masked(l)) {
        real second_low;
        *maximum = largest_scaled(l, n, &second_low);
        return cap_maximum(&l->softcap, second_low, second_low, maximum);
    }
    logits before = *l;
    before.softcap.cap = 0;
    *maximum = largest_logit(&before, n);
    const real second = maximum->second, half = isfinite(second) ? (real)fabs((double)second) * (REAL_EPSILON / 2) : 0;
    return cap_maximum(&l->softcap, -half, half, maximum);
}

/* The maximum of a row of n logits and its sink; its place is n if it is NaN, -inf or the sink. */
NOT_INLINE static struct maximum maximum_of_logits(const logits *l, size_t n) {
    struct maximum maximum;
    if (!maximum_before_cap(l, n, &maximum)) {
        maximum = largest_logit(l, n);
    }
    if (isnan(maximum.high)) {
        return maximum;
    }
    if (l->sink != NULL) {
        const struct maximum sink = {sink_logit(l), 0, -(real)INFINITY, 0};
        if (isnan(sink.high)) {
            return (struct maximum){canonical_nan(), 0, canonical_nan(), n};
        }
        merge_maxima(&maximum, &sink, n);
    }
    return maximum;
}

/* What becomes of a row by its maximum. */
enum row_kind {
    ROW_COMPUTED, /* it has a finite maximum */
    ROW_EMPTY,    /* no entry is kept; or all are -inf, and the policy wants zeros */
    ROW_NAN       /* it has a NaN, or an infinity for a maximum */
};

/* The maximum of a row of logits; for a row with +inf of which the limit is wanted, *l becomes that limit. */
NOT_INLINE static enum row_kind classify_row(size_t n, logits *l, struct policy policy, struct maximum *maximum) {
    *maximum = maximum_of_logits(l, n);
    if (maximum->high == (real)INFINITY && policy.plus_inf_limit) {
        l->limit = true;
        *maximum = maximum_of_logits(l, n);
    }
    if (maximum->high == -(real)INFINITY) {
        return policy.minus_inf_row_zeros || !any_kept(l, n) ? ROW_EMPTY : ROW_NAN;
    }
    return isfinite(maximum->high) ? ROW_COMPUTED : ROW_NAN;
}

#endif
