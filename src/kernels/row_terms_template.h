/* The terms exp(x - max) of a row, or of a part of one, and their exact sum. docs/bits.md, "Forward", steps 2 to 4.
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_ROW_TERMS_TEMPLATE_H
#define SMX_ROW_TERMS_TEMPLATE_H

#include "../pair.h"
#include "../wide.h"

#include <math.h>

#include "limb_sum_template.h"
#include "term_loop_template.h"
#include "term_template.h"

/* What the terms of a row are relative to: docs/bits.md, "Forward", step 2. */
struct term_reference {
    real max, low;  /* the maximum, and what a rounded logit lacks */
    bool corrected; /* whether the terms are such that the maximum's has no rounding error */
};

static inline enum term_kind term_kind_of_row(real max, size_t row_n, bool pair) {
    if (max == (real)INFINITY) {
        return TERMS_AT_INFINITY;
    }
    if (row_n >= WIDE_FROM) {
        return pair ? TERMS_OF_PAIRS_LONG_ROW : TERMS_LONG_ROW;
    }
    if (pair) {
        return TERMS_OF_PAIRS;
    }
    return max < OFFSET_FROM && max > -OFFSET_FROM ? TERMS_NO_OFFSET : TERMS_OFFSET;
}

/* The terms of up to SUM_BLOCK vectors, written to e unless it is null, and their sum; null: it is not wanted, as where
 * terms of masked places are among them, whose lanes could pass 2^63. */
static void terms_of_vectors(enum term_kind kind, size_t n, const real *x, const real *low, uintptr_t ahead,
                             v_t reference, v_t magic, v_t correction, real *e, int64_t sums[3]) {
    const struct grid g = grid_unsigned(TERM_SCALE);
    i_t top = i_set1(0), middle = top, bottom = top;
    size_t count;
    switch (kind) {
    case TERMS_NO_OFFSET:
        count = add_row_vectors(TERMS_NO_OFFSET, n, x, NULL, ahead, reference, magic, correction, e, &top, &middle,
                                &bottom);
        break;
    case TERMS_OFFSET:
    default:
        count =
            add_row_vectors(TERMS_OFFSET, n, x, NULL, ahead, reference, magic, correction, e, &top, &middle, &bottom);
        break;
    case TERMS_LONG_ROW:
        count =
            add_row_vectors(TERMS_LONG_ROW, n, x, NULL, ahead, reference, magic, correction, e, &top, &middle, &bottom);
        break;
    case TERMS_OF_PAIRS:
        count =
            add_row_vectors(TERMS_OF_PAIRS, n, x, low, ahead, reference, magic, correction, e, &top, &middle, &bottom);
        break;
    case TERMS_OF_PAIRS_LONG_ROW:
        count = add_row_vectors(TERMS_OF_PAIRS_LONG_ROW, n, x, low, ahead, reference, magic, correction, e, &top,
                                &middle, &bottom);
        break;
    case TERMS_CLAMPED:
        count =
            add_row_vectors(TERMS_CLAMPED, n, x, NULL, ahead, reference, magic, correction, e, &top, &middle, &bottom);
        break;
    case TERMS_AT_INFINITY:
        count = add_terms_at_infinity(n, x, e, &top, &middle);
        break;
    }
    if (sums != NULL) {
        sums[0] = sum_lanes(top, g.top, count);
        sums[1] = sum_lanes(middle, g.middle, count);
        sums[2] = three_limbs(kind) ? sum_lanes(bottom, g.low, count) : 0;
    }
}

/* The sum of a row's terms. Few of them are added up limb by limb: a wide integer takes longer than a short row. */
struct term_sum {
    bool in_limbs;
    int64_t limbs[3];
    struct wide wide;
};

static inline struct term_sum empty_term_sum(size_t n, size_t row_n) {
    struct term_sum sum = {.in_limbs = n <= TERMS_FEW && row_n < WIDE_FROM};
    return sum;
}

static inline void add_to_term_sum(struct term_sum *sum, const int64_t limbs[3]) {
    if (sum->in_limbs) {
        sum->limbs[0] += limbs[0];
        sum->limbs[1] += limbs[1];
    } else {
        add_limbs(&sum->wide, limbs, SHIFT_TOP_UNSIGNED);
    }
}

static inline struct wide wide_of_term_sum(const struct term_sum *sum) {
    struct wide wide = sum->wide;
    if (sum->in_limbs) {
        add_limbs(&wide, sum->limbs, SHIFT_TOP_UNSIGNED);
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

/* The terms of n entries of a row of row_n; their sum is added to *sum, unless that is null. x alone (low null) or x +
 * low; e may be null, or x. */
static void add_terms(size_t n, const real *x, const real *low, const struct term_reference *ref, size_t row_n, real *e,
                      struct term_sum *sum) {
    enum term_kind kind = term_kind_of_row(ref->max, row_n, low != NULL);
    v_t max = v_set1(kind == TERMS_AT_INFINITY ? 0 : ref->max), magic = term_magic(max, term_offset(max));
    v_t correction = v_set1(0);
    if (ref->corrected) {
        correction = term_correction(max, v_set1(ref->low), magic);
    }
    for (size_t done = 0; done < n;) {
        size_t block = n - done < SUM_BLOCK * V_LANES ? n - done : SUM_BLOCK * V_LANES;
        int64_t limbs[3];
        terms_of_vectors(kind, block, x + done, low == NULL ? NULL : low + done, prefetch_distance(row_n), max, magic,
                         correction, e == NULL ? NULL : e + done, sum == NULL ? NULL : limbs);
        if (sum != NULL) {
            add_to_term_sum(sum, limbs);
        }
        done += block;
    }
}

/* The same for a part of a row of entries with the given maximum. */
static void row_terms(size_t n, const real *x, real max, size_t row_n, real *e, struct wide *sum) {
    const struct term_reference ref = {max, 0, true};
    struct term_sum terms = {.in_limbs = false, .wide = *sum};
    add_terms(n, x, NULL, &ref, row_n, e, &terms);
    *sum = terms.wide;
}

#endif
