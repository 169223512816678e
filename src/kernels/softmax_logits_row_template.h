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
 * Error: below 3 ULP, as softmax_rows; the worst known are 1.97 ULP (f64: 1.99), the cases worst-softmax-logits-* in
 * tests/vectors/worst.txt. */
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
