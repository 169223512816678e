/* Rows that lie in parts: a part's share of maxima and sums, and the statistics of a whole row from them. What a part
 * knows of its own entries is what maximum_of_logits finds; all else is a comparison with what the row has.
 * docs/bits.md, "Rows in parts".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_PART_STATS_TEMPLATE_H
#define SMX_PART_STATS_TEMPLATE_H

#include <string.h>

#include "kernels.h"
#include "log_stats_template.h"
#include "logits_max_template.h"
#include "logits_terms_template.h"
#include "logsumexp_weighted_template.h"
#include "mask_template.h"
#include "masked_backward_template.h"
#include "part_words.h"
#include "row_scale_template.h"
#include "rows_of_call_template.h"

static inline int64_t *maxima_of_row(const struct rows_call *c, size_t k) {
    return c->part->maxima + k * SMX_PART_MAXIMA;
}

static inline int64_t *sums_of_row(const struct rows_call *c, size_t k) { return c->part->sums + k * SMX_PART_SUMS; }

/* The entry of the whole row that the window's first one is. */
static inline size_t place_of_window(const struct rows_call *c, const struct kept_row *r) {
    return row_offset(c) + r->first;
}

static inline real real_of_key(int64_t key) { return (real)number_of_key(key); }

/* ---- What whole rows have ---- */

/* The largest logit, sink included. */
static inline real high_of_row(const int64_t *maxima, const logits *l) {
    real high = real_of_key(maxima[PART_HIGH]);
    if (l->sink == NULL || isnan(high)) {
        return high;
    }
    return isnan(*l->sink) ? canonical_nan() : *l->sink > high ? *l->sink : high;
}

/* As classify_row. */
static inline enum row_kind kind_of_row(const int64_t *maxima, logits *l, struct policy policy) {
    real high = high_of_row(maxima, l);
    if (high == (real)INFINITY && policy.plus_inf_limit) {
        l->limit = true;
        return ROW_COMPUTED;
    }
    if (high == -(real)INFINITY) {
        return policy.minus_inf_row_zeros || maxima[PART_KEPT] <= 0 ? ROW_EMPTY : ROW_NAN;
    }
    return isfinite(high) ? ROW_COMPUTED : ROW_NAN;
}

/* The largest of the entries' logits, once it is known whether they are a limit's. */
static inline real high_of_entries(const int64_t *maxima, const logits *l) {
    real high = real_of_key(maxima[PART_HIGH]);
    return !l->limit ? high : high == (real)INFINITY ? 0 : -(real)INFINITY;
}

/* The row's maximum, in the whole row's places; the sink's is row_n. Of equal entries it is any one's place. */
static inline struct maximum maximum_of_row(const int64_t *maxima, const logits *l) {
    struct maximum maximum = {high_of_entries(maxima, l), 0, -(real)INFINITY, l->row_n};
    if (maxima[PART_FIRST] != PART_NONE) {
        bool several = -1 - maxima[PART_FIRST] != maxima[PART_LAST];
        maximum.low = real_of_key(maxima[PART_LOW]);
        maximum.argmax = (size_t)maxima[PART_LAST];
        maximum.second = several                            ? maximum.high
                         : maxima[PART_SECOND] != PART_NONE ? real_of_key(maxima[PART_SECOND])
                                                            : -(real)INFINITY;
    }
    if (l->sink != NULL) {
        const struct maximum sink = {sink_logit(l), 0, -(real)INFINITY, 0};
        merge_maxima(&maximum, &sink, l->row_n);
    }
    return maximum;
}

/* ---- Shares of a part ---- */

/* The maximum of the part's own entries. */
static inline struct maximum maximum_of_part(const logits *l, size_t n) {
    logits entries = *l;
    entries.sink = NULL;
    return maximum_of_logits(&entries, n);
}

static inline void share_largest(const logits *l, size_t n, int64_t *maxima) {
    for (int i = 0; i < SMX_PART_MAXIMA; i++) {
        maxima[i] = PART_NONE;
    }
    maxima[PART_HIGH] = key_of((double)maximum_of_part(l, n).high);
    maxima[PART_KEPT] = any_kept(l, n);
}

/* A part that has the row's largest logit twice says so by a second one that is equal. */
static inline void share_second(const logits *l, size_t n, size_t first, int64_t *maxima) {
    struct maximum own = maximum_of_part(l, n);
    real other = own.high;
    if (own.argmax < n && own.high == high_of_entries(maxima, l)) {
        maxima[PART_LOW] = key_of((double)own.low);
        maxima[PART_LAST] = (int64_t)(first + own.argmax);
        maxima[PART_FIRST] = -1 - maxima[PART_LAST];
        other = own.second;
    }
    maxima[PART_SECOND] = other > -(real)INFINITY ? key_of((double)other) : PART_NONE;
}

