/* The logits of a row, made in registers from its entries, for loops that take them where they are made. Of a row whose
 * masks leave long runs out, loops see nothing but the rest. logits_template.h makes the others, in blocks: those with
 * a softcap, weights or a stride, large ones, and those of rows with something special. docs/bits.md, "Logits".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOGIT_VECTORS_TEMPLATE_H
#define SMX_LOGIT_VECTORS_TEMPLATE_H

#include "../base/attributes.h"

#include <math.h>
#include <string.h>

#include "mask_template.h"
#include "row_fill_template.h"
#include "vector_helpers_template.h"

/* ---- Runs of entries that are kept ---- */

/* A run ends where so many entries after each other, from a multiple on, are masked out. */
#define RUN_BLOCK ((size_t)64)
#define RUNS_MOST 16

/* What of a row has to be looked at: all that is kept, and maybe more. */
struct kept_runs {
    size_t count;
    bool exact; /* what is added is 0 or -inf, as far as there is such a mask */
    struct kept_run {
        size_t from, n;
    } run[RUNS_MOST];
};

/* Whether a mask keeps any of n entries: all that is not 0, or not -inf. */
static inline bool bytes_keep_any(size_t n, const uint8_t *keep) {
    uint64_t word, any = 0;
    size_t i = 0;
    for (; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, keep + i, sizeof word);
        any |= word;
    }
    for (; i < n; i++) {
        any |= keep[i];
    }
    return any != 0;
}

/* *exact is cleared if some addend is neither 0 nor -inf: what is neither is not its own double. While it is set, all
 * are looked at. */
static inline bool addends_keep_any(size_t n, const real *add, bool *exact) {
    const v_t minus_infinity = v_set1(-(real)INFINITY);
    m_t kept = m_none(), inexact = m_none();
    for (size_t i = 0; i < n; i += V_LANES) {
        v_t a = n - i < V_LANES ? v_load_n(add + i, n - i, minus_infinity) : v_load(add + i);
        kept = m_or(kept, m_not(v_eq(a, minus_infinity)));
        inexact = m_or(inexact, m_not(v_eq(v_add(a, a), a)));
        if (!*exact && m_any(kept)) {
            return true;
        }
    }
    *exact = *exact && !m_any(inexact);
    return m_any(kept);
}

/* Where there would be more than RUNS_MOST, the last one has all that is left. */
static inline void find_runs(const logits *l, size_t n, struct kept_runs *runs) {
    runs->count = 0;
    runs->exact = true;
    if (!masked(l)) {
        runs->run[0] = (struct kept_run){0, n};
        runs->count = n != 0;
        return;
    }
    for (size_t j = 0; j < n; j += RUN_BLOCK) {
        size_t length = n - j < RUN_BLOCK ? n - j : RUN_BLOCK;
        const bool whole = length == RUN_BLOCK; /* a constant length makes a loop of words without a rest */
        if ((l->keep != NULL && !bytes_keep_any(whole ? RUN_BLOCK : length, l->keep + j)) ||
            (l->add != NULL && !addends_keep_any(length, l->add + j, &runs->exact))) {
            continue;
        }
        struct kept_run *last = &runs->run[runs->count == 0 ? 0 : runs->count - 1];
        if (runs->count == RUNS_MOST || (runs->count != 0 && last->from + last->n == j)) {
            last->n = j + length - last->from;
        } else {
            runs->run[runs->count++] = (struct kept_run){j, length};
        }
    }
}

/* Fills what lies between the runs of a row. */
static inline void fill_between_runs(size_t n, const struct kept_runs *runs, enum filling filling, real *y) {
    size_t end = 0;
    if (runs->count == 1 && runs->run[0].n == n) {
        return;
    }
    for (size_t i = 0; i < runs->count; i++) {
        row_fill(runs->run[i].from - end, filling, y + end);
        end = runs->run[i].from + runs->run[i].n;
    }
    row_fill(n - end, filling, y + end);
}

/* ---- Logits in registers ---- */

/* What has to be done with entries to make logits of them, as bits. */
enum {
    LOGITS_SCALED = 1 << 0, /* a product with a scale */
    LOGITS_ADDED = 1 << 1,
    LOGITS_KEPT = 1 << 2, /* a mask of bytes */
    LOGITS_SLOPED = 1 << 3,
    LOGITS_EXACT = 1 << 4 /* no low parts: the scale is a power of two, and what is added 0 or -inf */
};

/* The sets of steps for which loops are compiled that do nothing else. One loop for all others asks as it goes. */
#define EACH_COMMON_LOGIT_STEPS(X)                 \
    X(LOGITS_SCALED)                               \
    X(LOGITS_SCALED | LOGITS_EXACT)                \
    X(LOGITS_KEPT | LOGITS_EXACT)                  \
    X(LOGITS_KEPT | LOGITS_SCALED)                 \
    X(LOGITS_KEPT | LOGITS_SCALED | LOGITS_EXACT)  \
    X(LOGITS_ADDED)                                \
    X(LOGITS_ADDED | LOGITS_EXACT)                 \
    X(LOGITS_ADDED | LOGITS_SCALED)                \
    X(LOGITS_ADDED | LOGITS_SCALED | LOGITS_EXACT) \
    X(LOGITS_SLOPED)                               \
    X(LOGITS_SLOPED | LOGITS_SCALED)

