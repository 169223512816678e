/* The terms of a row of logits, relative to the largest or the second largest. docs/bits.md, "Logits" and "Logarithms".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOGITS_TERMS_TEMPLATE_H
#define SMX_LOGITS_TERMS_TEMPLATE_H

#include "../options/policy.h"

#include <math.h>

#include "logits_max_template.h"
#include "logits_template.h"
#include "mask_template.h"
#include "row_fill_template.h"
#include "row_max_template.h"
#include "row_terms_template.h"

/* The terms of a row but for the entry at `without` (n: of all); e may be null, l->x, or a row of its own. */
static void logits_terms(const logits *l, size_t n, real reference, size_t without, real *e, struct term_sum *sum) {
    struct logit_buffer buffer;
    for (size_t j = 0; j < n;) {
        struct logit_block b = logits_block(l, j, n, &buffer);
        real *ej = e == NULL ? NULL : e + j;
        size_t before = without - j < b.n ? without - j : b.n; /* wraps past it */
        add_terms(before, b.high, b.low, reference, l->row_n, ej, sum);
        if (before < b.n) {
            size_t after = before + 1;
            const real *b_low = b.low == NULL ? NULL : b.low + after;
            add_terms(b.n - after, b.high + after, b_low, reference, l->row_n, ej == NULL ? NULL : ej + after, sum);
            if (ej != NULL) {
                ej[before] = 0;
            }
        }
        j += b.n;
    }
}

/* Adds the term of the sink. */
static inline void add_sink(const logits *l, real reference, struct term_sum *sum) {
    real sink = sink_logit(l);
    add_terms(1, &sink, NULL, reference, l->row_n, NULL, sum);
}

/* The sum of no terms, with room for those of n logits and a sink. */
static inline struct term_sum empty_logits_sum(const logits *l, size_t n) {
    return empty_term_sum(n + (l->sink != NULL), l->row_n);
}

/* The terms of n <= LOGITS_BLOCK entries from the j-th on, relative to the second largest; 0 at the place of a maximum
 * without equals. */
static inline void terms_of_block(const logits *l, size_t j, size_t n, const struct maximum *maximum, real *e) {
    struct logit_buffer buffer;
    if (maximum->second == -(real)INFINITY) {
        row_fill(n, FILL_ZERO, e);
        return;
    }
    struct logit_block b = logits_block(l, j, j + n, &buffer);
    add_terms(n, b.high, b.low, maximum->second, l->row_n, e, NULL);
    if (!tied(maximum) && maximum->argmax >= j && maximum->argmax < j + n) {
        e[maximum->argmax - j] = 0;
    }
}

/* e = the row's terms relative to its maximum; returns their sum. */
static inline struct term_sum softmax_terms(size_t n, const logits *l, const struct maximum *maximum, real *e) {
    struct term_sum sum = empty_logits_sum(l, n);
    logits_terms(l, n, maximum->high, n, e, &sum);
    if (l->sink != NULL) {
        add_sink(l, maximum->high, &sum);
    }
    return sum;
}

#endif