static inline void share_argmax(const logits *l, size_t n, size_t first, int64_t *maxima) {
    if (maxima[PART_FIRST] == PART_NONE) {
        return;
    }
    struct maximum own = maximum_of_part(l, n);
    if (own.argmax < n && own.high == high_of_entries(maxima, l) && own.low == real_of_key(maxima[PART_LOW])) {
        maxima[PART_ARGMAX] = -1 - (int64_t)(first + own.argmax);
    }
}

static inline void store_limbs(struct wide sum, int64_t *to) {
    wide_carry(&sum);
    memcpy(to, sum.limb, sizeof sum.limb);
}

static inline struct wide limbs_at(const int64_t *from) {
    struct wide sum;
    memcpy(sum.limb, from, sizeof sum.limb);
    return sum;
}

/* The terms relative to the second largest logit; a maximum without equals has none. */
static inline void share_terms(const logits *l, size_t n, size_t first, const int64_t *maxima, int64_t *sums) {
    struct maximum maximum = maximum_of_row(maxima, l);
    if (maximum.second == -(real)INFINITY) {
        return;
    }
    struct term_sum sum = empty_logits_sum(l, n);
    logits_terms(l, n, maximum.second, tied(&maximum) ? n : maximum.argmax - first, NULL, &sum);
    store_limbs(wide_of_term_sum(&sum), sums + PART_TERMS);
}

/* ---- Softmax ---- */

/* The maximum of a row that is computed. */
static inline real reference_of_row(const int64_t *maxima, const logits *l) {
    return l->limit ? 0 : high_of_row(maxima, l);
}

static inline void share_softmax(const struct rows_call *c, const struct kept_row *r, const logits *l,
                                 enum row_kind kind) {
    int64_t *sums = sums_of_row(c, r->k);
    struct term_sum sum = empty_logits_sum(l, r->n);
    if (kind == ROW_COMPUTED) {
        logits_terms(l, r->n, reference_of_row(maxima_of_row(c, r->k), l), r->n, NULL, &sum);
    }
    memset(sums, 0, SMX_PART_SUMS * sizeof *sums);
    store_limbs(wide_of_term_sum(&sum), sums + PART_TERMS);
}

/* The last step. */
static inline void softmax_of_part(const struct rows_call *c, const struct kept_row *r, logits *l, real *y) {
    const int64_t *maxima = maxima_of_row(c, r->k);
    enum row_kind kind = kind_of_row(maxima, l, c->options->policy);
    if (kind != ROW_COMPUTED) {
        fill_kept(l, r->n, kind == ROW_EMPTY ? 0 : canonical_nan(), 0, y);
        return;
    }
    real reference = reference_of_row(maxima, l);
    struct term_sum sum = {.wide = limbs_at(sums_of_row(c, r->k) + PART_TERMS)}, own = empty_logits_sum(l, r->n);
    if (l->sink != NULL) {
        add_sink(l, reference, &sum);
    }
    logits_terms(l, r->n, reference, r->n, y, &own);
    scale_by_sum(r->n, y, &sum, y);
}

/* ---- Logarithms ---- */

/* A step before the last, for the logits of row k. */
static void share_of_part(const struct rows_call *c, const struct kept_row *r, const logits *given) {
    logits l = *given;
    int64_t *maxima = maxima_of_row(c, r->k);
    size_t first = place_of_window(c, r);
    if (c->part->step == PART_ROUND_1) {
        share_largest(&l, r->n, maxima);
        return;
    }
    enum row_kind kind = kind_of_row(maxima, &l, c->options->policy);
    if (c->part->kind == SMX_PART_SOFTMAX) {
        if (c->part->step == PART_ADD) {
            share_softmax(c, r, &l, kind);
        }
    } else if (c->part->step == PART_ROUND_2) {
        share_second(&l, r->n, first, maxima);
    } else if (c->part->step == PART_ROUND_3) {
        share_argmax(&l, r->n, first, maxima);
    } else {
        int64_t *sums = sums_of_row(c, r->k);
        memset(sums, 0, SMX_PART_SUMS * sizeof *sums);
        if (kind == ROW_COMPUTED) {
            share_terms(&l, r->n, first, maxima, sums);
        }
    }
}

/* ---- Weighted logsumexp ---- */

static inline int32_t exponent_of_row(int64_t exponent) {
    return exponent == PART_NONE ? INT32_MIN : (int32_t)exponent;
}

