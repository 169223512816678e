/* Softmax backward of very short rows, shorter than a vector, each lane with a row of its own (transpose_template.h).
 * Also the part that batches share: what is found once a row, in lanes.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_BACKWARD_TRANSPOSED_TEMPLATE_H
#define SMX_BACKWARD_TRANSPOSED_TEMPLATE_H

#include "../base/attributes.h"

#include "backward_products_template.h"
#include "backward_row_template.h"
#include "limb_sum_template.h"
#include "transpose_template.h"
#include "vector_helpers_template.h"

#ifdef V_TRANSPOSE

/* Shorter rows have a lane each. Longer ones, up to the most, go in batches. The most: sums must fit a lane, which in
 * f32 they do up to 511 additions; and V_LANES rows and their results should lie in the nearest cache. */
#define BACKWARD_TRANSPOSED_BELOW (V_LANES)
#define BACKWARD_BATCH_MOST ((size_t)2048 / V_LANES)
_Static_assert(BACKWARD_BATCH_MOST *(uint64_t)SUMMAND_MOST < (uint64_t)1 << LIMB_BITS,
               "the sum of a row overflows a lane");

/* The most rows of a batch: those that go through each pass together. */
#define BACKWARD_BATCH_ROWS (8 * V_LANES)

/* The constant G of a limb, in units of the largest product's binade. */
#define GRID_OF_UNIT(exponent) ((real)1.5 * power_of_two(exponent))

/* Of up to BACKWARD_BATCH_ROWS rows, a lane each: their grids' unit and constants, and their sums as a power of two and
 * the rest. */
struct product_lanes {
    real unit[BACKWARD_BATCH_ROWS], top[BACKWARD_BATCH_ROWS], middle[BACKWARD_BATCH_ROWS], power[BACKWARD_BATCH_ROWS],
        rest[BACKWARD_BATCH_ROWS];
};

/* The grids of V_LANES rows from the i-th on; false if one has something that is not finite, or products out of the
 * range that needs no scaling. */
static ALWAYS_INLINE bool grids_in_lanes(i_t largest_bits, i_t y_bits, struct product_lanes *t, size_t i) {
    v_t largest = v_from_bits(largest_bits), unit = v_binade(largest);
    m_t unfit =
        m_or(products_out_of_range(largest_bits, y_bits), v_ge(largest, v_set1(power_of_two(PRODUCT_LARGE + 1))));
    v_store(t->unit + i, unit);
    v_store(t->top + i, v_mul(unit, v_set1(GRID_OF_UNIT(GRID_TOP))));
    v_store(t->middle + i, v_mul(unit, v_set1(GRID_OF_UNIT(GRID_MIDDLE_OF_TWO))));
    return !m_any(m_or(unfit, v_ge(v_set1(power_of_two(PRODUCT_SMALL)), largest)));
}

/* The sums of V_LANES rows from the i-th on, from their limbs after `additions`. */
static ALWAYS_INLINE void sums_of_limbs(i_t top, i_t middle, size_t additions, struct product_lanes *t, size_t i) {
    v_t high, low;
    top = limb_without_constant(top, v_load(t->top + i), additions);
    middle = limb_without_constant(middle, v_load(t->middle + i), additions);
    middle = i_mul(middle, i_set1((real_bits)MIDDLE_UNIT_OF_TWO));
    v_value_of_limbs(top, middle, v_load(t->unit + i), &high, &low);
    /* As split_off_power: in these rows, a sum that is not 0 is normal. */
    v_t power = v_binade(v_from_bits(i_add(v_bits(high), i_set1(HALF_BINADE))));
    v_store(t->power + i, power);
    v_store(t->rest + i, v_add(v_sub(high, power), low));
}

/* So many vectors of rows go through backward together, step by step: what one waits for, another computes. */
#define BACKWARD_TRANSPOSED_VECTORS ((size_t)4)
#define BACKWARD_TRANSPOSED_ROWS (BACKWARD_TRANSPOSED_VECTORS * V_LANES)

/* The first pass: the largest product of each of V_LANES rows, and the grids that follow from it. */
static ALWAYS_INLINE bool units_in_lanes(size_t n, const real *y, const real *dy, struct product_lanes *t, size_t i) {
    i_t largest_bits = i_set1(0), y_bits = i_set1(0);
    for (size_t j = 0; j < n; j++) {
        scan_products(v_load(y + j * V_LANES), v_load(dy + j * V_LANES), &largest_bits, &y_bits);
    }
    return grids_in_lanes(largest_bits, y_bits, t, i);
}

/* The second pass: the exact sum of each row's products. */
static ALWAYS_INLINE void sums_in_lanes(size_t n, const real *y, const real *dy, struct product_lanes *t, size_t i) {
    v_t g_top = v_load(t->top + i), both = v_add(g_top, v_load(t->middle + i));
    i_t top = i_set1(0), middle = i_set1(0);
    for (size_t j = 0; j < n; j++) {
        add_product_to_limbs(v_load(y + j * V_LANES), v_load(dy + j * V_LANES), g_top, both, &top, &middle);
    }
    sums_of_limbs(top, middle, n, t, i);
}

/* Up to BACKWARD_TRANSPOSED_ROWS rows; false, with nothing written, if one has something that is not finite, or
 * products out of the range that needs no scaling. */
static bool backward_transposed(size_t rows, size_t n, const struct gradient_inputs *in, real *dx, size_t lddx) {
    real y_columns[BACKWARD_TRANSPOSED_BELOW * BACKWARD_TRANSPOSED_ROWS],
        dy_columns[BACKWARD_TRANSPOSED_BELOW * BACKWARD_TRANSPOSED_ROWS];
    struct product_lanes t;
    /* Rows to lanes; grids. */
    for (size_t i = 0; i < rows; i += V_LANES) {
        size_t lanes = lanes_used(rows, i);
        transpose_in(lanes, n, in->y + i * in->ldy, in->ldy, y_columns + i * n);
        transpose_in(lanes, n, in->dy + i * in->lddy, in->lddy, dy_columns + i * n);
        if (!units_in_lanes(n, y_columns + i * n, dy_columns + i * n, &t, i)) {
            return false;
        }
    }
    /* Sums. */
    for (size_t i = 0; i < rows; i += V_LANES) {
        sums_in_lanes(n, y_columns + i * n, dy_columns + i * n, &t, i);
    }
    /* Gradients, and back to rows. */
    for (size_t i = 0; i < rows; i += V_LANES) {
        v_t power = v_load(t.power + i), rest = v_load(t.rest + i);
        for (size_t j = i * n; j < (i + V_LANES) * n; j += V_LANES) {
            v_store(y_columns + j, gradient(v_load(y_columns + j), v_load(dy_columns + j), power, rest));
        }
        transpose_out(lanes_used(rows, i), n, y_columns + i * n, dx + i * lddx, lddx);
    }
    return true;
}

#endif

#endif
