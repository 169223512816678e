/* The one entry of a Hessian of cross-entropy that its formula p_i (1 - p_i), with p_i rounded, would get wrong: the
 * diagonal at a largest logit with most of the mass. docs/bits.md, "Derivatives".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_HESSIAN_DIAGONAL_TEMPLATE_H
#define SMX_HESSIAN_DIAGONAL_TEMPLATE_H

#include "../base/pair.h"
#include "../options/policy.h"

#include "log_stats_template.h"
#include "logits_max_template.h"
#include "mask_template.h"
#include "row_max_template.h"

/* p (1 - p) for the largest logit of a row, whose place is *at; elsewhere p is at most 1/2, and the formula loses
 * nothing. *at is n if the maximum has equals, or the row is not computed. From rho: p = 1 / (1 + rho), 1 - p = rho /
 * (1 + rho). */
NOT_INLINE static real peak_variance_row(size_t n, const logits *given, struct policy policy, size_t *at) {
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
