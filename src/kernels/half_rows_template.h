/* Softmax of rows of halves. docs/bits.md, "Half precision". Its backward pass: half_backward_template.h.
 *
 * Rows are widened into scratch memory, some at a time, go through the kernels of reals there, and are narrowed from
 * there. Softmax's first pass over a row widens it, and its last one narrows what it makes, so that neither takes a
 * pass of its own, unless rows are short or have something special. No result is a NaN but the canonical one, and a
 * NaN among entries is only looked for: so neither way needs any care for them.
 *
 * For vector layers that can convert halves (V_HALVES); elsewhere this is empty.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_HALF_ROWS_TEMPLATE_H
#define SMX_HALF_ROWS_TEMPLATE_H

#include "../base/attributes.h"

#ifdef V_HALVES

#include <math.h>
#include <string.h>

#include "kernels.h"
#include "softmax_rows_template.h"

#define HALF_BYTES ((size_t)2)
#define TWO_VECTORS (2 * V_LANES)

/* ---- Two vectors at a time ---- */

static ALWAYS_INLINE v_t load_halves(enum dtype type, const unsigned char *p) {
    return type == DTYPE_F16 ? v_from_f16(p) : v_from_bf16(p);
}

static ALWAYS_INLINE v_t narrowed(enum dtype type, v_t a, v_t b) {
    return v_from_bits(type == DTYPE_F16 ? v_to_f16(a, b) : v_to_bf16(a, b));
}

static ALWAYS_INLINE void store_halves(unsigned char *p, v_t two) { v_store((real *)(void *)p, two); }

/* ---- Whole rows, the conversion alone ---- */

static ALWAYS_INLINE void widen_two(enum dtype type, const unsigned char *from, real *to) {
    v_store(to, load_halves(type, from));
    v_store(to + V_LANES, load_halves(type, from + V_LANES * HALF_BYTES));
}

static ALWAYS_INLINE void narrow_two(enum dtype type, const real *from, unsigned char *to) {
    store_halves(to, narrowed(type, v_load(from), v_load(from + V_LANES)));
}

/* What is left at the end is done with what comes before it, once more; fewer, by way of an array. */
static ALWAYS_INLINE void widen(enum dtype type, size_t n, const unsigned char *from, real *to) {
    if (n < TWO_VECTORS) {
        unsigned char halves[TWO_VECTORS * HALF_BYTES] = {0};
        real reals[TWO_VECTORS];
        memcpy(halves, from, n * HALF_BYTES);
        widen_two(type, halves, reals);
        memcpy(to, reals, n * sizeof(real));
        return;
    }
    for (size_t j = 0; j < n; j += TWO_VECTORS) {
        j = n - j < TWO_VECTORS ? n - TWO_VECTORS : j;
        widen_two(type, from + j * HALF_BYTES, to + j);
    }
}

static ALWAYS_INLINE void narrow(enum dtype type, size_t n, const real *from, unsigned char *to) {
    if (n < TWO_VECTORS) {
        real reals[TWO_VECTORS] = {0};
        unsigned char halves[TWO_VECTORS * HALF_BYTES];
        memcpy(reals, from, n * sizeof(real));
        narrow_two(type, reals, halves);
        memcpy(to, halves, n * HALF_BYTES);
        return;
    }
    for (size_t j = 0; j < n; j += TWO_VECTORS) {
        j = n - j < TWO_VECTORS ? n - TWO_VECTORS : j;
        narrow_two(type, from + j, to + j * HALF_BYTES);
    }
}

/* Rows without gaps, on both sides, are one. */
static ALWAYS_INLINE size_t rows_as_one(size_t *rows, size_t n, const struct half_array *a) {
    if (a->row == (ptrdiff_t)(n * HALF_BYTES) && half_row_floats(n) == n) {
        n *= *rows;
        *rows = 1;
    }
    return n;
}

static ALWAYS_INLINE void widen_rows(enum dtype type, size_t rows, size_t n, const struct half_array *from, real *to) {
    size_t ld = half_row_floats(n), each = rows_as_one(&rows, n, from);
    for (size_t i = 0; i < rows; i++) {
        widen(type, each, from->data + (ptrdiff_t)i * from->row, to + i * ld);
    }
}

static ALWAYS_INLINE void narrow_rows(enum dtype type, size_t rows, size_t n, const real *from,
                                      const struct half_array *to) {
    size_t ld = half_row_floats(n), each = rows_as_one(&rows, n, to);
    for (size_t i = 0; i < rows; i++) {
        narrow(type, each, from + i * ld, to->data + (ptrdiff_t)i * to->row);
    }
}

static ALWAYS_INLINE struct half_array rows_from(struct half_array a, size_t k) {
    return (struct half_array){a.data + (ptrdiff_t)k * a.row, a.row};
}

/* ---- Softmax ---- */

/* Widens a row that is not short, and -inf up to a whole vector. Maxima go to *largest, lane by lane, and where there
 * was a NaN to *nan. */
