/* The loop that makes the terms of many entries and adds them up in limbs. Softmax, its logarithms and cross-entropy
 * spend their time here. term_template.h has one term's arithmetic, limb_sum_template.h the sum's.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_TERM_LOOP_TEMPLATE_H
#define SMX_TERM_LOOP_TEMPLATE_H

#include "../base/attributes.h"

#include <math.h>

#include "kernels.h"
#include "limb_sum_template.h"
#include "logit_vectors_template.h"
#include "term_template.h"
#include "vector_helpers_template.h"

/* Each kind is compiled as a loop of its own, without the operations that it does not need. */
enum term_kind {
    TERMS_NO_OFFSET,         /* of a small maximum: x itself goes to exp; two limbs, as all but long rows */
    TERMS_OFFSET,            /* of any maximum: x - max */
    TERMS_LONG_ROW,          /* the same in three limbs */
    TERMS_AT_INFINITY,       /* of a row whose +inf entries share all mass: 1 for each of them, 0 else */
    TERMS_OF_PAIRS,          /* of logits x + low */
    TERMS_OF_PAIRS_LONG_ROW, /* the same in three limbs */
    TERMS_CLAMPED,           /* as TERMS_OFFSET, and entries above the reference count as it */
    TERMS_CLAMPED_NO_OFFSET,
    TERMS_SCALED,         /* of logits made in the loop: of a small maximum, by a scale > 0 and nothing else */
    TERMS_SCALED_EXACTLY, /* the same with a power of two */
    TERMS_MADE,           /* of logits made in the loop, in any steps */
    TERMS_SCALED_CLAMPED, /* these three, clamped as TERMS_CLAMPED, but only their high parts */
    TERMS_SCALED_EXACTLY_CLAMPED,
    TERMS_MADE_CLAMPED,
    TERMS_MADE_LONG_ROW /* as TERMS_MADE_CLAMPED, in three limbs */
};

/* What a kind says; it is a constant, so these cost nothing. */
static ALWAYS_INLINE bool three_limbs(enum term_kind kind) {
    return kind == TERMS_LONG_ROW || kind == TERMS_OF_PAIRS_LONG_ROW || kind == TERMS_MADE_LONG_ROW;
}
static ALWAYS_INLINE bool clamped(enum term_kind kind) {
    return kind == TERMS_CLAMPED || kind == TERMS_CLAMPED_NO_OFFSET;
}
static ALWAYS_INLINE bool without_offset(enum term_kind kind) {
    return kind == TERMS_NO_OFFSET || kind == TERMS_CLAMPED_NO_OFFSET;
}
static ALWAYS_INLINE bool of_pairs(enum term_kind kind) {
    return kind == TERMS_OF_PAIRS || kind == TERMS_OF_PAIRS_LONG_ROW;
}
static ALWAYS_INLINE bool of_made_logits(enum term_kind kind) {
    return kind >= TERMS_SCALED && kind <= TERMS_MADE_LONG_ROW;
}

static ALWAYS_INLINE bool of_scaled_entries(enum term_kind kind) {
    return kind == TERMS_SCALED || kind == TERMS_SCALED_EXACTLY || kind == TERMS_SCALED_CLAMPED ||
           kind == TERMS_SCALED_EXACTLY_CLAMPED;
}
static ALWAYS_INLINE bool scaled_exactly(enum term_kind kind) {
    return kind == TERMS_SCALED_EXACTLY || kind == TERMS_SCALED_EXACTLY_CLAMPED;
}

/* Kinds that softmax alone has always say where terms go. */
static ALWAYS_INLINE bool always_stored(enum term_kind kind) {
    return kind == TERMS_SCALED || kind == TERMS_SCALED_EXACTLY || kind == TERMS_MADE;
}

/* ---- Prefetching ---- */

/* What follows these entries in memory is most often the next rows. This loop is busy with arithmetic, so it is the
 * time to bring them near: each turn fetches what lies PREFETCH_BYTES ahead.
 *
 * A longer row's own entries are near already: the pass for its maximum has read them. So what is fetched lies the
 * row's length ahead. Not for rows longer than PREFETCH_ROW_BYTES: the cache would lose it before it is needed. This
 * is how far ahead a row of this length fetches, in bytes. */
