/* The terms of many entries and their sum in limbs: the loop in which softmax and its logarithms spend their time.
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_TERM_LOOP_TEMPLATE_H
#define SMX_TERM_LOOP_TEMPLATE_H

#include "../attributes.h"

#include <math.h>

#include "limb_sum_template.h"
#include "term_template.h"
#include "vector_helpers_template.h"

/* Terms take a loop of their own by these. TERMS_NO_OFFSET: no offset, and two limbs. TERMS_OFFSET: an offset.
 * TERMS_LONG_ROW: three limbs. TERMS_AT_INFINITY: +inf entries share all mass. TERMS_OF_PAIRS, TERMS_OF_PAIRS_LONG_ROW:
 * logits as two reals. TERMS_UNCORRECTED: as TERMS_OFFSET, without a correction. TERMS_CLAMPED: as TERMS_UNCORRECTED,
 * and entries above the reference count as it. */
enum term_kind {
    TERMS_NO_OFFSET,
    TERMS_OFFSET,
    TERMS_LONG_ROW,
    TERMS_AT_INFINITY,
    TERMS_OF_PAIRS,
    TERMS_OF_PAIRS_LONG_ROW,
    TERMS_UNCORRECTED,
    TERMS_CLAMPED
};

static ALWAYS_INLINE bool three_limbs(enum term_kind kind) {
    return kind == TERMS_LONG_ROW || kind == TERMS_OF_PAIRS_LONG_ROW;
}
static ALWAYS_INLINE bool of_pairs(enum term_kind kind) {
    return kind == TERMS_OF_PAIRS || kind == TERMS_OF_PAIRS_LONG_ROW;
}

/* `reduce` for the first `lanes` of a vector of entries. */
static ALWAYS_INLINE v_t reduce_entries(enum term_kind kind, size_t lanes, const real *x, const real *low,
                                        v_t reference, v_t magic, v_t *shifted) {
    v_t offset = term_offset(reference), lowj = v_set1(0);
    v_t xj = lanes == V_LANES ? v_load(x) : v_load_n(x, lanes, v_set1(-(real)INFINITY));
    if (of_pairs(kind)) {
        lowj = lanes == V_LANES ? v_load(low) : v_load_n(low, lanes, lowj);
    }
    xj = kind == TERMS_CLAMPED ? v_min(xj, reference) : xj;
    v_t v = v_max(kind == TERMS_NO_OFFSET ? xj : v_sub(xj, offset), term_lowest(magic));
    return reduce(v, of_pairs(kind) ? &lowj : NULL, magic, shifted);
}

/* The terms that are rounded from whole + part * power: added to the limbs of their kind, and written unless e is
 * null. */
static ALWAYS_INLINE void finish_terms(enum term_kind kind, size_t lanes, v_t whole, v_t part, v_t power, real *e,
                                       i_t *top, i_t *middle, i_t *bottom) {
    const struct grid g = grid_unsigned(TERM_SCALE);
    v_t ej = v_fma(part, power, whole);
    v_t rest = sum_top(ej, whole, part, power, v_set1(g.top), top);
    if (three_limbs(kind)) {
        sum_rest_wide(rest, &g, middle, bottom);
    } else {
        sum_rest(rest, v_set1(g.middle), middle);
    }
    if (e != NULL && lanes == V_LANES) {
        v_store(e, ej);
    } else if (e != NULL) {
        v_store_n(e, ej, lanes);
    }
}

static ALWAYS_INLINE v_t term_of_reduced(enum term_kind kind, v_t r, v_t shifted, v_t correction, v_t *part,
                                         v_t *power) {
    return term_parts(r, shifted, kind == TERMS_CLAMPED || kind == TERMS_UNCORRECTED ? NULL : &correction, part, power);
}

/* The next rows are most often what follows these entries in memory, and this is not the last pass over them: time to
 * bring the next ones near, so many bytes ahead. AVX2, Zen 3: 1.1 times as fast in the third cache (1024 x 1000), 1.3
 * times beyond it (16384 x 1000). */
#define PREFETCH_BYTES ((uintptr_t)16384)

/* A longer row's own entries are near already, from the pass for its maximum: its length ahead, 1.3 times as fast again
 * (256 x 131072). Unless the cache loses them before they are needed: 1.1 times as slow (4 x 4194304). */
#define PREFETCH_ROW_BYTES ((uintptr_t)1 << 22)

static inline uintptr_t prefetch_distance(size_t row_n) {
    uintptr_t row = row_n * sizeof(real);
    return row > PREFETCH_BYTES && row <= PREFETCH_ROW_BYTES ? row : PREFETCH_BYTES;
}

