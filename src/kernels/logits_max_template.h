/* The largest logit of a row, and what becomes of the row by it. docs/bits.md, "Logits". Template: compiled once for
 * each instruction set and type. */
#ifndef SMX_LOGITS_MAX_TEMPLATE_H
#define SMX_LOGITS_MAX_TEMPLATE_H

#include "../policy.h"

#include <math.h>

#include "logits_template.h"
#include "mask_template.h"
#include "row_max_template.h"
#include "vector_helpers_template.h"

/* The largest low part among the entries with this high part. */
static inline real largest_low(const struct block *b, real value) {
    v_t wanted = v_set1(value), lowest = v_set1(-(real)INFINITY), largest = lowest, zero = v_set1(0);
    for (size_t i = 0; i < b->n; i += V_LANES) {
        size_t left = b->n - i;
        v_t high = left < V_LANES ? v_load_n(b->high + i, left, lowest) : v_load(b->high + i);
        v_t low = left < V_LANES ? v_load_n(b->low + i, left, zero) : v_load(b->low + i);
        m_t here = v_eq(high, wanted);
        largest = v_max(largest, either(here, low, lowest));
    }
    return v_hmax(largest);
}

/* The largest low part among those whose high part is the peak's, and its first place. */
static inline void find_peak(const struct block *b, struct peak *peak) {
    if (b->low != NULL) {
        peak->low = largest_low(b, peak->high);
    }
    peak->at = place_of_value(b->n, b->high, peak->high, b->low, peak->low);
}

/* The peak of a row of n logits; its place is n if it is NaN or -inf. */
static struct peak peak_of(const logits *l, size_t n) {
    struct buffer buffer;
    struct peak peak = {-(real)INFINITY, 0, -(real)INFINITY, n};
    for (size_t j = 0; j < n;) {
        struct block b = logits_block(l, j, n, &buffer);
        struct peak here = two_largest(b.n, b.high);
        if (isnan(here.high)) {
            return (struct peak){canonical_nan(), 0, canonical_nan(), n};
        }
        if (here.high >= peak.high && here.high > -(real)INFINITY) {
            find_peak(&b, &here);
        }
        merge_peaks(&peak, &here, j);
        j += b.n;
    }
    return peak;
}

/* What becomes of a row by its peak. */
enum fate {
    COMPUTED,
    NOTHING_KEPT, /* or all are -inf, and the policy wants zeros */
    NOT_A_NUMBER
};

/* The peak of a row of logits; for a row with +inf of which the limit is wanted, *l becomes that limit. */
static inline enum fate peak_and_fate(size_t n, logits *l, struct policy policy, struct peak *peak) {
    *peak = peak_of(l, n);
    if (peak->high == (real)INFINITY && policy.plus_inf_limit) {
        l->limit = true;
        *peak = peak_of(l, n);
    }
    if (peak->high == -(real)INFINITY) {
        return policy.minus_inf_row_zeros || !any_kept(l, n) ? NOTHING_KEPT : NOT_A_NUMBER;
    }
    return isfinite(peak->high) ? COMPUTED : NOT_A_NUMBER;
}

#endif