static inline uintptr_t prefetch_distance(size_t row_n) {
    uintptr_t row = row_n * sizeof(real);
    return row > PREFETCH_BYTES && row <= PREFETCH_ROW_BYTES ? row : PREFETCH_BYTES;
}

/* What is fetched with the first vector, and how far from there the next ones fetch. As an integer: it may lie beyond
 * the array, where a pointer must not point. */
struct prefetch {
    uintptr_t from, step;
};

static ALWAYS_INLINE struct prefetch prefetch_from(const real *x, uintptr_t bytes) {
    return (struct prefetch){(uintptr_t)x + bytes, V_LANES * sizeof(real)};
}

/* ---- The loop ---- */

/* A run of `count` vectors of logits, of which the first `lanes` lanes are there, and where their terms go. */
struct term_run {
    size_t count, lanes;
    const real *x, *low; /* logits x, or x + low if they are pairs */
    size_t step;         /* from one vector of x and low to the next */
    const logits *l;     /* where logits are made in the loop: of this row, from the entry `at` on, in these steps */
    size_t at;
    unsigned what;
    size_t ahead; /* how many entries further on masks are fetched */
    real *e;      /* where the terms go; null: nowhere */
    size_t e_step;
    struct prefetch prefetch;
};

/* The j-th vector of a run of logits that are made here, range-reduced.
 *
 * Scaled ones need no second look at what is far below. An entry below `floor` is replaced by it: its term is 0, as
 * that of any entry whose logit is not above term_lowest, and as there is no lesser one, no power's field wraps. The
 * logit of `floor` is term_lowest but for its rounding, which is far from half a power. */
static ALWAYS_INLINE v_t reduce_made_logits(enum term_kind kind, const struct term_run *run, size_t j, v_t reference,
                                            v_t magic, v_t *shifted) {
    const logits *l = run->l;
    const v_t lowest = term_lowest(magic);
    const size_t at = run->at + j * V_LANES;
    v_t low, high;
    if (of_scaled_entries(kind)) {
        v_t scale = v_set1(l->scale), floor = v_div(lowest, scale);
        v_t x = run->lanes == V_LANES ? v_load(l->x + at) : v_load_n(l->x + at, run->lanes, floor);
        x = v_max(x, floor);
        high = v_mul(scale, x);
        low = v_fms(scale, x, high);
        high = always_stored(kind) ? high : v_min(high, reference);
        return reduce(high, scaled_exactly(kind) ? NULL : &low, magic, shifted);
    }
    high = made_logits(run->what, l, at, run->lanes, &low);
    high = always_stored(kind) ? high : v_min(high, reference);
    v_t v = v_max(v_sub(high, term_offset(reference)), lowest);
    return reduce(v, have_low_parts(run->what) ? &low : NULL, magic, shifted);
}

/* The j-th vector of a run, range-reduced. Lanes that are not there are -inf, whose terms are 0. */
static ALWAYS_INLINE v_t reduce_vector(enum term_kind kind, const struct term_run *run, size_t j, v_t reference,
                                       v_t magic, v_t *shifted) {
    if (of_made_logits(kind)) {
        return reduce_made_logits(kind, run, j, reference, magic, shifted);
    }
    const real *x = run->x + j * run->step;
    v_t offset = term_offset(reference), lowj = v_set1(0);
    v_t xj = run->lanes == V_LANES ? v_load(x) : v_load_n(x, run->lanes, v_set1(-(real)INFINITY));
    if (of_pairs(kind)) {
        lowj = load_lanes(run->low + j * run->step, run->lanes);
    }
    xj = clamped(kind) ? v_min(xj, reference) : xj;
    v_t v = v_max(without_offset(kind) ? xj : v_sub(xj, offset), term_lowest(magic));
    return reduce(v, of_pairs(kind) ? &lowj : NULL, magic, shifted);
}

/* Adds terms to the limbs that their kind has. */
static ALWAYS_INLINE void add_to_limbs(enum term_kind kind, v_t e, i_t *top, i_t *middle, i_t *low) {
    const struct grid g = grid_of_terms();
    if (three_limbs(kind)) {
        add_to_three(e, &g, top, middle, low);
    } else {
        add_to_two(e, &g, top, middle);
    }
}

