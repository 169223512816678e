/* Softmax forward, a row at a time: maximum, terms with their exact sum, scaling. docs/bits.md, "Forward". */
#ifndef SMX_FORWARD_H
#define SMX_FORWARD_H

#include "exact_sum.h"
#include "term.h"

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

/* Rows whose terms take a loop of their own. NEAR: no offset, and two limbs. FAR: the maximum is the offset. LONG:
 * three limbs. LIMIT: +inf entries share all mass. PAIR, LONG_PAIR: logits as two reals. */
enum terms { NEAR, FAR, LONG, LIMIT, PAIR, LONG_PAIR };

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

static ALWAYS_INLINE bool is_long(enum terms kind) { return kind == LONG || kind == LONG_PAIR; }
static ALWAYS_INLINE bool is_pair(enum terms kind) { return kind == PAIR || kind == LONG_PAIR; }

/* `reduce` for the vector at j, or what n leaves of it. */
static ALWAYS_INLINE v_t reduce_entries(enum terms kind, size_t j, size_t n, const real *x, const real *low, v_t offset,
                                        v_t magic, v_t lowest, v_t *shifted) {
    bool full = n - j >= V_LANES;
    v_t xj = full ? v_load(x + j) : v_load_n(x + j, n - j, v_set1(-(real)INFINITY)), lowj = v_set1(0);
    if (is_pair(kind)) {
        lowj = full ? v_load(low + j) : v_load_n(low + j, n - j, lowj);
    }
    v_t v = kind == NEAR ? xj : v_sub(xj, offset);
    return reduce(v_max(v, lowest), is_pair(kind) ? &lowj : NULL, magic, shifted);
}

/* The terms at j, rounded from whole + part * power: added to the limbs of their kind, and written unless e is null. */
static ALWAYS_INLINE void finish_terms(enum terms kind, size_t j, size_t n, v_t whole, v_t part, v_t power, real *e,
                                       i_t *top, i_t *middle, i_t *bottom) {
    const struct grid g = grid_unsigned(TERM_SCALE);
    v_t ej = v_fma(part, power, whole);
    v_t rest = sum_top(ej, whole, part, power, v_set1(g.top), top);
    if (is_long(kind)) {
        sum_rest_wide(rest, &g, middle, bottom);
    } else {
        sum_rest(rest, v_set1(g.middle), middle);
    }
    if (e != NULL && n - j >= V_LANES) {
        v_store(e + j, ej);
    } else if (e != NULL) {
        v_store_n(e + j, ej, n - j);
    }
}

/* The terms of up to SUM_BLOCK vectors, written to e unless it is null, and their sum in limbs, the constants' bits
 * with it.
 *
 * A term hangs on a chain of some 20 operations, 65 cycles, and a processor's schedulers hold only two or three such
 * chains (64 operations on Zen 3). So each turn of the loop sums a vector, takes the next one through exp and reduces
 * the argument of the one after that: 10.9 instead of 13.6 cycles for 8 floats (AVX2, Zen 3).
 *
 * The next rows are most often what follows this one in memory; that is not the last pass over this one, so the time to
 * bring them near is now: 1.1 times as fast in the third cache (1024 x 1000), 1.3 times beyond (16384 x 1000). */
#define PREFETCH_BYTES ((uintptr_t)16384)
static ALWAYS_INLINE void terms_loop(enum terms kind, size_t n, const real *x, const real *low, v_t offset, v_t magic,
                                     v_t lowest, v_t correction, real *e, i_t *top, i_t *middle, i_t *bottom) {
    const size_t step = V_LANES;
    v_t whole, part, power, r, shifted;
    size_t j = 0;
    *top = *middle = *bottom = i_set1(0);
    if (n >= 3 * step) {
        r = reduce_entries(kind, 0, n, x, low, offset, magic, lowest, &shifted);
        whole = term_parts(r, shifted, correction, &part, &power);
        r = reduce_entries(kind, step, n, x, low, offset, magic, lowest, &shifted);
        for (; n - j >= 3 * step; j += step) {
            v_t shifted_next, part_next, power_next;
            v_t r_next = reduce_entries(kind, j + 2 * step, n, x, low, offset, magic, lowest, &shifted_next);
            v_t whole_next = term_parts(r, shifted, correction, &part_next, &power_next);
            finish_terms(kind, j, n, whole, part, power, e, top, middle, bottom);
            PREFETCH((uintptr_t)(x + j) + PREFETCH_BYTES);
            r = r_next;
            shifted = shifted_next;
            whole = whole_next;
            part = part_next;
            power = power_next;
        }
        finish_terms(kind, j, n, whole, part, power, e, top, middle, bottom);
        whole = term_parts(r, shifted, correction, &part, &power);
        finish_terms(kind, j + step, n, whole, part, power, e, top, middle, bottom);
        j += 2 * step;
    }
    for (; j < n; j += step) {
        r = reduce_entries(kind, j, n, x, low, offset, magic, lowest, &shifted);
        whole = term_parts(r, shifted, correction, &part, &power);
        finish_terms(kind, j, n, whole, part, power, e, top, middle, bottom);
    }
}

/* The same where +inf entries share all mass: 1 for each of them. */
static inline void limit_terms(size_t n, const real *x, real *e, i_t *top, i_t *middle, i_t *bottom) {
    v_t zero = v_set1(0), infinity = v_set1((real)INFINITY), one = v_set1(power_of_two(TERM_SCALE));
    *top = *middle = *bottom = i_set1(0);
    for (size_t j = 0; j < n; j += V_LANES) {
        size_t left = n - j < V_LANES ? n - j : V_LANES;
        v_t whole = v_keep(v_eq(v_load_n(x + j, left, zero), infinity), one);
        finish_terms(LIMIT, j, n, whole, zero, zero, e, top, middle, bottom);
    }
}

