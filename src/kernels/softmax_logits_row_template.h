/* Softmax of a row of logits scale x + add, under masks and a softcap. docs/bits.md, "Logits".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SOFTMAX_LOGITS_ROW_TEMPLATE_H
#define SMX_SOFTMAX_LOGITS_ROW_TEMPLATE_H

#include "../options/policy.h"

#include "logits_max_template.h"
#include "logits_terms_template.h"
#include "mask_template.h"
#include "row_max_template.h"
#include "row_scale_template.h"
#include "row_terms_template.h"
#include "vector_helpers_template.h"

/* Masked places get +0. In place allowed.
 *
 * Error: below BOUND_SOFTMAX_LOGITS = 4.25 ULP, and with a softcap by what it moves logits, besides (smx/options.h).
 * The worst known: 1.96 ULP in worst-softmax-logits-f32, 2.51 in worst-softmax-logits-f64; with a sink 2.48 ULP in
 * worst-softmax-sink-f32, 2.08 in worst-softmax-sink-f64; with a softcap 0.65 of it in worst-softmax-softcap-f32, 0.48
 * in worst-softmax-softcap-f64. */
NOT_INLINE static void softmax_logits_row(size_t n, const logits *given, real *y, struct policy policy) {
    logits l = *given;
    struct maximum maximum;
    enum row_kind kind = classify_row(n, &l, policy, &maximum);
    if (kind != ROW_COMPUTED) {
        fill_kept(&l, n, kind == ROW_EMPTY ? 0 : canonical_nan(), 0, y);
        return;
    }
    struct term_sum sum = softmax_terms(n, &l, &maximum, y);
    scale_by_sum(n, y, &sum, y);
}

#endif