/* Fetches what masks have for the vector that lies `ahead` of the j-th. */
static ALWAYS_INLINE void prefetch_masks(const struct term_run *run, size_t j) {
    const size_t at = run->at + j * V_LANES + run->ahead;
    if ((run->what & LOGITS_ADDED) != 0) {
        v_prefetch((const real *)((uintptr_t)run->l->add + at * sizeof(real))); /* NOLINT(performance-no-int-to-ptr) */
    }
    if ((run->what & LOGITS_KEPT) != 0) {
        v_prefetch((const real *)((uintptr_t)run->l->keep + at)); /* NOLINT(performance-no-int-to-ptr) */
    }
}

/* Where terms are stored, their sum is this many vectors behind. It reads them back, so that it hangs on no chain of
 * its turn's, and the schedulers have the room for more terms under way. */
#define SUM_BEHIND ((size_t)8)

/* Whether vectors are reduced two turns before their terms are made, not one: their polynomials then wait for nothing,
 * and hold up nothing that comes after them. Kinds with more to do for each vector lack the registers
 * (docs/tuning.md). */
static ALWAYS_INLINE bool two_turns_ahead(enum term_kind kind) {
    return kind == TERMS_NO_OFFSET || kind == TERMS_OFFSET;
}

/* The terms of a run that says where they go. */
static ALWAYS_INLINE void add_stored_terms(enum term_kind kind, const struct term_run *run, v_t reference, v_t magic,
                                           i_t *top, i_t *middle, i_t *low) {
    const bool two = two_turns_ahead(kind);
    const size_t count = run->count, lanes = run->lanes, turns = two ? 2 : 1;
    uintptr_t ahead = run->prefetch.from;
    real *e = run->e;
    const real *behind = e;
    v_t shifted, r = reduce_vector(kind, run, 0, reference, magic, &shifted), shifted_second = shifted, r_second = r;
    if (two && count > 1) {
        r_second = reduce_vector(kind, run, 1, reference, magic, &shifted_second);
    }
    for (size_t j = turns; j < count; j++) {
        v_t shifted_next, r_next = reduce_vector(kind, run, j, reference, magic, &shifted_next);
        store_lanes(e, term_of_reduced(r, shifted), lanes);
        e += run->e_step;
        if (j >= turns + SUM_BEHIND) {
            add_to_limbs(kind, load_lanes(behind, lanes), top, middle, low);
            behind += run->e_step;
        }
        v_prefetch((const real *)ahead); /* NOLINT(performance-no-int-to-ptr) */
        if (of_made_logits(kind)) {
            prefetch_masks(run, j);
        }
        ahead += run->prefetch.step;
        r = two ? r_second : r_next;
        shifted = two ? shifted_second : shifted_next;
        r_second = r_next;
        shifted_second = shifted_next;
    }
    store_lanes(e, term_of_reduced(r, shifted), lanes);
    if (two && count > 1) {
        store_lanes(e + run->e_step, term_of_reduced(r_second, shifted_second), lanes);
    }
    for (size_t j = count > turns + SUM_BEHIND ? count - turns - SUM_BEHIND : 0; j < count; j++) {
        add_to_limbs(kind, load_lanes(behind, lanes), top, middle, low);
        behind += run->e_step;
    }
}

/* The terms of a run that are wanted for their sum alone: each turn adds those of the turn before. */
static ALWAYS_INLINE void add_unstored_terms(enum term_kind kind, const struct term_run *run, v_t reference, v_t magic,
                                             i_t *top, i_t *middle, i_t *low) {
    uintptr_t ahead = run->prefetch.from;
    v_t shifted, r = reduce_vector(kind, run, 0, reference, magic, &shifted), e = v_set1(0);
    for (size_t j = 1; j < run->count; j++) {
        v_t shifted_next, r_next = reduce_vector(kind, run, j, reference, magic, &shifted_next);
        v_t e_next = term_of_reduced(r, shifted);
        if (j > 1) {
            add_to_limbs(kind, e, top, middle, low);
        }
        v_prefetch((const real *)ahead); /* NOLINT(performance-no-int-to-ptr) */
        if (of_made_logits(kind)) {
            prefetch_masks(run, j);
        }
        ahead += run->prefetch.step;
        r = r_next;
        shifted = shifted_next;
        e = e_next;
    }
    if (run->count > 1) {
        add_to_limbs(kind, e, top, middle, low);
    }
    add_to_limbs(kind, term_of_reduced(r, shifted), top, middle, low);
}

