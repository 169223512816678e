/* Cross-entropy of short rows with a label and nothing else, each lane with a row of its own (transpose_template.h).
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_CROSS_ENTROPY_TRANSPOSED_TEMPLATE_H
#define SMX_CROSS_ENTROPY_TRANSPOSED_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/pair.h"

#include <math.h>

#include "cross_entropy_gradient_template.h"
#include "cross_entropy_parts_template.h"
#include "cross_entropy_row_template.h"
#include "lane_log_stats_template.h"
#include "lane_sums_template.h"
#include "log_stats_template.h"
#include "log_transposed_template.h"
#include "logits_template.h"
#include "row_max_template.h"
#include "transpose_template.h"

#ifdef V_TRANSPOSE

/* Whether a row can go this way: it has a label, and nothing else is asked of it. */
static inline bool plain_ce_row(const ce_row *r) {
    return plain(&r->l) && r->label >= 0 && r->targets == NULL && r->smoothing == 0 && r->dtargets == NULL &&
           isfinite((real)r->gradient.high);
}

/* Cross-entropy of up to V_LANES rows with the same n, ldx and lddx. False, with nothing written, if one has no finite
 * maximum. The sums and logarithms are found in lanes, the rest row by row. Not inlined: its lanes need not stand on
 * the stack beside what a single row needs. */
NOT_INLINE static bool cross_entropy_transposed(size_t rows, const ce_row *row, size_t ldx, size_t lddx,
                                                ce_result *results) {
    size_t n = row->n;
    struct transposed_logs t;
    const struct lane_sums *s = &t.sums[0];
    struct lane_log_stats *stats = &t.stats[0];
    if (!log_stats_transposed(rows, n, row->l.x, ldx, true, &t)) {
        return false;
    }
    find_lane_rhos(s, stats);
    if (row->dx != NULL) {
        transpose_out(rows, n, t.terms, row->dx, lddx);
    }
    for (size_t i = 0; i < rows; i++) {
        const real *column = t.columns + i;
        struct ce_parts parts = {.label_part = label_part(&row[i])};
        struct log_stats *own = &parts.stats;
        size_t at = 0;
        while (column[at * V_LANES] != s->largest[i]) {
            at++;
        }
        own->maximum = (struct maximum){s->largest[i], 0, s->second[i], at};
        own->rho = rho_of_lane(stats, i);
        set_factor(factor_of_lane(stats, i), (int)stats->exponent[i], own);
        if (own->maximum.second == -(real)INFINITY) {
            set_factor(pair_of(0), 0, own);
        }
        set_no_label(&parts);
        if (has_label(&row[i])) {
            set_label(column[(size_t)row[i].label * V_LANES], NULL, &parts);
        }
        results[i] = ce_finish(&row[i], &parts, true);
    }
    return true;
}

#endif

#endif
