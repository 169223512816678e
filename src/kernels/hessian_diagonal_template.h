/* The one entry of a Hessian that its formula would get wrong: the diagonal at the largest logit. docs/bits.md,
 * "Derivatives". Template: compiled once for each instruction set and type. */
#ifndef SMX_HESSIAN_DIAGONAL_TEMPLATE_H
#define SMX_HESSIAN_DIAGONAL_TEMPLATE_H

#include "../pair.h"
#include "../policy.h"

#include "log_stats_template.h"
#include "logits_max_template.h"
#include "mask_template.h"
#include "row_max_template.h"

/* p (1 - p) for the maximum of a row, whose place is *at, unless it has equals, or the row is not computed: *at is n
 * then. */
static real peak_variance_row(size_t n, const logits *given, struct policy policy, size_t *at) {
    logits l = *given;
    struct log_stats stats;
    *at = n;
    if (classify_row(n, &l, policy, &stats.maximum) != ROW_COMPUTED || tied(&stats.maximum)) {
        return 0;
    }
    find_log_stats(&l, n, NULL, &stats);
    struct pair whole = pair_add(pair_of(1), stats.rho);
    *at = stats.maximum.argmax;
    return real_of(pair_div(pair_div(stats.rho, whole), whole));
}

#endif
