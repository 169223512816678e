/* Softmax of one row of any length: maximum, terms with their sum, scaling. docs/bits.md, "Forward".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SOFTMAX_ROW_TEMPLATE_H
#define SMX_SOFTMAX_ROW_TEMPLATE_H

#include "../options/policy.h"

#include "row_fill_template.h"
#include "row_max_template.h"
#include "row_scale_template.h"
#include "row_terms_template.h"

/* 1 / sum of the terms of one or two vectors, in every lane of two reals. */
static ALWAYS_INLINE void reciprocal_of_lanes(i_t top, i_t middle, size_t vectors, v_t *high, v_t *low) {
    const struct grid g = grid_of_terms();
#ifdef V_RECIPROCAL_OF_LANES
    _Static_assert(2 * V_LANES * (uint64_t)SUMMAND_MOST < (uint64_t)1 << LIMB_BITS, "the sum overflows a lane");
    const real_bits additions = (real_bits)(V_LANES * vectors);
    v_reciprocal_of_lanes(top, middle, additions * bits_of_real(g.top), additions * bits_of_real(g.middle), high, low);
#else
    const struct term_sum sum = {.in_limbs = true,
                                 .limbs = {sum_lanes(top, g.top, vectors), sum_lanes(middle, g.middle, vectors), 0}};
    real reciprocal[2];
    find_reciprocal(&sum, reciprocal);
    *high = v_set1(reciprocal[0]);
    *low = v_set1(reciprocal[1]);
#endif
}

/* A row of one or two vectors, which stay in registers: calls on a single short row spend their time waiting for one
 * operation after the other, and for what goes through memory. False, with nothing written, if there is no finite
 * maximum. */
static ALWAYS_INLINE bool softmax_in_registers(bool two, size_t n, const real *x, real *y) {
    const struct grid g = grid_of_terms();
    const size_t rest = two ? n - V_LANES : n;
    v_t lowest = v_set1(-(real)INFINITY), last = v_load_n(x + (n - rest), rest, lowest);
    v_t first = two ? v_load(x) : last, larger_of_two = v_max(first, last);
    if (m_any(v_unordered(first, last))) {
        return false;
    }
    real max = v_hmax(larger_of_two);
    if (!isfinite(max)) {
        return false;
    }
    const real far = max < OFFSET_FROM && max > -OFFSET_FROM ? 0 : max; /* as term_offset has it, but sooner */
    v_t offset = v_set1(far), bias = term_bias(v_set1(max), offset), magic = magic_of_bias(bias);
    v_t cut = lowest_of_bias(bias), shifted;
    i_t top = i_set1(0), middle = top;
    v_t r = reduce(v_max(v_sub(last, offset), cut), NULL, magic, &shifted);
    v_t e_last = term_of_reduced(r, shifted), e_first = e_last;
    add_to_two(e_last, &g, &top, &middle);
    if (two) {
        r = reduce(v_max(v_sub(first, offset), cut), NULL, magic, &shifted);
        e_first = term_of_reduced(r, shifted);
        add_to_two(e_first, &g, &top, &middle);
    }
    v_t high, low;
    reciprocal_of_lanes(top, middle, two ? 2 : 1, &high, &low);
    if (two) {
        v_store(y, quotient(e_first, high, low));
    }
    v_store_n(y + (n - rest), quotient(e_last, high, low), rest);
    return true;
}

static void softmax_row(size_t n, const real *x, real *y, struct policy policy) {
    if (n > 0 && (n <= V_LANES ? softmax_in_registers(false, n, x, y)
                               : n <= 2 * V_LANES && softmax_in_registers(true, n, x, y))) {
        return;
    }
    real max = row_max(n, x);
    enum filling filling = row_filling(policy, max);
    if (filling != FILL_NOT) {
        row_fill(n, filling, y);
        return;
    }
    struct term_sum sum = empty_term_sum(n, n);
    add_terms(n, x, NULL, max, n, y, &sum);
    scale_by_sum(n, y, &sum, y);
}

#endif