/* Scales, and slopes times distances, for which products of what is kept are in range, and those with the least logits
 * that count too. */
#define FACTOR_LARGE 0x1p60
#define FACTOR_SMALL 0x1p-60

/* Whether products with a are exact, but for what leaves the range. */
static inline bool is_power_of_two(real a) { return (bits_of_real(a) & (((real_bits)1 << REAL_MANTISSA) - 1)) == 0; }

/* What has to be done with the row's entries, 0 if nothing has, given its runs; false if it is not a row for this
 * file. */
static inline bool find_logit_steps(const logits *l, size_t n, const struct kept_runs *runs, unsigned *what) {
    const double size = fabs((double)l->scale);
    if (l->stride != 1 || has_softcap(&l->softcap) || l->weight != NULL || l->limit) {
        return false;
    }
    *what = l->scale != 1 ? LOGITS_SCALED : 0u;
    *what |= l->add != NULL ? LOGITS_ADDED : 0u;
    *what |= l->keep != NULL ? LOGITS_KEPT : 0u;
    if (l->alibi != 0) { /* distances must be exact, and their products in range */
        const double reach = fabs((double)l->position) + (double)n;
        *what |= LOGITS_SLOPED;
        if (reach >= (double)((uint64_t)1 << REAL_MANTISSA) || fabs((double)l->alibi) * reach >= FACTOR_LARGE) {
            return false;
        }
    } else if (*what != 0 && runs->exact && is_power_of_two(l->scale)) {
        *what |= LOGITS_EXACT;
    }
    return size <= FACTOR_LARGE && size >= FACTOR_SMALL;
}

/* Whether logits are their entries times a scale > 0. */
static inline bool only_scaled_up(unsigned what, const logits *l) {
    return (what & ~(unsigned)LOGITS_EXACT) == LOGITS_SCALED && l->scale > 0;
}

/* Whether logits made in these steps have low parts. */
static ALWAYS_INLINE bool have_low_parts(unsigned what) { return what != 0 && (what & LOGITS_EXACT) == 0; }

static const real lane_numbers[64] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
                                      32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
                                      48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

/* Takes off what ALiBi does. A logit of -inf stays, and its low part becomes NaN. */
static ALWAYS_INLINE v_t without_alibi(const logits *l, size_t j, v_t high, v_t *low) {
    v_t place = v_set1((real)(l->position - (int64_t)j)), slope = v_set1(-l->alibi), error;
    v_t distance = v_abs(v_sub(place, v_load(lane_numbers)));
    v_t bias = v_mul(slope, distance), sum = two_sum(high, bias, &error);
    *low = v_add(*low, v_add(error, v_fms(slope, distance, bias)));
    return sum;
}

/* The logits from entry j on, high and *low. Lanes that are not there are -inf. The low parts are those of docs/bits.md
 * where high is below LOW_LIMIT. */
static ALWAYS_INLINE v_t made_logits(unsigned what, const logits *l, size_t j, size_t lanes, v_t *low) {
    const v_t minus_infinity = v_set1(-(real)INFINITY);
    const v_t nothing = v_set1((what & LOGITS_SCALED) != 0 && l->scale < 0 ? (real)INFINITY : -(real)INFINITY);
    v_t high = lanes == V_LANES ? v_load(l->x + j) : v_load_n(l->x + j, lanes, nothing);
    *low = v_set1(0);
    if ((what & LOGITS_SCALED) != 0) {
        v_t scale = v_set1(l->scale), x = high;
        high = v_mul(scale, x);
        if ((what & LOGITS_EXACT) == 0) {
            *low = v_fms(scale, x, high);
        }
    }
    if ((what & LOGITS_ADDED) != 0) {
        v_t add = load_lanes(l->add + j, lanes), error;
        if ((what & LOGITS_EXACT) != 0) {
            high = v_add(high, add);
        } else {
            high = two_sum(high, add, &error);
            *low = v_add(*low, error);
        }
    }
    if ((what & LOGITS_SLOPED) != 0) {
        high = without_alibi(l, j, high, low);
    }
    if ((what & LOGITS_KEPT) != 0) {
        high = v_select(m_load_n(l->keep + j, lanes), high, minus_infinity);
    }
    if (have_low_parts(what)) {
        const v_t least = v_set1(real_from_bits(bits_of_real(-LOW_LIMIT) - 1)); /* above -LOW_LIMIT */
        *low = v_keep(v_ge(high, least), *low);
    }
    return high;
}

#endif
