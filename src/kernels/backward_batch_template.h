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

/* Fills what is missing to a multiple of V_LANES vectors, one for each row of a batch, with the first one. */
static ALWAYS_INLINE void pad_to_vector(size_t batch, v_t *of_rows) {
    for (size_t i = batch; i % V_LANES != 0; i++) {
        of_rows[i] = of_rows[0];
    }
}

/* Along each row: its largest product, in each lane. Then across: a row in each lane. False if a row is special. */
static ALWAYS_INLINE bool batch_grids(size_t batch, size_t n, const struct gradient_inputs *in,
                                      struct product_lanes *t) {
    v_t largest[BACKWARD_BATCH_ROWS];
    i_t y_bits = i_set1(0);
    for (size_t i = 0; i < batch; i++) {
        i_t own = i_set1(0);
        scan_row(n, in->y + i * in->ldy, in->dy + i * in->lddy, &own, &y_bits);
        largest[i] = v_from_bits(own);
    }
    pad_to_vector(batch, largest);
    for (size_t i = 0; i < batch; i += V_LANES) {
        if (!grids_in_lanes(i_fold_each(largest + i, i_max), y_bits, t, i)) {
            return false;
        }
    }
    return true;
}

/* Along each row: its products, in limbs in each lane. Then across: the rows' sums. */
static ALWAYS_INLINE void batch_sums(size_t batch, size_t n, const struct gradient_inputs *in,
                                     struct product_lanes *t) {
    v_t upper[BACKWARD_BATCH_ROWS], lower[BACKWARD_BATCH_ROWS];
    for (size_t i = 0; i < batch; i++) {
        const struct grid g = {t->top[i], t->middle[i], 0};
        const struct product_row row = {n, in->y + i * in->ldy, in->dy + i * in->lddy, NULL};
        i_t top = i_set1(0), middle = i_set1(0);
        add_products(&row, false, &g, &top, &middle, NULL);
        upper[i] = v_from_bits(top);
        lower[i] = v_from_bits(middle);
    }
    pad_to_vector(batch, upper);
    pad_to_vector(batch, lower);
    for (size_t i = 0; i < batch; i += V_LANES) {
        size_t additions = V_LANES * ((n + V_LANES - 1) / V_LANES);
        sums_of_limbs(i_fold_each(upper + i, i_add), i_fold_each(lower + i, i_add), additions, t, i);
    }
}

/* The first `batch` of the rows, all of length n. False, with nothing written, if one has something that is not finite,
 * or products out of the range that needs no scaling. What is done along rows and what is done across them have loops
 * of their own: in one, they would not have registers enough. */
static ALWAYS_INLINE bool backward_batch_of_length(size_t batch, size_t rows, size_t n,
                                                   const struct gradient_inputs *in, real *dx, size_t lddx) {
    struct product_lanes t;
    if (!batch_grids(batch, n, in, &t)) {
        return false;
    }
    batch_sums(batch, n, in, &t);
    for (size_t i = 0; i < batch; i++) {
        const real s[2] = {t.power[i], t.rest[i]};
        const real *y = in->y + i * in->ldy, *dy = in->dy + i * in->lddy;
        const size_t ahead = i + batch < rows ? batch : 0;
        const struct next_row next = {y + ahead * in->ldy, dy + ahead * in->lddy};
        gradients_of_row(n, y, dy, NULL, false, s, dx + i * lddx, next);
    }
    return true;
}

/* The same. With a constant number of vectors in a row, loops along rows are straight code. */
static bool backward_batch(size_t batch, size_t rows, size_t n, const struct gradient_inputs *in, real *dx,
                           size_t lddx) {
    return n == V_LANES        ? backward_batch_of_length(batch, rows, V_LANES, in, dx, lddx)
           : n == 2 * V_LANES  ? backward_batch_of_length(batch, rows, 2 * V_LANES, in, dx, lddx)
           : n == 4 * V_LANES  ? backward_batch_of_length(batch, rows, 4 * V_LANES, in, dx, lddx)
           : n == 8 * V_LANES  ? backward_batch_of_length(batch, rows, 8 * V_LANES, in, dx, lddx)
           : n == 16 * V_LANES ? backward_batch_of_length(batch, rows, 16 * V_LANES, in, dx, lddx)
                               : backward_batch_of_length(batch, rows, n, in, dx, lddx);
}

#endif

#endif
