/* Exact dot products sum of a_j b_j: as in the backward pass, but of factors that a function makes block by block, so
 * that none of them is stored as a row. All gradients under masks or a scale, and weighted sums, come from these.
 * docs/bits.md, "Exact dot product".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_EXACT_DOT_TEMPLATE_H
#define SMX_EXACT_DOT_TEMPLATE_H

#include "../base/pair.h"
#include "../base/wide.h"

#include "backward_products_template.h"
#include "mask_template.h"

/* Writes n <= LOGITS_BLOCK factors a and b from the j-th on; |a| < 2. It is called twice for each block. */
typedef void (*factors)(const void *row, size_t j, size_t n, real *a, real *b);

/* A dot product before it is rounded: an integer, in units that follow from the exponent. */
struct dot {
    int32_t exponent; /* as backward_exponent gives it */
    struct wide sum;
};

/* The largest exponent of a_j b_j over n entries. */
static int32_t dot_exponent(size_t n, factors make, const void *row) {
    real a[LOGITS_BLOCK], b[LOGITS_BLOCK];
    int32_t largest = INT32_MIN;
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        make(row, j, length, a, b);
        int32_t exponent = backward_exponent(length, a, b);
        largest = exponent > largest ? exponent : largest;
    }
    return largest;
}

/* The sum of a_j b_j over n entries of a row of row_n, the largest of whose products has this exponent. */
static struct dot dot_of_exponent(int32_t exponent, size_t n, size_t row_n, factors make, const void *row) {
    real a[LOGITS_BLOCK], b[LOGITS_BLOCK];
    struct dot dot = {exponent, {{0}}};
    if (exponent == INT32_MAX || products_vanish(exponent)) {
        return dot;
    }
    for (size_t j = 0; j < n; j += LOGITS_BLOCK) {
        size_t length = block_length(n - j);
        make(row, j, length, a, b);
        backward_products(length, a, b, exponent, row_n, &dot.sum);
    }
    return dot;
}

/* The sum of a_j b_j over n entries of a row of row_n. */
NOT_INLINE static struct dot exact_dot(size_t n, size_t row_n, factors make, const void *row) {
    return dot_of_exponent(dot_exponent(n, make, row), n, row_n, make, row);
}

static inline bool dot_is_finite(const struct dot *dot) { return dot->exponent != INT32_MAX; }

/* A finite dot product as two doubles. */
static inline struct pair pair_of_dot(const struct dot *dot) {
    if (products_vanish(dot->exponent)) {
        return pair_of(0);
    }
    return pair_scaled(pair_of_wide(dot->sum), dot->exponent + SUM_UNIT);
}

/* A finite dot product times 2^*up, which brings it near 1, as far as SUM_UP and SUM_DOWN allow. */
static inline struct pair dot_near_one(const struct dot *dot, int *up) {
    struct pair sum = pair_of_wide(dot->sum);
    *up = 0;
    if (products_vanish(dot->exponent) || sum.high == 0) {
        return pair_of(0);
    }
    int unit = dot->exponent + SUM_UNIT, wanted = -(exponent_of(sum.high) + unit);
    *up = wanted > SUM_UP ? SUM_UP : wanted < SUM_DOWN ? SUM_DOWN : wanted;
    return pair_scaled(sum, unit + *up);
}

/* A finite dot product as two reals, in the scale of the second factor that `range` says. */
static inline struct product_range reals_of_dot(const struct dot *dot, real s[2]) {
    bool nothing = products_vanish(dot->exponent);
    struct product_range range = product_range_of(nothing ? 0 : dot->exponent);
    s[0] = s[1] = 0;
    if (!nothing) {
        value_of_sum(&dot->sum, unit_exponent(dot->exponent, &range), s);
    }
    return range;
}

#endif