static ALWAYS_INLINE void widen_and_max(enum dtype type, size_t n, const unsigned char *x, real *to, v_t *largest,
                                        m_t *nan) {
    v_t a = v_set1(-(real)INFINITY), b = a;
    v_store(to + (n - 1) / V_LANES * V_LANES, a);
    for (size_t j = 0; j < n; j += TWO_VECTORS) {
        j = n - j < TWO_VECTORS ? n - TWO_VECTORS : j;
        v_t x0 = load_halves(type, x + j * HALF_BYTES), x1 = load_halves(type, x + (j + V_LANES) * HALF_BYTES);
        v_store(to + j, x0);
        v_store(to + j + V_LANES, x1);
        a = v_max(a, x0);
        b = v_max(b, x1);
        *nan = m_or(*nan, v_unordered(x0, x1));
    }
    *largest = v_max(a, b);
}

/* Two vectors of results. */
static ALWAYS_INLINE v_t two_quotients(enum dtype type, const real *e, v_t high, v_t low) {
    return narrowed(type, quotient(v_load(e), high, low), quotient(v_load(e + V_LANES), high, low));
}

/* The results of a row that is not short, from its terms. */
static ALWAYS_INLINE void scale_and_narrow(enum dtype type, size_t n, const real *e, const real reciprocal[2],
                                           unsigned char *y) {
    v_t high = v_set1(reciprocal[0]), low = v_set1(reciprocal[1]);
    for (size_t j = 0; j < n; j += TWO_VECTORS) {
        j = n - j < TWO_VECTORS ? n - TWO_VECTORS : j;
        store_halves(y + j * HALF_BYTES, two_quotients(type, e + j, high, low));
    }
}

/* Terms of rows that were widened, in their place, and what makes results of them; false if a maximum is not finite.
 * Not inlined: one for both types. Of up to SOFTMAX_FOLDED_MOST entries in lanes, a row in each, else one by one. */
NOT_INLINE static bool widened_terms(size_t rows, size_t n, v_t largest[SOFTMAX_FOLDED_ROWS], real *e, size_t ld,
                                     struct folded_rows *f) {
    const size_t whole = (n + V_LANES - 1) / V_LANES * V_LANES;
    if (n <= SOFTMAX_FOLDED_MOST && rows >= TRANSPOSED_ROWS_LEAST) {
        bool offset;
        if (!folded_constants(rows, largest, f, &offset)) {
            return false;
        }
        folded_terms_of(offset, rows, whole, e, ld, e, ld, f);
        return true;
    }
    real reciprocal[SOFTMAX_BATCH_ROWS][2];
    for (size_t i = 0; i < rows; i++) {
        f->max[i] = v_hmax(largest[i]);
    }
    if (n <= SUM_BLOCK * V_LANES) {
        if (!softmax_batch_terms(rows, whole, e, ld, f->max, e, ld, reciprocal)) {
            return false;
        }
    } else {
        struct term_sum sum = empty_term_sum(n, n);
        if (!isfinite(f->max[0])) {
            return false;
        }
        add_terms(whole, e, NULL, f->max[0], n, e, &sum);
        find_reciprocal(&sum, reciprocal[0]);
    }
    for (size_t i = 0; i < rows; i++) {
        f->high[i] = reciprocal[i][0];
        f->low[i] = reciprocal[i][1];
    }
    return true;
}

/* Some rows that are not short, whose maximum is finite; false, with their reals in scratch memory, if one's is not. */
static ALWAYS_INLINE bool softmax_fused(enum dtype type, const struct half_rows *h, size_t rows, struct half_array x,
                                        struct half_array y) {
    size_t n = h->n, ld = half_row_floats(n);
    real *e = h->scratch;
    v_t largest[SOFTMAX_FOLDED_ROWS];
    struct folded_rows f;
    m_t nan = m_none();
    for (size_t i = 0; i < rows; i++) {
        widen_and_max(type, n, x.data + (ptrdiff_t)i * x.row, e + i * ld, &largest[i], &nan);
    }
    if (m_any(nan) || !widened_terms(rows, n, largest, e, ld, &f)) {
        return false;
    }
    for (size_t i = 0; i < rows; i++) {
        const real reciprocal[2] = {f.high[i], f.low[i]};
        scale_and_narrow(type, n, e + i * ld, reciprocal, y.data + (ptrdiff_t)i * y.row);
    }
    return true;
}

static ALWAYS_INLINE void softmax_of_type(enum dtype type, const struct half_rows *h) {
    const size_t n = h->n, ld = half_row_floats(n);
    const size_t most = n <= HALF_SHORT            ? HALF_BLOCK
                        : n <= SOFTMAX_FOLDED_MOST ? SOFTMAX_FOLDED_ROWS
                                                   : SOFTMAX_BATCH_ROWS;
    real *x = h->scratch;
    for (size_t k = 0, some; k < h->rows; k += some) {
        const struct half_array in = rows_from(h->array[0], k), out = rows_from(h->array[1], k);
        some = half_block_rows(1, h->rows - k, n);
        some = some < most ? some : most;
        if (n > HALF_SHORT && softmax_fused(type, h, some, in, out)) {
            continue;
        }
        if (n <= HALF_SHORT) {
            widen_rows(type, some, n, &in, x);
        }
        softmax_rows(some, n, x, ld, x, ld, h->policy);
        narrow_rows(type, some, n, x, &out);
    }
}

static void softmax_of_halves(const struct half_rows *h) {
    if (h->type == DTYPE_F16) {
        softmax_of_type(DTYPE_F16, h);
    } else {
        softmax_of_type(DTYPE_BF16, h);
    }
}

#endif

#endif