/* The terms of a run of at least one vector, relative to `reference`, whose term_magic `magic` is. They are added to
 * the limbs, which take SUM_BLOCK vectors, and stored if the run says where. */
static ALWAYS_INLINE void add_term_run(enum term_kind kind, const struct term_run *run, v_t reference, v_t magic,
                                       i_t *top, i_t *middle, i_t *low) {
    if (always_stored(kind) || run->e != NULL) {
        add_stored_terms(kind, run, reference, magic, top, middle, low);
    } else {
        add_unstored_terms(kind, run, reference, magic, top, middle, low);
    }
}

/* ---- A part of a row ---- */

/* n entries of a row that lie one after the other. */
struct row_part {
    size_t n;
    const real *x, *low; /* as in struct term_run */
    const logits *l;
    size_t at;
    unsigned what;
    real *e;
    uintptr_t prefetch; /* bytes ahead */
};

/* As add_term_run, of whole vectors, with a loop for each common set of steps. */
static ALWAYS_INLINE void add_whole_vectors(enum term_kind kind, const struct term_run *run, v_t reference, v_t magic,
                                            i_t *top, i_t *middle, i_t *low) {
    if (kind != TERMS_MADE && kind != TERMS_MADE_CLAMPED) {
        add_term_run(kind, run, reference, magic, top, middle, low);
        return;
    }
    struct term_run of_steps = *run;
    switch (run->what) {
#define SMX_TERMS_OF_STEPS(steps)                                          \
    case steps:                                                            \
        of_steps.what = steps;                                             \
        add_term_run(kind, &of_steps, reference, magic, top, middle, low); \
        break;
        EACH_COMMON_LOGIT_STEPS(SMX_TERMS_OF_STEPS)
#undef SMX_TERMS_OF_STEPS
    default:
        add_term_run(kind, run, reference, magic, top, middle, low);
    }
}

/* The terms of a part of a row, by whole vectors and one partial one; returns how many vectors were added. */
static ALWAYS_INLINE size_t add_terms_of_part(enum term_kind kind, const struct row_part *row, v_t reference, v_t magic,
                                              i_t *top, i_t *middle, i_t *low) {
    const size_t count = row->n / V_LANES, left = row->n % V_LANES, from = row->n - left;
    const struct prefetch prefetch = prefetch_from(row->x, row->prefetch);
    logits l; /* a copy, of which compilers know that no term is stored there */
    if (of_made_logits(kind)) {
        l = *row->l;
    }
    if (count != 0) {
        const struct term_run run = {.count = count,
                                     .lanes = V_LANES,
                                     .x = row->x,
                                     .low = row->low,
                                     .step = V_LANES,
                                     .l = &l,
                                     .at = row->at,
                                     .what = row->what,
                                     .ahead = row->prefetch / sizeof(real),
                                     .e = row->e,
                                     .e_step = V_LANES,
                                     .prefetch = prefetch};
        add_whole_vectors(kind, &run, reference, magic, top, middle, low);
    }
    if (left != 0) {
        const real *x_low = of_pairs(kind) ? row->low + from : NULL;
        const struct term_run run = {.count = 1,
                                     .lanes = left,
                                     .x = row->x + from,
                                     .low = x_low,
                                     .l = &l,
                                     .at = row->at + from,
                                     .what = row->what,
                                     .e = row->e == NULL ? NULL : row->e + from,
                                     .prefetch = prefetch};
        add_term_run(kind, &run, reference, magic, top, middle, low);
    }
    return count + (left != 0);
}

/* The same where +inf entries share all mass: 1 for each of them. */
static inline size_t add_terms_at_infinity(const struct row_part *row, i_t *top, i_t *middle) {
    v_t zero = v_set1(0), infinity = v_set1((real)INFINITY), one = v_set1(power_of_two(TERM_SCALE));
    size_t count = 0;
    for (size_t j = 0; j < row->n; j += V_LANES, count++) {
        size_t lanes = row->n - j < V_LANES ? row->n - j : V_LANES;
        v_t e = v_keep(v_eq(v_load_n(row->x + j, lanes, zero), infinity), one);
        add_to_limbs(TERMS_AT_INFINITY, e, top, middle, NULL);
        if (row->e != NULL) {
            store_lanes(row->e + j, e, lanes);
        }
    }
    return count;
}

#endif
