/* Maxima and exact sums of terms of V_LANES columns or rows at once, each in a lane of its own. Nothing is ever added
 * across lanes. Entry j of lane i is at x[j * ldx + i].
 *
 * Softmax's terms are relative to the largest entry. Those of logarithms leave one largest entry out and are relative
 * to the second largest (log_stats_template.h). Lanes cannot skip an entry that stands elsewhere in each of them. So
 * the largest one is clamped to the second largest, whose known term is taken off the sum, before all others: that is
 * exact, and costs one operation an entry where finding the largest would take six.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LANE_SUMS_TEMPLATE_H
#define SMX_LANE_SUMS_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/wide.h"

#include <math.h>
#include <string.h>

#include "limb_sum_template.h"
#include "row_terms_template.h"
#include "term_loop_template.h"
#include "term_template.h"
#include "vector_helpers_template.h"

/* In f64 two limbs have no room for more than TERMS_FEW terms. Longer columns empty theirs into an integer of 128 bits
 * after each block. In f32 such columns do not come here. */
#define LANES_SPILLING (LIMBS_SPILL ? LANES_MOST : 1)

/* Per lane: the statistics that its column's results follow from. */
struct lane_sums {
    int64_t top[LANES_MOST], middle[LANES_MOST]; /* of the sum; of TERMS_FEW terms at most */
    struct wide spilled[LANES_SPILLING];         /* the rest of the sum, if `spills` */
    bool spills;
    real largest[LANES_MOST], second[LANES_MOST]; /* entries, or logits: then high parts */
    real largest_low[LANES_MOST];                 /* the low part of the largest; 0 of entries */
    real reference[LANES_MOST];                   /* what terms are relative to, if not to the largest */
    real high[LANES_MOST], low[LANES_MOST];       /* what results are made with */
};

/* The largest entries so far, the second largest if wanted, and where there was a NaN. Two equal entries are both: the
 * second largest is then the largest. */
static ALWAYS_INLINE void update_maxima(v_t x, bool second_wanted, v_t *largest, v_t *second, m_t *nan) {
    if (second_wanted) {
        *second = v_max(*second, v_min(*largest, x));
    }
    *largest = v_max(*largest, x);
    *nan = m_or(*nan, v_unordered(x, x));
}

/* Of no entries. Null second: it is not wanted. */
static ALWAYS_INLINE void start_maxima(real *largest, real *second) {
    v_t lowest = v_set1(-(real)INFINITY);
    v_store(largest, lowest);
    if (second != NULL) {
        v_store(second, lowest);
    }
}

/* Each column's largest entry so far, and its second largest unless `second` is null, with n more; false if one of
 * these is NaN. */
static ALWAYS_INLINE bool extend_maxima(size_t lanes, size_t n, const real *x, size_t ldx, real *largest,
                                        real *second) {
    v_t first = v_load(largest), next = second != NULL ? v_load(second) : first;
    m_t nan = m_none();
    for (size_t j = 0; j < n; j++) {
        update_maxima(load_lanes(x + j * ldx, lanes), second != NULL, &first, &next, &nan);
    }
    v_store(largest, first);
    if (second != NULL) {
        v_store(second, next);
    }
    return !m_any(nan);
}

/* The same of n entries; false if a largest is not finite. */
static ALWAYS_INLINE bool lane_maxima(size_t lanes, size_t n, const real *x, size_t ldx, real *largest, real *second) {
    start_maxima(largest, second);
    bool numbers = extend_maxima(lanes, n, x, ldx, largest, second);
    return finite_lanes(v_load(largest)) && numbers;
}

/* Adds the lanes of one limb to the columns' sums, without the constant's bits. Integers of 32 bits become ones of
 * 64. */
static inline void flush_lanes(i_t limb, real constant, size_t additions, int64_t *sums) {
    real_signed values[LANES_MOST];
    i_store(values, i_sub(limb, i_set1((real_bits)additions * bits_of_real(constant))));
    for (size_t i = 0; i < V_LANES; i++) {
        sums[i] += values[i];
    }
}

