/* Softmax backward of rows of any length. docs/bits.md, "Backward".
 *
 * A row goes one of three ways, all with the same bits:
 *
 *     transposed    short rows, V_LANES of them in the lanes of vectors: backward_transposed_template.h
 *     batch         rows of middling length, some together, each along its own vectors: backward_batch_template.h
 *     row           one by one: long rows, single rows, and rows with something special: backward_row_template.h
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_BACKWARD_ROWS_TEMPLATE_H
#define SMX_BACKWARD_ROWS_TEMPLATE_H

#include "backward_batch_template.h"
#include "backward_row_template.h"
#include "backward_transposed_template.h"
#include "transpose_template.h"

#ifdef V_TRANSPOSE

/* Tries to handle some rows together. Returns how many it has handled: 0, with nothing written, if they are for
 * backward_row. If a full batch fails, a single vector of rows is tried: one odd row must not slow down so many. */
static size_t backward_some(size_t rows, size_t n, const struct gradient_inputs *in, real *dx, size_t lddx) {
    size_t batch = backward_batch_rows(rows, n), fewer = rows < V_LANES ? rows : V_LANES;
    if (n > BACKWARD_BATCH_MOST || rows < TRANSPOSED_ROWS_LEAST) {
        return 0;
    }
    if (n < BACKWARD_TRANSPOSED_BELOW) {
        size_t lanes = rows < BACKWARD_TRANSPOSED_ROWS ? rows : BACKWARD_TRANSPOSED_ROWS;
        if (backward_transposed(lanes, n, in, dx, lddx)) {
            return lanes;
        }
        return lanes > fewer && backward_transposed(fewer, n, in, dx, lddx) ? fewer : 0;
    }
    if (backward_batch(batch, n, in, dx, lddx)) {
        return batch;
    }
    return batch > fewer && backward_batch(fewer, n, in, dx, lddx) ? fewer : 0;
}

#endif

/* dx_i = y_i (dy_i - s), s = sum of y_j dy_j. `stream`: dx goes past the caches, and is not in place; else it may be.
 *
 * Error: at most BOUND_BACKWARD = 2^-23 times y_i (|dy_i| + sum of y_j |dy_j|), and 2^-149, in f32, with 2^-52 and
 * 2^-1074 in f64, for y in [0, 1]. The worst known: 1.0 of it in worst-backward-f32 and 1.0 of it in
 * worst-backward-f64, whose results are subnormal; of others 0.9993 of it in worst-backward-normal-f32. */
static void backward_rows(size_t rows, size_t n, const struct gradient_inputs *in, real *dx, size_t lddx, bool stream) {
    for (size_t k = 0; k < rows;) {
        const struct gradient_inputs left = {in->y + k * in->ldy, in->ldy, in->dy + k * in->lddy, in->lddy};
        size_t some = rows - k;
#ifdef V_TRANSPOSE
        size_t done = backward_some(rows - k, n, &left, dx + k * lddx, lddx);
        if (done != 0) {
            k += done;
            continue;
        }
        some = n <= BACKWARD_BATCH_MOST && some > V_LANES ? V_LANES : some;
#endif
        if (stream) { /* a call for each: one for both would be slower for short rows */
            backward_one_by_one(some, n, &left, dx + k * lddx, lddx, true);
        } else {
            backward_one_by_one(some, n, &left, dx + k * lddx, lddx, false);
        }
        k += some;
    }
    if (stream) {
        v_stream_end();
    }
}

#endif
