/* Softmax forward, a row at a time: maximum, terms with their exact sum, scaling. docs/bits.md, "Forward". */
#ifndef SMX_FORWARD_H
#define SMX_FORWARD_H

#include "terms.h"

/* NaN if any entry is NaN; -inf of no entries. */
static real row_max(size_t n, const real *x) {
    v_t lowest = v_set1(-(real)INFINITY);
    v_t a = lowest, b = lowest;
    m_t nan = m_none();
    size_t j = 0;
    for (; n - j >= 2 * V_LANES; j += 2 * V_LANES) {
        v_t x0 = v_load(x + j), x1 = v_load(x + j + V_LANES);
        a = v_max(a, x0);
        b = v_max(b, x1);
        nan = m_or(nan, v_unordered(x0, x1));
    }
    for (; j < n; j += V_LANES) {
        v_t x0 = n - j < V_LANES ? v_load_n(x + j, n - j, lowest) : v_load(x + j);
        a = v_max(a, x0);
        nan = m_or(nan, v_unordered(x0, x0));
    }
    return m_any(nan) ? canonical_nan() : v_hmax(v_max(a, b));
}

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

/* The terms of n entries of a row of row_n; their sum is added to *sum, unless that is null. x alone (low null) or
 * x + low; e may be null, or x. */
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
NOT_INLINE static void row_terms(size_t n, const real *x, real max, size_t row_n, real *e, struct wide *sum) {
    const struct reference ref = {max, 0, true};
    struct term_sum terms = {.few = false, .wide = *sum};
    add_terms(n, x, NULL, &ref, row_n, e, &terms);
    *sum = terms.wide;
}

/* y = e / sum, the quotient by a reciprocal of twice the precision: one rounding. In place allowed. Two vectors a turn:
 * a loop of one takes 1.5 or 3 cycles by where it comes to lie in a cache line. */
static inline void scale_by(size_t n, const real *e, const real reciprocal[2], real *y) {
    v_t high = v_set1(reciprocal[0]), low = v_set1(reciprocal[1]);
    size_t j = 0;
    for (; n - j >= 2 * V_LANES; j += 2 * V_LANES) {
        const size_t k = j + V_LANES;
        v_store(y + j, quotient(v_load(e + j), high, low));
        v_store(y + k, quotient(v_load(e + k), high, low));
    }
    for (; n - j >= V_LANES; j += V_LANES) {
        v_store(y + j, quotient(v_load(e + j), high, low));
    }
    if (j < n) {
        v_store_n(y + j, quotient(v_load_n(e + j, n - j, v_set1(0)), high, low), n - j);
    }
}

NOT_INLINE static void row_scale(size_t n, const real *e, const struct wide *sum, real *y) {
    real reciprocal[2];
    reciprocal_of_sum(sum, reciprocal);
    scale_by(n, e, reciprocal, y);
}

/* One over the sum, as two reals. */
static inline void find_reciprocal(const struct term_sum *sum, real reciprocal[2]) {
    if (!sum->few || !reciprocal_of_limbs(sum->limbs, reciprocal)) {
        struct wide wide = wide_of(sum);
        reciprocal_of_sum(&wide, reciprocal);
    }
}

static inline void scale_by_sum(size_t n, const real *e, const struct term_sum *sum, real *y) {
    real reciprocal[2];
    find_reciprocal(sum, reciprocal);
    scale_by(n, e, reciprocal, y);
}

/* How a row with this maximum is filled. */
static enum filling row_filling(struct policy policy, real max) {
    if (max == (real)INFINITY) {
        return policy.plus_inf_limit ? FILL_NOT : FILL_NAN;
    }
    if (max == -(real)INFINITY) {
        return policy.minus_inf_row_zeros ? FILL_ZERO : FILL_NAN;
    }
    return isnan(max) ? FILL_NAN : FILL_NOT;
}

static void row_fill(size_t n, enum filling filling, real *y) {
    v_t value = v_set1(filling == FILL_NAN ? canonical_nan() : filling == FILL_ZERO ? 0 : -(real)INFINITY);
    size_t j = 0;
    for (; n - j >= V_LANES; j += V_LANES) {
        v_store(y + j, value);
    }
    v_store_n(y + j, value, n - j);
}

/* +0 for -0, and the canonical NaN for any. */
NOT_INLINE static void row_clean(size_t n, real *y) {
    v_t zero = v_set1(0);
    for (size_t j = 0; j < n; j += V_LANES) {
        size_t left = n - j < V_LANES ? n - j : V_LANES;
        v_store_n(y + j, clean_nan(v_add(v_load_n(y + j, left, zero), zero)), left);
    }
}

/* Rows that are handled together, step by step: what is done once a row, chains of some 200 cycles, then runs side by
 * side: 1.5 times as fast at n = 128, 1.2 at 256 (AVX2, Zen 3). A group's x and y should stay in the first cache. */
#define GROUP_ROWS ((size_t)16)
#define GROUP_BYTES ((size_t)32768)

static inline size_t rows_of_group(size_t rows, size_t n) {
    size_t most = GROUP_BYTES / (2 * sizeof(real)) / n;
    most = most > GROUP_ROWS ? GROUP_ROWS : most > 0 ? most : 1;
    return rows < most ? rows : most;
}

/* Softmax of up to GROUP_ROWS rows of at most SUM_BLOCK vectors; false, with nothing written, if one of them has no
 * finite maximum. */
static bool softmax_row_group(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy) {
    real max[GROUP_ROWS], magic[GROUP_ROWS], correction[GROUP_ROWS];
    enum terms kind = NEAR;
    for (size_t i = 0; i < rows; i++) {
        max[i] = row_max(n, x + i * ldx);
        if (!isfinite(max[i])) {
            return false;
        }
        kind = terms_of_row(max[i], n, false) == NEAR ? kind : FAR;
    }
    for (size_t i = 0; i < rows; i += V_LANES) {
        size_t left = rows - i < V_LANES ? rows - i : V_LANES;
        v_t m = v_load_n(max + i, left, v_set1(0)), magic_i = term_magic(m, term_offset(m));
        v_store_n(magic + i, magic_i, left);
        v_store_n(correction + i, term_correction(m, v_set1(0), magic_i), left);
    }
    struct term_sum sum[GROUP_ROWS];
    for (size_t i = 0; i < rows; i++) {
        sum[i] = no_terms(n, n);
        terms_block(kind, n, x + i * ldx, NULL, FETCH_AHEAD, v_set1(max[i]), v_set1(magic[i]), v_set1(correction[i]),
                    y + i * ldy, sum[i].limbs);
    }
    real reciprocal[GROUP_ROWS][2];
    for (size_t i = 0; i < rows; i++) {
        find_reciprocal(&sum[i], reciprocal[i]);
    }
    for (size_t i = 0; i < rows; i++) {
        scale_by(n, y + i * ldy, reciprocal[i], y + i * ldy);
    }
    return true;
}

static void softmax_row(size_t n, const real *x, real *y, struct policy policy) {
    real max = row_max(n, x);
    enum filling filling = row_filling(policy, max);
    if (filling != FILL_NOT) {
        row_fill(n, filling, y);
        return;
    }
    const struct reference ref = {max, 0, true};
    struct term_sum sum = no_terms(n, n);
    add_terms(n, x, NULL, &ref, n, y, &sum);
    scale_by_sum(n, y, &sum, y);
}

#endif
