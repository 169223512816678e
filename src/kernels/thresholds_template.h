/* Where the kernels change their way: tests run just below, at and above each, and ask here so as to miss none.
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_THRESHOLDS_TEMPLATE_H
#define SMX_THRESHOLDS_TEMPLATE_H

#include "backward_batch_template.h"
#include "backward_rows_template.h"
#include "backward_transposed_template.h"
#include "columns_buffered_template.h"
#include "columns_in_place_template.h"
#include "log_batch_template.h"
#include "log_transposed_template.h"
#include "mask_template.h"
#include "softmax_batch_template.h"
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
        SHORT_ROW_SOFTMAX,
        SHORT_ROW_LOG,
        LOG_GROUPED,
        ROWS_IN_LANES,
        ROWS_BESIDE,
        8 * V_LANES, /* backward_tile */
        16 * V_LANES,
        TILE_ENTRIES / V_LANES,
#endif
        GROUP_BYTES / (2 * sizeof(real)) / GROUP_ROWS,
        GROUP_BYTES / (2 * sizeof(real)),
        LOG_ROWS_ENTRIES / V_LANES,
        LOG_ROWS_ENTRIES,
        LOGITS_BLOCK,
        FETCHED_ROW,
        FETCH_AHEAD / sizeof(real),
        FETCH_ROW_MOST / sizeof(real),
        TILE_LINES,
        TILED_MOST,
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
        PANEL_VECTORS * V_LANES,
        GROUP_ROWS,
#ifdef V_TRANSPOSE
        SHORT_GROUP > 0 ? SHORT_GROUP : 1,
        SOFTMAX_LANES,
        LOG_LANES,
        LANES_ROWS,
        TILE_ROWS,
#endif
    };
    return i < sizeof rows / sizeof *rows ? rows[i] : 0;
}

#endif
