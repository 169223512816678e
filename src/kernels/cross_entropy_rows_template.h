/* Cross-entropy of rows of any length and any kind: each by the way that is quickest for it. Template: compiled once
 * for each instruction set and type. */
#ifndef SMX_CROSS_ENTROPY_ROWS_TEMPLATE_H
#define SMX_CROSS_ENTROPY_ROWS_TEMPLATE_H

#include "cross_entropy_parts_template.h"
#include "cross_entropy_row_template.h"
#include "cross_entropy_transposed_template.h"
#include "log_transposed_template.h"
#include "transpose_template.h"

static void cross_entropy_rows(size_t rows, const ce_row *row, size_t ldx, size_t lddx, ce_result *results) {
    for (size_t k = 0; k < rows;) {
        size_t group = rows - k < V_LANES ? rows - k : V_LANES;
#ifdef V_TRANSPOSE
        bool fit = row[k].n <= LOG_TRANSPOSED_MOST && group >= TRANSPOSED_ROWS_LEAST;
        for (size_t i = k; i < k + group && fit; i++) {
            fit = plain_ce_row(&row[i]) && row[i].n == row[k].n;
        }
        if (fit && cross_entropy_transposed(group, row + k, ldx, lddx, results + k)) {
            k += group;
            continue;
        }
#else
        (void)ldx;
        (void)lddx;
#endif
        for (size_t end = k + group; k < end; k++) {
            results[k] = cross_entropy_row(&row[k]);
        }
    }
}

#endif
