/* The maximum of a row whose logits are made in registers (logit_vectors_template.h), and its second largest logit.
 * docs/bits.md, "Logits".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_MADE_MAX_TEMPLATE_H
#define SMX_MADE_MAX_TEMPLATE_H

#include "../base/attributes.h"

#include <math.h>

#include "logit_vectors_template.h"
#include "mask_template.h"
#include "row_max_template.h"
#include "vector_helpers_template.h"

/* The largest low part among a run's logits whose high part is the maximum's is looked for only in blocks of so many
 * vectors that have such a logit. */
#define LOW_BLOCK ((size_t)4)
#define LOW_BLOCKS ((size_t)64)

/* The largest low part among the logits j to end whose high part is `value`; *largest is that of others before. */
static ALWAYS_INLINE void largest_low_of(unsigned what, const logits *l, size_t j, size_t end, real value,
                                         v_t *largest) {
    v_t wanted = v_set1(value), low;
    for (; j < end; j += V_LANES) {
        v_t high = made_logits(what, l, j, end - j < V_LANES ? end - j : V_LANES, &low);
        *largest = v_max(*largest, v_select(v_eq(high, wanted), low, v_set1(-(real)INFINITY)));
    }
}

/* Adds a vector of logits to the largest of each lane and to the sum, which is NaN if one of them is, and maybe for
 * infinities. If two are wanted, also to the second largest and, for low parts, to the largest of its block. */
static ALWAYS_INLINE void add_to_largest(unsigned what, bool two, v_t high, v_t *in_block, v_t *first, v_t *second,
                                         v_t *sum) {
    if (two) {
        *second = v_max(*second, v_min(*first, high));
        if (have_low_parts(what)) {
            *in_block = v_max(*in_block, high);
        }
    }
    *first = v_max(*first, high);
    *sum = v_add(*sum, high);
}

/* The largest of each lane of up to LOW_BLOCK vectors, j to end, with the rest as add_to_largest has it. */
static ALWAYS_INLINE v_t largest_of_block(unsigned what, bool two, const logits *l, size_t j, size_t end, v_t *first,
                                          v_t *second, v_t *sum) {
    v_t in_block = v_set1(-(real)INFINITY), low;
    for (; end - j >= V_LANES; j += V_LANES) {
        add_to_largest(what, two, made_logits(what, l, j, V_LANES, &low), &in_block, first, second, sum);
    }
    if (j < end) {
        add_to_largest(what, two, made_logits(what, l, j, end - j, &low), &in_block, first, second, sum);
    }
    return in_block;
}

/* The maximum of up to LOW_BLOCKS blocks of logits, j to end, and their sum. If two are wanted, with its low part: what
 * has no second largest has no use for it. */
static ALWAYS_INLINE struct maximum maximum_of_blocks(unsigned what, bool two, const logits *l, size_t j, size_t end,
                                                      v_t *sum) {
    const size_t step = LOW_BLOCK * V_LANES;
    const v_t lowest = v_set1(-(real)INFINITY);
    v_t first = lowest, second = lowest, low = lowest;
    real largest[LOW_BLOCKS * LANES_MOST];
    size_t block = 0, k = j;
    for (; end - k >= step; k += step, block++) {
        v_store(largest + block * V_LANES, largest_of_block(what, two, l, k, k + step, &first, &second, sum));
    }
    if (k < end) {
        v_store(largest + block * V_LANES, largest_of_block(what, two, l, k, end, &first, &second, sum));
    }
    struct maximum maximum = two ? maximum_of_lanes(first, second) : (struct maximum){v_hmax(first), 0, 0, 0};
    if (two && have_low_parts(what)) {
        const v_t wanted = v_set1(maximum.high);
        for (block = 0, k = j; k < end; k += step, block++) {
            if (m_any(v_eq(v_load(largest + block * V_LANES), wanted))) {
                largest_low_of(what, l, k, end - k < step ? end : k + step, maximum.high, &low);
            }
        }
        maximum.low = v_hmax(low);
    }
    return maximum;
}