static ALWAYS_INLINE bool may_spill(const struct lane_sums *s) { return LIMBS_SPILL && s->spills; }

/* Empties one lane's limbs into its integer of 128 bits, if its column is that long. */
static inline void spill_lane(struct lane_sums *s, size_t i) {
    if (may_spill(s)) {
        const int64_t limbs[3] = {s->top[i], s->middle[i], 0};
        add_limbs(&s->spilled[i], limbs, SHIFT_TOP_TERMS);
        s->top[i] = s->middle[i] = 0;
    }
}

/* Sums of none of n terms; or (second) of minus the term of the reference, since the largest entry will be counted as
 * one, but with its own low part. */
static ALWAYS_INLINE void start_lane_sums(bool second, size_t n, struct lane_sums *s) {
    for (size_t i = 0; i < V_LANES; i++) {
        s->top[i] = s->middle[i] = 0;
    }
    s->spills = n > TERMS_FEW;
    if (may_spill(s)) {
        memset(s->spilled, 0, sizeof s->spilled);
    }
    if (second) {
        const struct grid g = grid_of_terms();
        i_t zero = i_set1(0), top = zero, middle = zero, none = zero;
        v_t reference = v_load(s->reference), magic = term_magic(reference, term_offset(reference));
        const struct term_run run = {.count = 1, .lanes = V_LANES, .x = s->reference, .low = s->largest_low};
        add_term_run(TERMS_OF_PAIRS, &run, reference, magic, &top, &middle, &none);
        /* -(top - G): the constant is taken off -1 times. */
        flush_lanes(i_sub(zero, top), g.top, (size_t)-1, s->top);
        flush_lanes(i_sub(zero, middle), g.middle, (size_t)-1, s->middle);
    }
}

/* Adds the terms of a run, relative to the reals of `relative_to`, to the sums: to the largest entries, or to
 * s->reference, with the largest among them (TERMS_CLAMPED, after start_lane_sums has taken off its term) or not. Where
 * terms are stored, that of a clamped entry means nothing. */
static ALWAYS_INLINE void add_lane_terms(enum term_kind kind, const struct term_run *run, const real *relative_to,
                                         struct lane_sums *s) {
    const struct grid g = grid_of_terms();
    v_t reference = v_load(relative_to), magic = term_magic(reference, term_offset(reference));
    bool far = far_from_zero(reference);
    struct term_run part = *run;
    for (size_t j = 0; j < run->count; j += part.count) {
        i_t top = i_set1(0), middle = top, none = top;
        part.count = run->count - j < SUM_BLOCK ? run->count - j : SUM_BLOCK;
        part.x = run->x + j * run->step;
        part.e = run->e == NULL ? NULL : run->e + j * run->e_step;
        part.prefetch.from = run->prefetch.from + j * run->prefetch.step;
        if (far) {
            add_term_run(kind, &part, reference, magic, &top, &middle, &none);
        } else {
            add_term_run(kind == TERMS_CLAMPED ? TERMS_CLAMPED_NO_OFFSET : TERMS_NO_OFFSET, &part, reference, magic,
                         &top, &middle, &none);
        }
        flush_lanes(top, g.top, part.count, s->top);
        flush_lanes(middle, g.middle, part.count, s->middle);
        for (size_t i = 0; i < V_LANES && may_spill(s); i++) {
            spill_lane(s, i);
        }
    }
}

/* The sum of one lane, as a row's. */
static inline struct term_sum sum_of_lane(const struct lane_sums *s, size_t i) {
    struct term_sum sum = {.in_limbs = !may_spill(s)};
    if (!sum.in_limbs) {
        sum.wide = s->spilled[i];
    }
    const int64_t limbs[3] = {s->top[i], s->middle[i], 0};
    add_to_term_sum(&sum, limbs);
    return sum;
}

#endif
