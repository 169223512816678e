/* The place of the first of the largest logits of a row. docs/bits.md, "Logits".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_ARGMAX_TEMPLATE_H
#define SMX_ARGMAX_TEMPLATE_H

#include "logits_max_template.h"

/* -1: there is none, as no logit is above -inf or one is NaN. */
static inline int64_t argmax_row(size_t n, const logits *l) {
    size_t place = maximum_of_logits(l, n).argmax;
    return place < n ? (int64_t)place : -1;
}

#endif
