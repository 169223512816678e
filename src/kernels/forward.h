/* Softmax forward: maximum, terms with their exact sum, scaling. docs/bits.md, "Forward". */
#ifndef SMX_FORWARD_H
#define SMX_FORWARD_H

#include "exact_sum.h"

/* The constants of a row, all functions of its maximum alone. */
struct row {
    real offset, magic, threshold;
};

static inline struct row row_of(real max) {
    struct row row;
    row.offset = max >= OFFSET_FROM || max <= -OFFSET_FROM ? max : 0;
    real n = r_fma(max - row.offset, LOG2E, ROUND_MAGIC) - ROUND_MAGIC;
    row.magic = ROUND_MAGIC + (TERM_SCALE - n);
    row.threshold = (max - row.offset) - TERM_CUTOFF;
    return row;
}

/* exp(x - offset) * 2^(TERM_SCALE - N), or 0 below the threshold. -inf gives 0; NaN never gets here. */
static ALWAYS_INLINE v_t term(v_t x, const struct row *row) {
    v_t v = v_sub(x, v_set1(row->offset));
    v_t magic = v_set1(row->magic);
    v_t shifted = v_fma(v, v_set1(LOG2E), magic); /* n + TERM_SCALE - N, in the low bits */
    v_t n = v_sub(shifted, magic);
    v_t r = v_fnma(n, v_set1(LN2_LO), v_fnma(n, v_set1(LN2_HI), v));
    v_t e = v_from_bits(i_add(v_bits(exp_reduced(r)), i_exponent(v_bits(shifted))));
    return v_keep(v_ge(v, v_set1(row->threshold)), e);
}

/* The term where +inf entries share all mass: 1 for each of them. */
static ALWAYS_INLINE v_t limit_term(v_t x) {
    return v_keep(v_eq(x, v_set1((real)INFINITY)), v_set1(power_of_two(TERM_SCALE)));
}

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

/* The terms of up to SUM_BLOCK vectors: written to e unless it is null, their sum added to limbs. */
static ALWAYS_INLINE void terms_block(size_t n, const real *x, const struct row *row, real *e, bool limit, bool wide,
                                      int64_t limbs[3]) {
    struct grid g = grid_unsigned(TERM_SCALE - 1);
    v_t lowest = v_set1(-(real)INFINITY);
    i_t top = i_set1(0), middle = i_set1(0), low = i_set1(0);
    size_t additions = 0;
    for (size_t j = 0; j < n; j += V_LANES, additions++) {
        bool whole = n - j >= V_LANES;
        v_t xj = whole ? v_load(x + j) : v_load_n(x + j, n - j, lowest);
        v_t ej = limit ? limit_term(xj) : term(xj, row);
        if (wide) {
            sum_add_wide(ej, &g, &top, &middle, &low);
        } else {
            sum_add(ej, &g, &top, &middle);
        }
        if (e != NULL) {
            if (whole) {
                v_store(e + j, ej);
            } else {
                v_store_n(e + j, ej, n - j);
            }
        }
    }
    limbs[0] = sum_lanes(top, g.top, additions);
    limbs[1] = sum_lanes(middle, g.middle, additions);
    limbs[2] = wide ? sum_lanes(low, g.low, additions) : 0;
}

/* The terms of n entries of a row of row_n with the given maximum; their sum is added to *sum. In place allowed. */
static void row_terms(size_t n, const real *x, real max, size_t row_n, real *e, struct wide *sum) {
    bool limit = max == (real)INFINITY;
    struct row row = row_of(limit ? 0 : max);
    for (size_t done = 0; done < n;) {
        size_t block = n - done < SUM_BLOCK * V_LANES ? n - done : SUM_BLOCK * V_LANES;
        real *e_block = e == NULL ? NULL : e + done;
        int64_t limbs[3];
        if (limit) {
            terms_block(block, x + done, &row, e_block, true, false, limbs);
        } else if (row_n >= WIDE_FROM) {
            terms_block(block, x + done, &row, e_block, false, true, limbs);
        } else {
            terms_block(block, x + done, &row, e_block, false, false, limbs);
        }
        add_limbs(sum, limbs);
        done += block;
    }
}

/* y = e / sum, the quotient by a reciprocal of twice the precision: one rounding. In place allowed. */
static void row_scale(size_t n, const real *e, const struct wide *sum, real *y) {
    real reciprocal[2];
    reciprocal_of_sum(sum, reciprocal);
    v_t high = v_set1(reciprocal[0]), low = v_set1(reciprocal[1]), unscale = v_set1(TERM_UNSCALE);
    size_t j = 0;
    for (; n - j >= V_LANES; j += V_LANES) {
        v_t ej = v_load(e + j);
        v_store(y + j, v_mul(v_fma(ej, high, v_mul(ej, low)), unscale));
    }
    if (j < n) {
        v_t ej = v_load_n(e + j, n - j, v_set1(0));
        v_store_n(y + j, v_mul(v_fma(ej, high, v_mul(ej, low)), unscale), n - j);
    }
}

static void row_fill(size_t n, enum filling filling, real *y) {
    v_t value = v_set1(filling == FILL_NAN ? canonical_nan() : 0);
    size_t j = 0;
    for (; n - j >= V_LANES; j += V_LANES) {
        v_store(y + j, value);
    }
    v_store_n(y + j, value, n - j);
}

static void softmax_rows(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy, struct policy policy) {
    for (size_t k = 0; k < rows; k++, x += ldx, y += ldy) {
        real max = row_max(n, x);
        enum filling filling = policy_filling(policy, (double)max);
        if (filling != FILL_NOT) {
            row_fill(n, filling, y);
            continue;
        }
        struct wide sum = {{0}};
        row_terms(n, x, max, n, y, &sum);
        row_scale(n, y, &sum, y);
    }
}

#endif
