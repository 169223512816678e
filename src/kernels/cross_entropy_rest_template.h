/* The rest of a row's loss: the coefficients rest_c that smoothing and dense targets spread over the classes, and their
 * sum B, an exact dot product with ones. docs/bits.md, "Cross-entropy".
 *
 * Nearly always all of them are in the range that needs no scaling. Then two passes of vectors find B: the largest
 * rest_c, and the sum. If all are the same, B is a product. Whatever else there may be goes by way of exact_dot. The
 * other sum, R, is found in the same way: rest_distance_template.h.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_CROSS_ENTROPY_REST_TEMPLATE_H
#define SMX_CROSS_ENTROPY_REST_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/pair.h"
#include "../base/wide.h"

#include <math.h>

#include "backward_products_template.h"
#include "cross_entropy_parts_template.h"
#include "exact_dot_template.h"
#include "limb_sum_template.h"
#include "mask_template.h"
#include "vector_helpers_template.h"

/* ---- The rest_c ---- */

static inline real even_share(const ce_row *r) { return r->smoothing / (real)r->classes; }

/* Whether every rest_c is the even share. */
static inline bool rest_is_even(const ce_row *r) {
    return r->targets == NULL && r->class_weights == NULL && !masked(&r->l);
}

/* So many rest_c from the j-th on, made of targets and class weights. */
static ALWAYS_INLINE v_t rest_of_lanes(const ce_row *r, size_t j, size_t lanes, bool dense, bool weighted) {
    v_t even = v_set1(even_share(r)), rest = even;
    if (dense) {
        rest = load_lanes(r->targets + j, lanes);
        rest = r->smoothing == 0 ? rest : v_fma(v_set1(1 - r->smoothing), rest, even);
    }
    return weighted ? v_mul(rest, load_lanes(r->class_weights + j, lanes)) : rest;
}

/* n of them to `rest`. */
static ALWAYS_INLINE void make_rest(const ce_row *given, size_t j, size_t n, bool dense, bool weighted, real *rest) {
    const ce_row r = {.targets = given->targets,
                      .class_weights = given->class_weights,
                      .smoothing = given->smoothing,
                      .classes = given->classes}; /* apart from what is written */
    size_t i = 0;
    for (; n - i >= V_LANES; i += V_LANES) {
        v_store(rest + i, rest_of_lanes(&r, j + i, V_LANES, dense, weighted));
    }
    if (i < n) {
        v_store_n(rest + i, rest_of_lanes(&r, j + i, n - i, dense, weighted), n - i);
    }
}

/* n <= LOGITS_BLOCK of the rest_c, 0 where masked out: where they lie, or made in the buffer. */
static inline const real *rest_block(const ce_row *r, size_t j, size_t n, real *buffer) {
    bool dense = r->targets != NULL, weighted = r->class_weights != NULL;
    if (dense && r->smoothing == 0 && !weighted && !masked(&r->l)) {
        return r->targets + j;
    }
    if (dense) {
        weighted ? make_rest(r, j, n, true, true, buffer) : make_rest(r, j, n, true, false, buffer);
    } else {
        weighted ? make_rest(r, j, n, false, true, buffer) : make_rest(r, j, n, false, false, buffer);
    }
    if (masked(&r->l)) {
        clear_masked(&r->l, j, n, buffer);
    }
    return buffer;
}

/* The largest magnitude among the rest_c. */
NOT_INLINE static real largest_rest(const ce_row *r) {
    real buffer[LOGITS_BLOCK], largest = 0;
    for (size_t j = 0; j < r->n; j += LOGITS_BLOCK) {
        size_t length = block_length(r->n - j);
        const real *rest = rest_block(r, j, length, buffer);
        for (size_t i = 0; i < length; i++) {
            real magnitude = rest[i] < 0 ? -rest[i] : rest[i];
            largest = magnitude > largest ? magnitude : largest;
        }
    }
    return largest;
}

/* So many of the entries that are left make a block that lanes can add up. */
static inline size_t rest_length(size_t left) {
    size_t n = block_length(left);
    return n < SUM_BLOCK * V_LANES ? n : SUM_BLOCK * V_LANES;
}

/* ---- B ---- */

/* B, and what R needs to know of the rest_c. */
struct rest_sum {
    struct pair sum; /* NaN if one is not finite */
    real largest;    /* magnitude; at least 2 is all that counts where one is not finite */
};

/* Whether the largest of some products or summands is in the range that needs no scaling. */
static inline bool in_range(real largest) {
    return largest >= power_of_two(PRODUCT_SMALL) && largest < power_of_two(PRODUCT_LARGE + 1);
}

/* An exact sum of up to WIDE_FROM - 1 summands: in two limbs, if these are exact as doubles, else wide. */
struct rest_total {
    int64_t limbs[2];
    struct wide wide;
};

