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

/* The maximum of a row of n logits and its sink; its place is n if it is NaN, -inf or the sink. */
NOT_INLINE static struct maximum maximum_of_logits(const logits *l, size_t n) {
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