static ALWAYS_INLINE struct maximum maximum_of_steps(unsigned what, bool two, const logits *l,
                                                     const struct kept_runs *runs, v_t *sum) {
    struct maximum maximum = {-(real)INFINITY, 0, -(real)INFINITY, 0};
    const size_t most = LOW_BLOCKS * LOW_BLOCK * V_LANES;
    for (size_t i = 0; i < runs->count; i++) {
        const size_t end = runs->run[i].from + runs->run[i].n;
        for (size_t j = runs->run[i].from; j < end; j += most) {
            struct maximum here = maximum_of_blocks(what, two, l, j, end - j < most ? end : j + most, sum);
            merge_maxima(&maximum, &here, 0);
        }
    }
    return maximum;
}

/* Of logits made in steps that may be any. */
static ALWAYS_INLINE struct maximum maximum_of_made(unsigned what, bool two, const logits *l,
                                                    const struct kept_runs *runs, v_t *sum) {
    switch (what) {
#define SMX_MAXIMUM_OF_STEPS(steps) \
    case steps:                     \
        return maximum_of_steps(steps, two, l, runs, sum);
        EACH_COMMON_LOGIT_STEPS(SMX_MAXIMUM_OF_STEPS)
#undef SMX_MAXIMUM_OF_STEPS
    default:
        return maximum_of_steps(what, two, l, runs, sum);
    }
}

/* Of n plain entries. */
static ALWAYS_INLINE struct maximum maximum_of_entries(bool two, size_t n, const real *x) {
    return two ? two_largest(n, x) : (struct maximum){row_max(n, x), 0, 0, 0};
}

/* A row whose logits are made in registers. */
struct made_row {
    logits l;
    size_t n;
    unsigned what; /* LOGITS_... */
    struct kept_runs runs;
    struct maximum maximum; /* of the logits and the sink; its place is n if it is the sink, and else anything less */
};

/* How the n > 0 logits l of a row are made. False if it is not a row for loops that make logits in registers. */
static ALWAYS_INLINE bool find_made_steps(struct made_row *row) {
    find_runs(&row->l, row->n, &row->runs);
    return find_logit_steps(&row->l, row->n, &row->runs, &row->what);
}

/* Whether the row's logits are its entries, or these times a scale > 0: maxima follow then from those of entries. */
static inline bool follows_entries(const struct made_row *row) {
    return row->what == 0 || only_scaled_up(row->what, &row->l);
}

/* The magnitude up to which a largest logit is one for these loops: low parts need care where logits are large. */
static inline real largest_made(const struct made_row *row) {
    return have_low_parts(row->what) ? LOW_LIMIT / 2 : REAL_LARGEST;
}

/* The maximum, with the second largest logit if `two`. False if the row is not for these loops after all: the maximum
 * is not finite or too large, or there is a NaN. */
static ALWAYS_INLINE bool find_made_maximum(bool two, struct made_row *row) {
    const logits *l = &row->l;
    v_t sum = v_set1(0);
    if (row->what == 0) {
        row->maximum = maximum_of_entries(two, row->n, l->x);
    } else if (follows_entries(row)) {
        const struct maximum x = maximum_of_entries(two, row->n, l->x);
        row->maximum = scaled_maximum(&x, l->scale);
    } else {
        row->maximum = maximum_of_made(row->what, two, l, &row->runs, &sum);
    }
    if (m_any(v_unordered(sum, sum)) || !isfinite(row->maximum.high)) {
        return false;
    }
    row->maximum.argmax = 0;
    if (l->sink != NULL) {
        const struct maximum sink = {*l->sink, 0, -(real)INFINITY, 0};
        if (isnan(sink.high) || sink.high == (real)INFINITY) {
            return false;
        }
        merge_maxima(&row->maximum, &sink, row->n);
    }
    return fabs((double)row->maximum.high) <= (double)largest_made(row);
}

static ALWAYS_INLINE bool start_made_row(bool two, struct made_row *row) {
    return find_made_steps(row) && find_made_maximum(two, row);
}

#endif
