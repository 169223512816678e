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
struct reference {
    real max, low;  /* the maximum, and what a rounded logit lacks */
    bool corrected; /* whether the terms are such that the maximum's has no rounding error */
};

static inline enum terms terms_of_row(real max, size_t row_n, bool pair) {
    if (max == (real)INFINITY) {
        return LIMIT;
    }
    if (row_n >= WIDE_FROM) {
        return pair ? LONG_PAIR : LONG;
    }
    if (pair) {
        return PAIR;
    }
    return max < OFFSET_FROM && max > -OFFSET_FROM ? NEAR : FAR;
}

/* The terms of up to SUM_BLOCK vectors, written to e unless it is null, and their sum; null: it is not wanted, as where
 * terms of masked places are among them, whose lanes could pass 2^63. */
static void terms_block(enum terms kind, size_t n, const real *x, const real *low, uintptr_t ahead, v_t reference,
                        v_t magic, v_t correction, real *e, int64_t sums[3]) {
    const struct grid g = grid_unsigned(TERM_SCALE);
    i_t top = i_set1(0), middle = top, bottom = top;
    size_t count;
    switch (kind) {
    case NEAR:
        count = add_entries(NEAR, n, x, NULL, ahead, reference, magic, correction, e, &top, &middle, &bottom);
        break;
    case FAR:
    default:
        count = add_entries(FAR, n, x, NULL, ahead, reference, magic, correction, e, &top, &middle, &bottom);
        break;
    case LONG:
        count = add_entries(LONG, n, x, NULL, ahead, reference, magic, correction, e, &top, &middle, &bottom);
        break;
    case PAIR:
        count = add_entries(PAIR, n, x, low, ahead, reference, magic, correction, e, &top, &middle, &bottom);
        break;
    case LONG_PAIR:
        count = add_entries(LONG_PAIR, n, x, low, ahead, reference, magic, correction, e, &top, &middle, &bottom);
        break;
    case AT_MOST:
        count = add_entries(AT_MOST, n, x, NULL, ahead, reference, magic, correction, e, &top, &middle, &bottom);
        break;
    case LIMIT:
        count = add_limit(n, x, e, &top, &middle);
        break;
    }
    if (sums != NULL) {
        sums[0] = sum_lanes(top, g.top, count);
        sums[1] = sum_lanes(middle, g.middle, count);
        sums[2] = is_long(kind) ? sum_lanes(bottom, g.low, count) : 0;
    }
}

/* The sum of a row's terms. Few of them are added up limb by limb: a wide integer takes longer than a short row. */
struct term_sum {
    bool few;
    int64_t limbs[3];
    struct wide wide;
};

static inline struct term_sum no_terms(size_t n, size_t row_n) {
    struct term_sum sum = {.few = n <= TERMS_FEW && row_n < WIDE_FROM};
    return sum;
}

static inline void add_block(struct term_sum *sum, const int64_t limbs[3]) {
    if (sum->few) {
        sum->limbs[0] += limbs[0];
        sum->limbs[1] += limbs[1];
    } else {
        add_limbs(&sum->wide, limbs, SHIFT_TOP_UNSIGNED);
    }
}

static inline struct wide wide_of(const struct term_sum *sum) {
    struct wide wide = sum->wide;
    if (sum->few) {
        add_limbs(&wide, sum->limbs, SHIFT_TOP_UNSIGNED);
    }
    return wide;
}

/* A sum of terms, as a pair: 1 for a term of 1. */
static inline struct pair pair_of_sum(const struct term_sum *sum) {
    double parts[2];
    if (sum->few && pair_of_limbs(sum->limbs, parts)) {
        return (struct pair){parts[0], parts[1]};
    }
    return pair_scaled(pair_of_wide(wide_of(sum)), SUM_UNIT);
}

/* The terms of n entries of a row of row_n; their sum is added to *sum, unless that is null. x alone (low null) or x +
 * low; e may be null, or x. */
static void add_terms(size_t n, const real *x, const real *low, const struct reference *ref, size_t row_n, real *e,
                      struct term_sum *sum) {
    enum terms kind = terms_of_row(ref->max, row_n, low != NULL);
    v_t max = v_set1(kind == LIMIT ? 0 : ref->max), magic = term_magic(max, term_offset(max));
    v_t correction = v_set1(0);
    if (ref->corrected) {
        correction = term_correction(max, v_set1(ref->low), magic);
    }
    for (size_t done = 0; done < n;) {
        size_t block = n - done < SUM_BLOCK * V_LANES ? n - done : SUM_BLOCK * V_LANES;
        int64_t limbs[3];
        terms_block(kind, block, x + done, low == NULL ? NULL : low + done, fetch_ahead(row_n), max, magic, correction,
                    e == NULL ? NULL : e + done, sum == NULL ? NULL : limbs);
        if (sum != NULL) {
            add_block(sum, limbs);
        }
        done += block;
    }
}

/* The same for a part of a row of entries with the given maximum. */
static void row_terms(size_t n, const real *x, real max, size_t row_n, real *e, struct wide *sum) {
    const struct reference ref = {max, 0, true};
    struct term_sum terms = {.few = false, .wide = *sum};
    add_terms(n, x, NULL, &ref, row_n, e, &terms);
    *sum = terms.wide;
}

#endif
