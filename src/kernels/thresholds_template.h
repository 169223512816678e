/* Where the kernels change their way: tests run just below, at and above each, and ask here so as to miss none.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_THRESHOLDS_TEMPLATE_H
#define SMX_THRESHOLDS_TEMPLATE_H

#include "backward_batch_template.h"
#include "backward_rows_template.h"
#include "backward_transposed_template.h"
#include "columns_buffered_template.h"
#include "columns_in_place_template.h"
#include "half_backward_template.h"
#include "log_batch_template.h"
#include "log_transposed_template.h"
#include "logit_vectors_template.h"
#include "logits_max_template.h"
#include "made_batch_template.h"
#include "made_max_template.h"
#include "mask_template.h"
#include "softmax_batch_template.h"
#include "softmax_folded_template.h"
#include "softmax_transposed_template.h"
#include "term_loop_template.h"
#include "transpose_template.h"

/* The i-th length of a row at which something changes; 0 after the last. */
static size_t threshold_of_n(size_t i) {
    const size_t lengths[] = {
        V_LANES,
        2 * V_LANES,
        4 * V_LANES,
#ifdef V_TRANSPOSE
        SOFTMAX_TRANSPOSED_MOST,
        SOFTMAX_FOLDED_LEAST,
        2 * SOFTMAX_FOLDED_LEAST,
        SOFTMAX_FOLDED_MOST,
        LOG_TRANSPOSED_MOST,
        LOG_TRANSPOSED_TOGETHER,
        BACKWARD_TRANSPOSED_BELOW,
        BACKWARD_BATCH_MOST,
        8 * V_LANES, /* backward_batch */
        BACKWARD_BATCH_ENTRIES / V_LANES,
#endif
#ifdef V_HALVES
        HALF_SHORT,
        HALF_TOGETHER_MOST,
        HALF_BLOCK / 4, /* two rows in scratch memory */
        HALF_KEPT_MOST,
#endif
        SOFTMAX_BATCH_BYTES / (2 * sizeof(real)) / SOFTMAX_BATCH_ROWS,
        SOFTMAX_BATCH_BYTES / (2 * sizeof(real)),
        LOG_BATCH_ENTRIES / V_LANES,
        LOG_BATCH_ENTRIES / MADE_ROWS,
        LOG_BATCH_ENTRIES,
        LOGITS_BLOCK,
        CAP_ALL_BELOW,
        RUN_BLOCK,
        RUNS_MOST * 2 * RUN_BLOCK, /* masks that keep every second block */
        LOW_BLOCK * V_LANES,
        LOW_BLOCKS * LOW_BLOCK * V_LANES,
        LOOK_AHEAD_MOST,
        PREFETCH_BYTES / sizeof(real),
        PREFETCH_ROW_BYTES / sizeof(real),
        COLUMN_BUFFER_LINES,
        COLUMNS_BUFFERED_MOST,
        SUM_BLOCK,
        SUM_BLOCK * V_LANES,
        TERMS_FEW,
        WIDE_FROM == SIZE_MAX ? TERMS_FEW : WIDE_FROM,
    };
    return i < sizeof lengths / sizeof *lengths ? lengths[i] : 0;
}

/* The i-th number of rows (or columns) at which something changes; 0 after the last. */
static size_t threshold_of_rows(size_t i) {
    const size_t rows[] = {
        V_LANES,
        2 * V_LANES,
        COLUMNS_IN_PLACE_VECTORS * V_LANES,
        SOFTMAX_BATCH_ROWS,
        MADE_ROWS,
#ifdef V_TRANSPOSE
        TRANSPOSED_ROWS_LEAST > 0 ? TRANSPOSED_ROWS_LEAST : 1,
        SOFTMAX_TRANSPOSED_ROWS,
        SOFTMAX_FOLDED_ROWS,
        LOG_TRANSPOSED_ROWS,
        BACKWARD_TRANSPOSED_ROWS,
        BACKWARD_BATCH_ROWS,
#endif
    };
    return i < sizeof rows / sizeof *rows ? rows[i] : 0;
}

#endif