/* Adds the limbs of so many vectors. */
static ALWAYS_INLINE void add_limbs_of_lanes(i_t top, i_t middle, const struct grid *g, size_t vectors,
                                             struct rest_total *total) {
    const int64_t limbs[3] = {sum_lanes(top, g->top, vectors),
                              sum_lanes(middle, g->middle, vectors) * MIDDLE_UNIT_OF_TWO, 0};
    if (sizeof(real) < sizeof(double)) {
        total->limbs[0] += limbs[0];
        total->limbs[1] += limbs[1];
    } else {
        add_limbs(&total->wide, limbs, SHIFT_TOP);
    }
}

/* As pair_of_dot has it. */
static ALWAYS_INLINE struct pair pair_of_total(const struct rest_total *total, int exponent) {
    if (sizeof(real) < sizeof(double)) {
        struct pair sum =
            sum_of((double)total->limbs[0] * double_power_of_two(SHIFT_TOP - SHIFT_MIDDLE), (double)total->limbs[1]);
        return pair_scaled(sum, exponent + SUM_UNIT + SHIFT_MIDDLE);
    }
    return pair_scaled(pair_of_wide(total->wide), exponent + SUM_UNIT);
}

/* The largest magnitude of integers that are reals' patterns; NaN if one is not finite. */
static inline real largest_of_patterns(i_t largest) {
    v_t a = v_from_bits(largest);
    return m_any(m_not(v_ge(v_set1(REAL_LARGEST), a))) ? canonical_nan() : v_hmax(a);
}

/* The first pass: the largest rest_c; NaN if one is not finite. */
static inline real scan_rest(const ce_row *r) {
    real buffer[LOGITS_BLOCK];
    i_t largest = i_set1(0);
    for (size_t j = 0, n; j < r->n; j += n) {
        n = block_length(r->n - j);
        const real *rest = rest_block(r, j, n, buffer);
        size_t i = 0;
        for (; n - i >= V_LANES; i += V_LANES) {
            largest = i_max(largest, v_bits(v_abs(v_load(rest + i))));
        }
        if (i < n) {
            largest = i_max(largest, v_bits(v_abs(v_load_n(rest + i, n - i, v_set1(0)))));
        }
    }
    return largest_of_patterns(largest);
}

/* The second: the sum of the rest_c, whose largest has this exponent. */
static inline struct pair sum_rest(const ce_row *r, int exponent) {
    const struct grid g = grid_of_products(exponent);
    struct rest_total total = {{0}, {{0}}};
    v_t one = v_set1(1), g_top = v_set1(g.top), both = v_set1(g.top + g.middle);
    real buffer[LOGITS_BLOCK];
    for (size_t j = 0, n; j < r->n; j += n) {
        n = rest_length(r->n - j);
        const real *rest = rest_block(r, j, n, buffer);
        i_t top = i_set1(0), middle = i_set1(0);
        size_t i = 0;
        for (; n - i >= V_LANES; i += V_LANES) {
            add_product_to_limbs(one, v_load(rest + i), g_top, both, &top, &middle);
        }
        if (i < n) {
            add_product_to_limbs(one, v_load_n(rest + i, n - i, v_set1(0)), g_top, both, &top, &middle);
        }
        add_limbs_of_lanes(top, middle, &g, (n + V_LANES - 1) / V_LANES, &total);
    }
    return pair_of_total(&total, exponent);
}

/* n shares, without error: an exact dot product drops nothing of equal summands. */
static ALWAYS_INLINE struct pair sum_of_shares(size_t n, real even) {
    double high = (double)n * (double)even;
    return (struct pair){high, fma((double)n, (double)even, -high)};
}

/* Factors of B. */
static void rest_and_ones(const void *row, size_t j, size_t n, real *a, real *b) {
    const real *rest = rest_block(row, j, n, b);
    for (size_t i = 0; i < n; i++) {
        a[i] = 1;
        b[i] = rest[i];
    }
}

/* B from its sum. */
static inline struct pair pair_of_rest(const struct dot *sum) {
    return dot_is_finite(sum) ? pair_of_dot(sum) : pair_of((double)canonical_nan());
}

NOT_INLINE static struct rest_sum find_rest_sum(const ce_row *r) {
    if (rest_is_even(r)) {
        return (struct rest_sum){sum_of_shares(r->n, even_share(r)), even_share(r)};
    }
    struct rest_sum rest = {.largest = scan_rest(r)};
    if (in_range(rest.largest) && r->l.row_n < WIDE_FROM) {
        rest.sum = sum_rest(r, exponent_of_real(rest.largest));
        return rest;
    }
    struct dot sum = exact_dot(r->n, r->l.row_n, rest_and_ones, r);
    rest.sum = pair_of_rest(&sum);
    return rest;
}

#endif
