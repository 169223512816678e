/* R, the sum of rest_c (m - z_c) over the classes: an exact dot product of the coefficients that smoothing and dense
 * targets spread (cross_entropy_rest_template.h) and the distances. docs/bits.md, "Cross-entropy".
 *
 * Nearly always all products are in the range that needs no scaling. Then two passes of vectors find R: the largest
 * product, and the sum. If all rest_c are the same, the smallest entry has the largest product. Whatever else there may
 * be goes by way of exact_dot.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_REST_DISTANCE_TEMPLATE_H
#define SMX_REST_DISTANCE_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/pair.h"
#include "../base/wide.h"

#include <math.h>

#include "cross_entropy_parts_template.h"
#include "cross_entropy_rest_template.h"
#include "exact_dot_template.h"
#include "limb_sum_template.h"
#include "log_stats_template.h"
#include "logits_template.h"
#include "row_max_template.h"
#include "vector_helpers_template.h"

/* Some rest_c beside their logits, and what factors of R are made with. */
struct rest_part {
    size_t n;
    const real *rest;
    struct logit_block z;
    const struct maximum *maximum;
    real down; /* a power of two that brings the rest_c below 2 */
};

struct rest_buffer {
    real rest[LOGITS_BLOCK];
    struct logit_buffer z;
};

/* What makers of these need. */
struct rest_factors {
    const ce_row *r;
    const struct maximum *maximum;
    real down;
};

/* n <= LOGITS_BLOCK from the j-th on. */
static inline struct rest_part rest_part(const struct rest_factors *f, size_t j, size_t n, struct rest_buffer *buffer) {
    struct rest_part part = {n, rest_block(f->r, j, n, buffer->rest), logits_block(&f->r->l, j, j + n, &buffer->z),
                             f->maximum, f->down};
    return part;
}

/* So many factors of R from the i-th on: rest_c, and m - z_c. A rest_c of 0 makes 0 of an infinite distance. `simple`:
 * there is none, nor low parts, and rest_c are below 2. */
static ALWAYS_INLINE v_t rest_and_distance(const struct rest_part *p, size_t i, size_t lanes, bool simple,
                                           v_t *distance) {
    v_t zero = v_set1(0), rest = load_lanes(p->rest + i, lanes);
    if (simple) { /* m - z is -(z - m), but for the sign of 0 */
        *distance = v_sub(v_set1(p->maximum->high), load_lanes(p->z.high + i, lanes));
        return rest;
    }
    *distance = v_keep(m_not(v_eq(rest, zero)), v_sub(zero, lanes_below_maximum(&p->z, i, lanes, p->maximum)));
    return v_mul(rest, v_set1(p->down));
}

/* Part of the first pass. */
static ALWAYS_INLINE void scan_distance(const struct rest_part *p, size_t i, size_t lanes, bool simple, i_t *largest) {
    v_t distance, rest = rest_and_distance(p, i, lanes, simple, &distance);
    *largest = i_max(*largest, v_bits(v_abs(v_mul(rest, distance))));
}

/* The first pass: the largest product; NaN if something is not finite. */
static ALWAYS_INLINE real scan_distances(const struct rest_factors *f, bool simple) {
    struct rest_buffer buffer;
    i_t largest = i_set1(0);
    for (size_t j = 0, n; j < f->r->n; j += n) {
        n = block_length(f->r->n - j);
        const struct rest_part p = rest_part(f, j, n, &buffer);
        size_t i = 0;
        for (; n - i >= V_LANES; i += V_LANES) {
            scan_distance(&p, i, V_LANES, simple, &largest);
        }
        if (i < n) {
            scan_distance(&p, i, n - i, simple, &largest);
        }
    }
    return largest_of_patterns(largest);
}

/* Part of the second. */
static ALWAYS_INLINE void sum_distance(const struct rest_part *p, size_t i, size_t lanes, bool simple,
                                       const struct grid *g, i_t *top, i_t *middle) {
    v_t distance, rest = rest_and_distance(p, i, lanes, simple, &distance);
    add_product_to_limbs(rest, distance, v_set1(g->top), v_set1(g->top + g->middle), top, middle);
}

/* The second: the sum of the products, whose largest has this exponent. */
static ALWAYS_INLINE struct pair sum_distances(const struct rest_factors *f, bool simple, int exponent) {
    const struct grid g = grid_of_products(exponent);
    struct rest_total total = {{0}, {{0}}};
    struct rest_buffer buffer;
    for (size_t j = 0, n; j < f->r->n; j += n) {
        n = rest_length(f->r->n - j);
        const struct rest_part p = rest_part(f, j, n, &buffer);
        i_t top = i_set1(0), middle = i_set1(0);
        size_t i = 0;
        for (; n - i >= 2 * V_LANES; i += 2 * V_LANES) {
            sum_distance(&p, i, V_LANES, simple, &g, &top, &middle);
            sum_distance(&p, i + V_LANES, V_LANES, simple, &g, &top, &middle);
        }
        for (; n - i >= V_LANES; i += V_LANES) {
            sum_distance(&p, i, V_LANES, simple, &g, &top, &middle);
        }
        if (i < n) {
            sum_distance(&p, i, n - i, simple, &g, &top, &middle);
        }
        add_limbs_of_lanes(top, middle, &g, (n + V_LANES - 1) / V_LANES, &total);
    }
    return pair_of_total(&total, exponent);
}

