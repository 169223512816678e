/* Softmax of rows of some vectors, as they lie: loops go along a row, and what is done once a row (its maximum, its
 * sum, a reciprocal) is done in lanes, a row in each, by folding a vector for each row. For vector layers that can
 * transpose (V_TRANSPOSE); elsewhere this is empty.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SOFTMAX_FOLDED_TEMPLATE_H
#define SMX_SOFTMAX_FOLDED_TEMPLATE_H

#include "../base/attributes.h"

#include <math.h>

#include "limb_sum_template.h"
#include "row_max_template.h"
#include "row_scale_template.h"
#include "softmax_batch_template.h"
#include "term_loop_template.h"
#include "term_template.h"
#include "transpose_template.h"
#include "vector_helpers_template.h"

#ifdef V_TRANSPOSE

/* Shorter rows, and those up to SOFTMAX_TRANSPOSED_MOST that are not whole vectors, have a lane each. The most: a row's
 * sum must fit a lane. */
#define SOFTMAX_FOLDED_LEAST (4 * V_LANES)
#define SOFTMAX_FOLDED_MOST ((size_t)256)
#define SOFTMAX_FOLDED_ROWS (4 * V_LANES)
_Static_assert(SOFTMAX_FOLDED_MOST *(uint64_t)SUMMAND_MOST < (uint64_t)1 << LIMB_BITS, "a row's sum overflows a lane");

/* How many of the rows make a batch: as many as fit SOFTMAX_BATCH_BYTES, in whole vectors of rows. With more of them,
 * what is fetched while terms are made is not the next batch but this one. */
static inline size_t softmax_folded_rows(size_t rows, size_t n) {
    size_t most = rows_of_batch_bytes(n) / V_LANES * V_LANES;
    most = most > SOFTMAX_FOLDED_ROWS ? SOFTMAX_FOLDED_ROWS : most > 0 ? most : V_LANES;
    return rows < most ? rows : most;
}

/* What is found once a row, for each row of a batch. */
struct folded_rows {
    real max[SOFTMAX_FOLDED_ROWS], magic[SOFTMAX_FOLDED_ROWS], high[SOFTMAX_FOLDED_ROWS], low[SOFTMAX_FOLDED_ROWS];
};

/* Fills what is missing to a multiple of V_LANES vectors, one for each row of a batch, with the first one. */
static ALWAYS_INLINE void pad_rows(size_t rows, v_t *of_rows) {
    for (size_t i = rows; i % V_LANES != 0; i++) {
        of_rows[i] = of_rows[0];
    }
}

/* Maxima, and what follows from them, of rows whose lanes have these; false if one is not finite. *offset: whether
 * terms need one. */
static ALWAYS_INLINE bool folded_constants(size_t rows, v_t largest[SOFTMAX_FOLDED_ROWS], struct folded_rows *f,
                                           bool *offset) {
    m_t special = m_none(), far = m_none();
    pad_rows(rows, largest);
    for (size_t i = 0; i < rows; i += V_LANES) {
        v_t m = v_from_bits(i_fold_each(largest + i, larger)), size = v_abs(m);
        special = m_or(special, v_ge(size, v_set1((real)INFINITY)));
        far = m_or(far, v_ge(size, v_set1(OFFSET_FROM)));
        v_store(f->max + i, m);
        v_store(f->magic + i, term_magic(m, term_offset(m)));
    }
    *offset = m_any(far);
    return !m_any(special);
}

static ALWAYS_INLINE bool folded_maxima(size_t rows, size_t n, const real *x, size_t ldx, struct folded_rows *f,
                                        bool *offset) {
    v_t largest[SOFTMAX_FOLDED_ROWS], nothing = v_set1(-(real)INFINITY);
    m_t nan = m_none();
    for (size_t i = 0; i < rows; i++) {
        v_t other = nothing;
        largest[i] = nothing;
        max_of_lanes(n, x + i * ldx, &largest[i], &other, &nan);
        largest[i] = v_max(largest[i], other);
    }
    return folded_constants(rows, largest, f, offset) && !m_any(nan);
}

/* Terms, and sums as limbs in each lane of a vector a row; then the reciprocals of the rows' sums. */
static ALWAYS_INLINE void folded_terms(enum term_kind kind, size_t rows, size_t n, const real *x, size_t ldx, real *y,
                                       size_t ldy, struct folded_rows *f) {
    const struct grid g = grid_of_terms();
    v_t upper[SOFTMAX_FOLDED_ROWS], lower[SOFTMAX_FOLDED_ROWS];
    size_t additions = V_LANES * ((n + V_LANES - 1) / V_LANES);
    for (size_t i = 0; i < rows; i++) {
        real *e = y + i * ldy;
        const struct row_part row = {.n = n, .x = x + i * ldx, .e = e, .prefetch = PREFETCH_BYTES};
        i_t top = i_set1(0), middle = top;
        add_terms_of_part(kind, &row, v_set1(f->max[i]), v_set1(f->magic[i]), &top, &middle, NULL);
        upper[i] = v_from_bits(top);
        lower[i] = v_from_bits(middle);
    }
    pad_rows(rows, upper);
    pad_rows(rows, lower);
    for (size_t i = 0; i < rows; i += V_LANES) {
        v_t high, low;
        i_t top = limb_without_constant(i_fold_each(upper + i, i_add), v_set1(g.top), additions);
        i_t middle = limb_without_constant(i_fold_each(lower + i, i_add), v_set1(g.middle), additions);
        v_reciprocal_of_limbs(top, middle, &high, &low);
        v_store(f->high + i, high);
        v_store(f->low + i, low);
    }
}

/* The same, whichever kind they are. */
static ALWAYS_INLINE void folded_terms_of(bool offset, size_t rows, size_t n, const real *x, size_t ldx, real *y,
                                          size_t ldy, struct folded_rows *f) {
    if (offset) {
        folded_terms(TERMS_OFFSET, rows, n, x, ldx, y, ldy, f);
    } else {
        folded_terms(TERMS_NO_OFFSET, rows, n, x, ldx, y, ldy, f);
    }
}

/* Softmax of up to SOFTMAX_FOLDED_ROWS rows of at most SOFTMAX_FOLDED_MOST entries; false, with nothing written, if one
 * of them has no finite maximum. */
static ALWAYS_INLINE bool softmax_folded_of_length(size_t rows, size_t n, const real *x, size_t ldx, real *y,
                                                   size_t ldy) {
    struct folded_rows f;
    bool offset;
    if (!folded_maxima(rows, n, x, ldx, &f, &offset)) {
        return false;
    }
    folded_terms_of(offset, rows, n, x, ldx, y, ldy, &f);
    for (size_t i = 0; i < rows; i++) {
        const real reciprocal[2] = {f.high[i], f.low[i]};
        scale_by(n, y + i * ldy, reciprocal, y + i * ldy);
    }
    return true;
}

/* The same. With a constant number of vectors in a row, loops along rows are straight code. */
static bool softmax_folded(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy) {
    return n == 4 * V_LANES    ? softmax_folded_of_length(rows, 4 * V_LANES, x, ldx, y, ldy)
           : n == 8 * V_LANES  ? softmax_folded_of_length(rows, 8 * V_LANES, x, ldx, y, ldy)
           : n == 16 * V_LANES ? softmax_folded_of_length(rows, 16 * V_LANES, x, ldx, y, ldy)
                               : softmax_folded_of_length(rows, n, x, ldx, y, ldy);
}

#endif

#endif
