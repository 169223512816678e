/* Softmax of short rows, each lane with a row of its own (transpose_template.h): a vector holds entry j of V_LANES
 * rows, and maximum, terms and sum are what column kernels would make of them. Constants of the rows, sums and
 * reciprocals are vectors too.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SOFTMAX_TRANSPOSED_TEMPLATE_H
#define SMX_SOFTMAX_TRANSPOSED_TEMPLATE_H

#include "lane_sums_template.h"
#include "limb_sum_template.h"
#include "row_scale_template.h"
#include "term_loop_template.h"
#include "term_template.h"
#include "transpose_template.h"

#ifdef V_TRANSPOSE

/* The longest rows for which this pays, a multiple of V_LANES: transpose_in fills whole blocks. Sums must fit a lane (n
 * <= SUM_BLOCK), and in f32 a double (n <= 128). */
#define SOFTMAX_TRANSPOSED_MOST ((size_t)64)
_Static_assert(SOFTMAX_TRANSPOSED_MOST *(uint64_t)SUMMAND_MOST < (uint64_t)1 << LIMB_BITS,
               "a row's sum overflows a lane");

/* So many vectors of rows go through softmax together, step by step: the steps of one hang on each other. */
#define SOFTMAX_TRANSPOSED_VECTORS ((size_t)4)
#define SOFTMAX_TRANSPOSED_ROWS (SOFTMAX_TRANSPOSED_VECTORS * V_LANES)

/* Up to SOFTMAX_TRANSPOSED_ROWS rows; false, with nothing written, if one of them has no finite maximum. */
static bool softmax_transposed(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy) {
    const struct grid g = grid_of_terms();
    real columns[SOFTMAX_TRANSPOSED_MOST * SOFTMAX_TRANSPOSED_ROWS], max[SOFTMAX_TRANSPOSED_ROWS];
    real top[SOFTMAX_TRANSPOSED_ROWS], middle[SOFTMAX_TRANSPOSED_ROWS];
    /* Rows to lanes; maxima. */
    for (size_t k = 0; k < rows; k += V_LANES) {
        transpose_in(lanes_used(rows, k), n, x + k * ldx, ldx, columns + k * n);
        if (!lane_maxima(V_LANES, n, columns + k * n, V_LANES, max + k, NULL)) {
            return false;
        }
    }
    /* Terms, in place; their sums, as limbs in lanes. What follows the rows is fetched. */
    for (size_t k = 0; k < rows; k += V_LANES) {
        real *e = columns + k * n;
        i_t top_k = i_set1(0), middle_k = top_k, none = top_k;
        const struct term_run run = {.count = n,
                                     .lanes = V_LANES,
                                     .x = e,
                                     .step = V_LANES,
                                     .e = e,
                                     .e_step = V_LANES,
                                     .prefetch = prefetch_from(x + k * n, PREFETCH_BYTES)};
        v_t m = v_load(max + k);
        if (far_from_zero(m)) {
            add_term_run(TERMS_OFFSET, &run, m, term_magic(m, term_offset(m)), &top_k, &middle_k, &none);
        } else {
            add_term_run(TERMS_NO_OFFSET, &run, m, term_magic(m, v_set1(0)), &top_k, &middle_k, &none);
        }
        v_store(top + k, v_from_bits(limb_without_constant(top_k, v_set1(g.top), n)));
        v_store(middle + k, v_from_bits(limb_without_constant(middle_k, v_set1(g.middle), n)));
    }
    /* Reciprocals of the sums. */
    for (size_t k = 0; k < rows; k += V_LANES) {
        v_t high, low;
        v_reciprocal_of_limbs(v_bits(v_load(top + k)), v_bits(v_load(middle + k)), &high, &low);
        v_store(top + k, high);
        v_store(middle + k, low);
    }
    /* Results, and back to rows. */
    for (size_t k = 0; k < rows; k += V_LANES) {
        v_t high = v_load(top + k), low = v_load(middle + k);
        for (size_t j = k * n; j < (k + V_LANES) * n; j += V_LANES) {
            v_store(columns + j, quotient(v_load_once(columns + j), high, low));
        }
        transpose_out(lanes_used(rows, k), n, columns + k * n, y + k * ldy, ldy);
    }
    return true;
}

#endif

#endif