/* Both passes; false if something is out of range. */
NOT_INLINE static bool find_distances(const struct rest_factors *f, bool simple, struct pair *value) {
    real largest = simple ? scan_distances(f, true) : scan_distances(f, false);
    if (!in_range(largest)) {
        return false;
    }
    int exponent = exponent_of_real(largest);
    *value = simple ? sum_distances(f, true, exponent) : sum_distances(f, false, exponent);
    return true;
}

static inline real smallest_entry(size_t n, const real *x, real maximum) {
    v_t fill = v_set1(maximum), smallest = fill, other = fill;
    size_t j = 0;
    for (; n - j >= 2 * V_LANES; j += 2 * V_LANES) {
        smallest = v_min(smallest, v_load(x + j));
        other = v_min(other, v_load(x + j + V_LANES));
    }
    for (; j < n; j += V_LANES) {
        smallest = v_min(smallest, n - j < V_LANES ? v_load_n(x + j, n - j, fill) : v_load(x + j));
    }
    return -v_hmax(v_sub(v_set1(0), v_min(smallest, other)));
}

/* The same of even shares, and entries for logits. */
NOT_INLINE static bool find_even_distances(const ce_row *r, real m, struct pair *value) {
    real even = even_share(r), largest = even * (m - smallest_entry(r->n, r->l.x, m));
    if (!in_range(largest)) {
        return false;
    }
    const struct grid g = grid_of_products(exponent_of_real(largest));
    struct rest_total total = {{0}, {{0}}};
    v_t share = v_set1(even), max = v_set1(m), g_top = v_set1(g.top), both = v_set1(g.top + g.middle);
    for (size_t j = 0, n; j < r->n; j += n) {
        i_t top = i_set1(0), middle = i_set1(0);
        n = r->n - j < SUM_BLOCK * V_LANES ? r->n - j : SUM_BLOCK * V_LANES;
        const real *x = r->l.x + j;
        size_t i = 0;
        for (; n - i >= 2 * V_LANES; i += 2 * V_LANES) {
            add_product_to_limbs(share, v_sub(max, v_load(x + i)), g_top, both, &top, &middle);
            add_product_to_limbs(share, v_sub(max, v_load(x + i + V_LANES)), g_top, both, &top, &middle);
        }
        for (; i < n; i += V_LANES) {
            v_t xi = n - i < V_LANES ? v_load_n(x + i, n - i, max) : v_load(x + i);
            add_product_to_limbs(share, v_sub(max, xi), g_top, both, &top, &middle);
        }
        add_limbs_of_lanes(top, middle, &g, (n + V_LANES - 1) / V_LANES, &total);
    }
    *value = pair_of_total(&total, exponent_of_real(largest));
    return true;
}

/* Factors of R. */
static void rest_and_distances(const void *row, size_t j, size_t n, real *a, real *b) {
    struct rest_buffer buffer;
    const struct rest_part p = rest_part(row, j, n, &buffer);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = n - i < V_LANES ? n - i : V_LANES;
        v_t distance, rest = rest_and_distance(&p, i, lanes, false, &distance);
        store_lanes(a + i, rest, lanes);
        store_lanes(b + i, distance, lanes);
    }
}

/* The loss's value where a logit of -inf has a coefficient: infinite, with the coefficients' sign. */
NOT_INLINE static double infinite_distance(const struct rest_factors *f) {
    real a[LOGITS_BLOCK], b[LOGITS_BLOCK];
    double value = 0;
    for (size_t j = 0; j < f->r->n; j += LOGITS_BLOCK) {
        size_t length = block_length(f->r->n - j);
        rest_and_distances(f, j, length, a, b);
        for (size_t i = 0; i < length; i++) {
            if (!isfinite(a[i]) || !isfinite(b[i])) {
                value += (double)a[i] * (double)b[i];
            }
        }
    }
    return isnan(value) ? (double)canonical_nan() : value;
}

/* The power of two by which the rest_c, the largest of which has this magnitude, exceed 2. */
static inline int rest_above_two(real largest) {
    if (!(largest >= 2 && isfinite(largest))) {
        return 0;
    }
    int up = exponent_of((double)largest);
    return up < REAL_BIAS - 1 ? up : REAL_BIAS - 1;
}

/* R from its sum, which has been brought down by 2^up; `infinite` is what it is where it is not finite. */
static inline struct pair pair_of_distances(const struct dot *sum, int up, double infinite) {
    return dot_is_finite(sum) ? pair_scaled(pair_of_dot(sum), up) : pair_of(infinite);
}

/* R of rest_c whose B is known. Where it is infinite, because a logit of -inf has a coefficient, it is added up
 * plainly. */
NOT_INLINE static struct pair find_rest_distance(const ce_row *r, const struct maximum *maximum,
                                                 const struct rest_sum *rest) {
    int up = rest_above_two(rest->largest);
    const struct rest_factors f = {r, maximum, power_of_two(-up)};
    bool entries = plain(&r->l), short_row = r->l.row_n < WIDE_FROM, even = rest_is_even(r) && entries;
    bool below_two = rest->largest * f.down < 2; /* not of the largest reals, nor of what is not finite */
    struct pair value;
    if (short_row && even && find_even_distances(r, maximum->high, &value)) {
        return value;
    }
    if (short_row && !even && below_two &&
        ((entries && up == 0 && find_distances(&f, true, &value)) || find_distances(&f, false, &value))) {
        return pair_scaled(value, up);
    }
    struct dot sum = exact_dot(r->n, r->l.row_n, rest_and_distances, &f);
    return pair_of_distances(&sum, up, dot_is_finite(&sum) ? 0 : infinite_distance(&f));
}

#endif
