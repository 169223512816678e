/* Softmax of some rows together, step by step, each along its own vectors. What is done once a row (a horizontal
 * maximum, horizontal sums, a reciprocal) is a chain of operations that wait for each other. A step of one row and the
 * same step of the next row do not wait for each other, so the chains of a batch run side by side.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SOFTMAX_BATCH_TEMPLATE_H
#define SMX_SOFTMAX_BATCH_TEMPLATE_H

#include <math.h>

#include "row_max_template.h"
#include "row_scale_template.h"
#include "row_terms_template.h"
#include "term_loop_template.h"
#include "term_template.h"

/* How many rows a batch has, and how many bytes of x and y together: they should stay in the first cache. */
#define SOFTMAX_BATCH_ROWS ((size_t)16)
#define SOFTMAX_BATCH_BYTES ((size_t)32768)

/* How many rows of this length have so many bytes. */
static inline size_t rows_of_batch_bytes(size_t n) { return SOFTMAX_BATCH_BYTES / (2 * sizeof(real)) / n; }

/* How many of the rows make a batch. */
static inline size_t softmax_batch_rows(size_t rows, size_t n) {
    size_t most = rows_of_batch_bytes(n);
    most = most > SOFTMAX_BATCH_ROWS ? SOFTMAX_BATCH_ROWS : most > 0 ? most : 1;
    return rows < most ? rows : most;
}

/* From maxima on: the rows' terms, and what makes results of them. False, with nothing written, if a maximum is not
 * finite. */
static bool softmax_batch_terms(size_t rows, size_t n, const real *x, size_t ldx, const real *max, real *y, size_t ldy,
                                real reciprocal[SOFTMAX_BATCH_ROWS][2]) {
    real magic[SOFTMAX_BATCH_ROWS];
    enum term_kind kind = TERMS_NO_OFFSET;
    for (size_t i = 0; i < rows; i++) {
        if (!isfinite(max[i])) {
            return false;
        }
        kind = term_kind_of_row(max[i], n, false) == TERMS_NO_OFFSET ? kind : TERMS_OFFSET;
    }
    /* Constants, V_LANES rows at once. */
    for (size_t i = 0; i < rows; i += V_LANES) {
        size_t left = rows - i < V_LANES ? rows - i : V_LANES;
        v_t m = v_load_n(max + i, left, v_set1(0));
        v_store_n(magic + i, term_magic(m, term_offset(m)), left);
    }
    /* Terms and sums, then reciprocals. */
    struct term_sum sum[SOFTMAX_BATCH_ROWS];
    for (size_t i = 0; i < rows; i++) {
        sum[i] = empty_term_sum(n, n);
        real *e = y + i * ldy;
        const struct row_part row = {.n = n, .x = x + i * ldx, .e = e, .prefetch = PREFETCH_BYTES};
        add_part(kind, &row, v_set1(max[i]), v_set1(magic[i]), sum[i].limbs);
    }
    for (size_t i = 0; i < rows; i++) {
        find_reciprocal(&sum[i], reciprocal[i]);
    }
    return true;
}

/* Softmax of up to SOFTMAX_BATCH_ROWS rows of at most SUM_BLOCK vectors; false, with nothing written, if one of them
 * has no finite maximum. */
static bool softmax_batch(size_t rows, size_t n, const real *x, size_t ldx, real *y, size_t ldy) {
    real max[SOFTMAX_BATCH_ROWS], reciprocal[SOFTMAX_BATCH_ROWS][2];
    for (size_t i = 0; i < rows; i++) {
        max[i] = row_max(n, x + i * ldx);
    }
    if (!softmax_batch_terms(rows, n, x, ldx, max, y, ldy, reciprocal)) {
        return false;
    }
    for (size_t i = 0; i < rows; i++) {
        scale_by(n, y + i * ldy, reciprocal[i], y + i * ldy);
    }
    return true;
}

#endif
