/* The terms exp(x - max) of a row, or of a part of one, and their exact sum. docs/bits.md, "Forward", steps 2 to 4.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_ROW_TERMS_TEMPLATE_H
#define SMX_ROW_TERMS_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/pair.h"
#include "../base/wide.h"

#include <math.h>

#include "limb_sum_template.h"
#include "term_loop_template.h"
#include "term_template.h"

/* `pairs`: logits are x + low. */
static inline enum term_kind term_kind_of_row(real max, size_t row_n, bool pairs) {
    if (max == (real)INFINITY) {
        return TERMS_AT_INFINITY;
    }
    if (row_n >= WIDE_FROM) {
        return pairs ? TERMS_OF_PAIRS_LONG_ROW : TERMS_LONG_ROW;
    }
    if (pairs) {
        return TERMS_OF_PAIRS;
    }
    return max < OFFSET_FROM && max > -OFFSET_FROM ? TERMS_NO_OFFSET : TERMS_OFFSET;
}

/* The terms of up to SUM_BLOCK vectors, and their sum in limbs. Null sums: it is not wanted, as where terms of masked
 * places are among them, whose lanes could pass 2^63. A constant `kind` makes a loop of its own. */
static ALWAYS_INLINE void add_part_of_kind(enum term_kind kind, const struct row_part *part, v_t reference, v_t magic,
                                           int64_t sums[3]) {
    const struct grid g = grid_of_terms();
    i_t top = i_set1(0), middle = top, low = top;
    size_t count = kind == TERMS_AT_INFINITY ? add_terms_at_infinity(part, &top, &middle)
                                             : add_terms_of_part(kind, part, reference, magic, &top, &middle, &low);
    if (sums != NULL) {
        sums[0] = sum_lanes(top, g.top, count);
        sums[1] = sum_lanes(middle, g.middle, count);
        sums[2] = three_limbs(kind) ? sum_lanes(low, g.low, count) : 0;
    }
}

/* A function for each kind: in one for all, compilers would keep the constants of all loops. */
#define EACH_TERM_KIND(X)           \
    X(TERMS_NO_OFFSET)              \
    X(TERMS_OFFSET)                 \
    X(TERMS_LONG_ROW)               \
    X(TERMS_AT_INFINITY)            \
    X(TERMS_OF_PAIRS)               \
    X(TERMS_OF_PAIRS_LONG_ROW)      \
    X(TERMS_CLAMPED)                \
    X(TERMS_CLAMPED_NO_OFFSET)      \
    X(TERMS_SCALED)                 \
    X(TERMS_SCALED_EXACTLY)         \
    X(TERMS_MADE)                   \
    X(TERMS_SCALED_CLAMPED)         \
    X(TERMS_SCALED_EXACTLY_CLAMPED) \
    X(TERMS_MADE_CLAMPED)           \
    X(TERMS_MADE_LONG_ROW)
#define SMX_ADD_PART(kind)                                                                                         \
    NOT_INLINE static void add_part_##kind(const struct row_part *part, v_t reference, v_t magic, int64_t *sums) { \
        add_part_of_kind(kind, part, reference, magic, sums);                                                      \
    }
EACH_TERM_KIND(SMX_ADD_PART)
#undef SMX_ADD_PART

/* The same for any kind that a row's maximum leads to. */
static inline void add_part(enum term_kind kind, const struct row_part *part, v_t reference, v_t magic,
                            int64_t sums[3]) {
    static void (*const parts[])(const struct row_part *, v_t, v_t, int64_t *) = {
#define SMX_ADD_PART(kind) [kind] = add_part_##kind,
        EACH_TERM_KIND(SMX_ADD_PART)
#undef SMX_ADD_PART
    };
    parts[kind](part, reference, magic, sums);
}

/* The sum of a row's terms. Few terms are added up limb by limb: an integer of 128 bits takes longer than a short
 * row. */
struct term_sum {
    bool in_limbs;
    int64_t limbs[3];
    struct wide wide;
};

/* For n terms of a row of row_n. */
static inline struct term_sum empty_term_sum(size_t n, size_t row_n) {
    struct term_sum sum = {.in_limbs = n <= TERMS_FEW && row_n < WIDE_FROM};
    return sum;
}

static inline void add_to_term_sum(struct term_sum *sum, const int64_t limbs[3]) {
    if (sum->in_limbs) {
        sum->limbs[0] += limbs[0];
        sum->limbs[1] += limbs[1];
    } else {
        add_limbs(&sum->wide, limbs, SHIFT_TOP_TERMS);
    }
}

static inline struct wide wide_of_term_sum(const struct term_sum *sum) {
    struct wide wide = sum->wide;
    if (sum->in_limbs) {
        add_limbs(&wide, sum->limbs, SHIFT_TOP_TERMS);
    }
    return wide;
}

/* A sum of terms, as a pair: 1 for a term of 1. */
static inline struct pair pair_of_sum(const struct term_sum *sum) {
    double parts[2];
    if (sum->in_limbs && pair_of_limbs(sum->limbs, parts)) {
        return (struct pair){parts[0], parts[1]};
    }
    return pair_scaled(pair_of_wide(wide_of_term_sum(sum)), SUM_UNIT);
}

/* The terms of n entries of a row of row_n, whose logits are x, or x + low, relative to max. They go to e, which may be
 * null, or x. Their sum is added to *sum, unless that is null. */
static void add_terms(size_t n, const real *x, const real *low, real max, size_t row_n, real *e, struct term_sum *sum) {
    enum term_kind kind = term_kind_of_row(max, row_n, low != NULL);
    v_t reference = v_set1(kind == TERMS_AT_INFINITY ? 0 : max), magic = term_magic(reference, term_offset(reference));
    for (size_t done = 0; done < n;) {
        size_t block = n - done < SUM_BLOCK * V_LANES ? n - done : SUM_BLOCK * V_LANES;
        int64_t limbs[3];
        real *to = e == NULL ? NULL : e + done;
        const struct row_part part = {.n = block,
                                      .x = x + done,
                                      .low = low == NULL ? NULL : low + done,
                                      .e = to,
                                      .prefetch = prefetch_distance(row_n)};
        add_part(kind, &part, reference, magic, sum == NULL ? NULL : limbs);
        if (sum != NULL) {
            add_to_term_sum(sum, limbs);
        }
        done += block;
    }
}

/* The terms of a part of a row of row_n whose maximum is max; their sum is added to *sum. */
NOT_INLINE static void row_terms(size_t n, const real *x, real max, size_t row_n, real *e, struct wide *sum) {
    struct term_sum terms = {.in_limbs = false, .wide = *sum};
    add_terms(n, x, NULL, max, row_n, e, &terms);
    *sum = terms.wide;
}

#endif
