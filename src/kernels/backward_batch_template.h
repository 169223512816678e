/* Softmax backward of short rows, a batch at a time, as they lie. What goes along a row (products, gradients) uses
 * vectors along the row; what is found once a row (grid, sum) is found in lanes, a row in each, by folding a vector for
 * each row.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_BACKWARD_BATCH_TEMPLATE_H
#define SMX_BACKWARD_BATCH_TEMPLATE_H

#include "../base/attributes.h"

#include "backward_products_template.h"
#include "backward_row_template.h"
#include "backward_transposed_template.h"
#include "limb_sum_template.h"

#ifdef V_TRANSPOSE

/* So many entries go through each pass together, as far as that is whole vectors of rows: what one row waits for,
 * another computes. */
#define BACKWARD_BATCH_ENTRIES ((size_t)1024)

/* How many of the rows make a batch. */
static inline size_t backward_batch_rows(size_t rows, size_t n) {
    size_t vectors = BACKWARD_BATCH_ENTRIES / (n * V_LANES), batch = vectors > 1 ? vectors * V_LANES : V_LANES;
    batch = batch < BACKWARD_BATCH_ROWS ? batch : BACKWARD_BATCH_ROWS;
    return rows < batch ? rows : batch;
}

/* Row r of V_LANES rows from the i-th on; those that a batch lacks are its last one again. */
static inline struct product_row row_of_batch(size_t i, size_t r, size_t batch, size_t n,
                                              const struct gradient_inputs *in) {
    size_t k = i + r < batch ? i + r : batch - 1;
    return (struct product_row){n, in->y + k * in->ldy, in->dy + k * in->lddy, NULL};
}

/* Along each row: its largest product, in each lane. Then across: a row in each lane. False if a row is special. The
 * loop over rows is unrolled here and below, so that their vectors stay in registers. */
static ALWAYS_INLINE bool batch_grids(size_t batch, size_t n, const struct gradient_inputs *in,
                                      struct product_lanes *t) {
    i_t y_bits = i_set1(0);
    for (size_t i = 0; i < batch; i += V_LANES) {
        v_t largest[V_LANES];
#pragma GCC unroll 16
        for (size_t r = 0; r < V_LANES; r++) {
            const struct product_row row = row_of_batch(i, r, batch, n, in);
            i_t own = i_set1(0);
            scan_row(n, row.y, row.dy, &own, &y_bits);
            largest[r] = v_from_bits(own);
        }
        if (!grids_in_lanes(i_fold_each(largest, i_max), y_bits, t, i)) {
            return false;
        }
    }
    return true;
}

/* Along each row: its products, in limbs in each lane. Then across: the rows' sums. */
static ALWAYS_INLINE void batch_sums(size_t batch, size_t n, const struct gradient_inputs *in,
                                     struct product_lanes *t) {
    const size_t additions = V_LANES * ((n + V_LANES - 1) / V_LANES);
    for (size_t i = 0; i < batch; i += V_LANES) {
        v_t upper[V_LANES], lower[V_LANES];
#pragma GCC unroll 16
        for (size_t r = 0; r < V_LANES; r++) {
            const struct grid g = {t->top[i + r], t->middle[i + r], 0};
            const struct product_row row = row_of_batch(i, r, batch, n, in);
            i_t top = i_set1(0), middle = i_set1(0);
            add_products(&row, false, &g, &top, &middle, NULL);
            upper[r] = v_from_bits(top);
            lower[r] = v_from_bits(middle);
        }
        sums_of_limbs(i_fold_each(upper, i_add), i_fold_each(lower, i_add), additions, t, i);
    }
}

/* The first `batch` of the rows, all of length n. False, with nothing written, if one has something that is not finite,
 * or products out of the range that needs no scaling. What is done along rows and what is done across them have loops
 * of their own: in one, they would not have registers enough. */
static ALWAYS_INLINE bool backward_batch_of_length(size_t batch, size_t n, const struct gradient_inputs *in, real *dx,
                                                   size_t lddx) {
    struct product_lanes t;
    if (!batch_grids(batch, n, in, &t)) {
        return false;
    }
    batch_sums(batch, n, in, &t);
    for (size_t i = 0; i < batch; i++) {
        const real s[2] = {t.power[i], t.rest[i]};
        const real *y = in->y + i * in->ldy, *dy = in->dy + i * in->lddy;
        gradients_of_row(n, y, dy, NULL, false, s, dx + i * lddx);
    }
    return true;
}

/* The same. With a constant number of vectors in a row, loops along rows are straight code. */
static bool backward_batch(size_t batch, size_t n, const struct gradient_inputs *in, real *dx, size_t lddx) {
    return n == V_LANES       ? backward_batch_of_length(batch, V_LANES, in, dx, lddx)
           : n == 2 * V_LANES ? backward_batch_of_length(batch, 2 * V_LANES, in, dx, lddx)
           : n == 4 * V_LANES ? backward_batch_of_length(batch, 4 * V_LANES, in, dx, lddx)
           : n == 8 * V_LANES ? backward_batch_of_length(batch, 8 * V_LANES, in, dx, lddx)
                              : backward_batch_of_length(batch, n, in, dx, lddx);
}

#endif

#endif