static inline void terms_block(enum terms kind, size_t n, const real *x, const real *low, v_t offset, v_t magic,
                               v_t lowest, v_t correction, real *e, int64_t sums[3]) {
    const struct grid g = grid_unsigned(TERM_SCALE);
    size_t additions = (n + V_LANES - 1) / V_LANES;
    i_t top, middle, bottom;
    switch (kind) {
    case NEAR:
        terms_loop(NEAR, n, x, NULL, offset, magic, lowest, correction, e, &top, &middle, &bottom);
        break;
    case FAR:
        terms_loop(FAR, n, x, NULL, offset, magic, lowest, correction, e, &top, &middle, &bottom);
        break;
    case LONG:
        terms_loop(LONG, n, x, NULL, offset, magic, lowest, correction, e, &top, &middle, &bottom);
        break;
    case PAIR:
        terms_loop(PAIR, n, x, low, offset, magic, lowest, correction, e, &top, &middle, &bottom);
        break;
    case LONG_PAIR:
        terms_loop(LONG_PAIR, n, x, low, offset, magic, lowest, correction, e, &top, &middle, &bottom);
        break;
    case LIMIT:
    default:
        limit_terms(n, x, e, &top, &middle, &bottom);
        break;
    }
    sums[0] = sum_lanes(top, g.top, additions);
    sums[1] = sum_lanes(middle, g.middle, additions);
    sums[2] = is_long(kind) ? sum_lanes(bottom, g.low, additions) : 0;
}

/* The sum of a row's terms. Few of them are added up limb by limb: a wide integer takes longer than a short row. */
struct term_sum {
    bool few;
    int64_t limbs[3];
    struct wide wide;
};

#define TERMS_FEW ((size_t)1 << 17) /* limbs of so many terms stay below 2^62 */

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

/* The terms of n entries of a row of row_n; their sum is added to *sum. x alone (low null) or x + low; e may be null,
 * or x. */
static void add_terms(size_t n, const real *x, const real *low, const struct reference *ref, size_t row_n, real *e,
                      struct term_sum *sum) {
    enum terms kind = terms_of_row(ref->max, row_n, low != NULL);
    v_t max = v_set1(kind == LIMIT ? 0 : ref->max), offset = term_offset(max), magic = term_magic(max, offset);
    v_t lowest = term_lowest(magic), correction = v_set1(0);
    if (ref->corrected) {
        correction = term_correction(max, v_set1(ref->low), offset, magic);
    }
    for (size_t done = 0; done < n;) {
        size_t block = n - done < SUM_BLOCK * V_LANES ? n - done : SUM_BLOCK * V_LANES;
        int64_t limbs[3];
        terms_block(kind, block, x + done, low == NULL ? NULL : low + done, offset, magic, lowest, correction,
                    e == NULL ? NULL : e + done, limbs);
        add_block(sum, limbs);
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

/* y = e / sum, the quotient by a reciprocal of twice the precision: one rounding. In place allowed. */
static inline void scale_by(size_t n, const real *e, const real reciprocal[2], real *y) {
    v_t high = v_set1(reciprocal[0]), low = v_set1(reciprocal[1]);
    size_t j = 0;
    for (; n - j >= V_LANES; j += V_LANES) {
        v_store(y + j, quotient(v_load(e + j), high, low));
    }
    if (j < n) {
        v_store_n(y + j, quotient(v_load_n(e + j, n - j, v_set1(0)), high, low), n - j);
    }
}

static void row_scale(size_t n, const real *e, const struct wide *sum, real *y) {
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
static void row_clean(size_t n, real *y) {
    v_t zero = v_set1(0);
    for (size_t j = 0; j < n; j += V_LANES) {
        size_t left = n - j < V_LANES ? n - j : V_LANES;
        v_store_n(y + j, clean_nan(v_add(v_load_n(y + j, left, zero), zero)), left);
    }
}

/* Rows that are handled together, step by step: what is done once a row, chains of some 200 cycles, then runs side by
 * side. A group's x and y should stay in the first cache. */
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
    real max[GROUP_ROWS], offset[GROUP_ROWS], magic[GROUP_ROWS], lowest[GROUP_ROWS], correction[GROUP_ROWS];
    bool near = true;
    for (size_t i = 0; i < rows; i++) {
        max[i] = row_max(n, x + i * ldx);
        if (!isfinite(max[i])) {
            return false;
        }
        near = near && terms_of_row(max[i], n, false) == NEAR;
    }
    for (size_t i = 0; i < rows; i += V_LANES) {
        size_t left = rows - i < V_LANES ? rows - i : V_LANES;
        v_t m = v_load_n(max + i, left, v_set1(0)), c = term_offset(m), g = term_magic(m, c);
        v_store_n(offset + i, c, left);
        v_store_n(magic + i, g, left);
        v_store_n(lowest + i, term_lowest(g), left);
        v_store_n(correction + i, term_correction(m, v_set1(0), c, g), left);
    }
    struct term_sum sum[GROUP_ROWS];
    for (size_t i = 0; i < rows; i++) {
        sum[i] = no_terms(n, n);
        terms_block(near ? NEAR : FAR, n, x + i * ldx, NULL, v_set1(offset[i]), v_set1(magic[i]), v_set1(lowest[i]),
                    v_set1(correction[i]), y + i * ldy, sum[i].limbs);
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