/* What is fetched beside the first vector, and how far apart beside the next ones. Maybe beyond the array, where a
 * pointer must not point. */
struct prefetch {
    uintptr_t from, step;
};

static ALWAYS_INLINE struct prefetch prefetch_from(const real *x, uintptr_t bytes) {
    return (struct prefetch){(uintptr_t)x + bytes, V_LANES * sizeof(real)};
}

/* The terms of count >= 1 vectors `step` apart, of which the first `lanes` lanes are there, relative to `reference`,
 * whose term_magic `magic` is: added to the limbs, which take SUM_BLOCK of them, and written `e_step` apart unless e is
 * null. What is `ahead` of them is fetched.
 *
 * A term hangs on a chain of some 20 operations, 65 cycles, and a processor's schedulers hold only two or three such
 * chains (64 operations on Zen 3). So each turn of the loop sums a vector, takes the next one through exp and reduces
 * the argument of the one after that: 10.9 instead of 13.6 cycles for 8 floats (AVX2, Zen 3). */
static ALWAYS_INLINE void add_term_vectors(enum term_kind kind, size_t lanes, size_t count, const real *x,
                                           const real *low, size_t step, struct prefetch ahead, v_t reference,
                                           v_t magic, v_t correction, real *e, size_t e_step, i_t *top, i_t *middle,
                                           i_t *bottom) {
    v_t whole, part, power, r, shifted;
    size_t j = 0;
    r = reduce_entries(kind, lanes, x, low, reference, magic, &shifted);
    whole = term_of_reduced(kind, r, shifted, correction, &part, &power);
    if (count > 1) {
        r = reduce_entries(kind, lanes, x + step, of_pairs(kind) ? low + step : NULL, reference, magic, &shifted);
    }
    for (; count - j > 2; j++) {
        v_t shifted_next, part_next, power_next;
        const real *after = x + (j + 2) * step, *low_after = of_pairs(kind) ? low + (j + 2) * step : NULL;
        v_t r_next = reduce_entries(kind, lanes, after, low_after, reference, magic, &shifted_next);
        v_t whole_next = term_of_reduced(kind, r, shifted, correction, &part_next, &power_next);
        finish_terms(kind, lanes, whole, part, power, e == NULL ? NULL : e + j * e_step, top, middle, bottom);
        v_prefetch((const real *)ahead.from); /* NOLINT(performance-no-int-to-ptr) */
        ahead.from += ahead.step;
        r = r_next;
        shifted = shifted_next;
        whole = whole_next;
        part = part_next;
        power = power_next;
    }
    finish_terms(kind, lanes, whole, part, power, e == NULL ? NULL : e + j * e_step, top, middle, bottom);
    if (count > 1) {
        whole = term_of_reduced(kind, r, shifted, correction, &part, &power);
        finish_terms(kind, lanes, whole, part, power, e == NULL ? NULL : e + (j + 1) * e_step, top, middle, bottom);
    }
}

/* The same for n entries of a row; returns how many vectors were added. */
static ALWAYS_INLINE size_t add_row_vectors(enum term_kind kind, size_t n, const real *x, const real *low,
                                            uintptr_t ahead, v_t reference, v_t magic, v_t correction, real *e,
                                            i_t *top, i_t *middle, i_t *bottom) {
    size_t count = n / V_LANES, left = n % V_LANES, from = n - left;
    if (count != 0) {
        add_term_vectors(kind, V_LANES, count, x, low, V_LANES, prefetch_from(x, ahead), reference, magic, correction,
                         e, V_LANES, top, middle, bottom);
    }
    if (left != 0) {
        add_term_vectors(kind, left, 1, x + from, of_pairs(kind) ? low + from : NULL, 0, prefetch_from(x, ahead),
                         reference, magic, correction, e == NULL ? NULL : e + from, 0, top, middle, bottom);
    }
    return count + (left != 0);
}

/* The same where +inf entries share all mass: 1 for each of them. */
static inline size_t add_terms_at_infinity(size_t n, const real *x, real *e, i_t *top, i_t *middle) {
    v_t zero = v_set1(0), infinity = v_set1((real)INFINITY), one = v_set1(power_of_two(TERM_SCALE));
    i_t none = i_set1(0);
    size_t count = 0;
    for (size_t j = 0; j < n; j += V_LANES, count++) {
        size_t lanes = n - j < V_LANES ? n - j : V_LANES;
        v_t whole = v_keep(v_eq(v_load_n(x + j, lanes, zero), infinity), one);
        finish_terms(TERMS_AT_INFINITY, lanes, whole, zero, zero, e == NULL ? NULL : e + j, top, middle, &none);
    }
    return count;
}

#endif