static inline struct dot dot_of_part(const struct rows_call *c, size_t k) {
    return (struct dot){exponent_of_row(maxima_of_row(c, k)[PART_REST_EXPONENT]),
                        limbs_at(sums_of_row(c, k) + PART_RESTS)};
}

/* What weights add to a step before the last; policies have no part in it. */
static void share_weighted(const struct rows_call *c, const struct kept_row *r, const logits *l) {
    int64_t *maxima = maxima_of_row(c, r->k);
    const struct maximum maximum = {.high = real_of_key(maxima[PART_HIGH])};
    const struct weighted_row row = {l, &maximum};
    if (c->part->step == PART_ROUND_1) {
        maxima[PART_NOT_A_NUMBER] = !weights_finite(r->n, l);
    } else if (isnan(maximum.high) || maximum.high == -(real)INFINITY || maxima[PART_NOT_A_NUMBER] > 0) {
        return;
    } else if (c->part->step == PART_ROUND_2) {
        maxima[PART_REST_EXPONENT] = dot_exponent(r->n, factors_of_weighted(&maximum), &row);
    } else if (c->part->step == PART_ADD) {
        struct dot dot = dot_of_exponent(exponent_of_row(maxima[PART_REST_EXPONENT]), r->n, l->row_n,
                                         factors_of_weighted(&maximum), &row);
        store_limbs(dot.sum, sums_of_row(c, r->k) + PART_RESTS);
    }
}

/* The last step. */
static inline real logsumexp_weighted_of_part(const struct rows_call *c, size_t k, real *sign) {
    const int64_t *maxima = maxima_of_row(c, k);
    real high = real_of_key(maxima[PART_HIGH]);
    *sign = canonical_nan();
    if (isnan(high) || maxima[PART_NOT_A_NUMBER] > 0) {
        return canonical_nan();
    }
    if (high == -(real)INFINITY) {
        *sign = 0;
        return high;
    }
    const struct dot dot = dot_of_part(c, k);
    return logsumexp_of_dot(high, &dot, sign);
}

/* ---- Softmax backward ---- */

static void share_backward(const struct rows_call *c, const struct kept_row *r) {
    const logits l = logits_of(c, r, NULL);
    const struct masked_rows rows = {&l, row_at(c, 0, r), row_at(c, 1, r)};
    int64_t *maxima = maxima_of_row(c, r->k), *sums = sums_of_row(c, r->k);
    if (c->part->step == PART_ROUND_1) {
        for (int i = 0; i < SMX_PART_MAXIMA; i++) {
            maxima[i] = PART_NONE;
        }
        maxima[PART_REST_EXPONENT] = dot_exponent(r->n, masked_factors, &rows);
    } else if (c->part->step == PART_ADD) {
        struct dot dot =
            dot_of_exponent(exponent_of_row(maxima[PART_REST_EXPONENT]), r->n, l.row_n, masked_factors, &rows);
        memset(sums, 0, SMX_PART_SUMS * sizeof *sums);
        store_limbs(dot.sum, sums + PART_RESTS);
    }
}

static void part_under_options(const struct rows_call *c, const struct kept_row *r) {
    if (c->part->kind == SMX_PART_SOFTMAX_BACKWARD) {
        share_backward(c, r);
        return;
    }
    logits l = logits_of(c, r, row_at(c, 0, r));
    l.weight = row_at(c, 1, r);
    share_of_part(c, r, &l);
    if (c->array[1].data != NULL) {
        share_weighted(c, r, &l);
    }
}

/* ---- Statistics ---- */

/* Of a row with a finite maximum; its place is that in the window, or none of it. The sums have the terms of all
 * entries that equal a maximum, so one of them is taken off. */
static void stats_of_part(const struct rows_call *c, const struct kept_row *r, const logits *l,
                          struct log_stats *stats) {
    struct term_sum sum = {.wide = limbs_at(sums_of_row(c, r->k) + PART_TERMS)};
    struct maximum maximum = maximum_of_row(maxima_of_row(c, r->k), l);
    if (maximum.second != -(real)INFINITY && maximum.argmax != l->row_n) {
        if (l->sink != NULL) {
            add_sink(l, maximum.second, &sum);
        }
        if (tied(&maximum)) {
            struct term_sum one = {.in_limbs = false};
            add_terms(1, &maximum.high, &maximum.low, maximum.second, l->row_n, NULL, &one);
            for (int i = 0; i < 4; i++) {
                sum.wide.limb[i] -= one.wide.limb[i];
            }
        }
    }
    stats->maximum = maximum;
    stats_of_sum(&sum, stats);
    stats->maximum.argmax -= place_of_window(c, r); /* wraps past the window */
}

#endif
