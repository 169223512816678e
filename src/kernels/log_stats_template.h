/* What the logarithms of a row's softmax follow from: its largest logit m, and rho, the sum of exp(z_j - m) over all
 * other entries. docs/bits.md, "Logarithms".
 *
 *     logsumexp        m + log1p(rho)
 *     log-softmax      (z_j - m) - log1p(rho)
 *     p and 1 - p      of the largest entry: 1 / (1 + rho) and rho / (1 + rho)
 *
 * The textbook's way, m + log(sum of exp(z_j - m)), has a sum of 1 + rho: of a row whose largest entry has nearly all
 * mass, all digits of rho are lost in that 1, and with them those of the loss. So the largest entry is kept out of the
 * sum. Then nothing is ever subtracted from 1, and rho is as good for a margin of 60 as for a flat row.
 *
 * The terms of the others are made relative to the second largest logit, for those relative to m could all be 0. What
 * they must be multiplied by, exp(m2 - m), is `factor`, held as a pair of doubles with a power of two. rho and
 * log1p(rho) are pairs, too, for f32 as well: they are found once a row.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOG_STATS_TEMPLATE_H
#define SMX_LOG_STATS_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/pair.h"
#include "../base/pair_exp.h"
#include "../options/policy.h"

#include <math.h>

#include "log1p_double_template.h"
#include "logits_template.h"
#include "logits_terms_template.h"
#include "mask_template.h"
#include "row_fill_template.h"
#include "row_max_template.h"
#include "row_terms_template.h"
#include "term_template.h"
#include "vector_helpers_template.h"

/* The statistics of a row. */
struct log_stats {
    struct maximum maximum;
    struct pair rho;
    struct pair factor; /* factor 2^factor_exponent times a term is exp(z - m) */
    int factor_exponent;
};

/* With a factor below 2^this, all terms together are below a quarter of the least subnormal double. */
#define FACTOR_LEAST (-1140)

/* The N of terms relative to this maximum. */
static inline int power_of_terms(v_t max, v_t offset) { return (int)first_lane(term_power(max, offset)); }

/* A factor that brings all terms to nothing is 0: its power of two would be out of range. */
static inline void set_factor(struct pair factor, int exponent, struct log_stats *stats) {
    bool nothing = exponent < FACTOR_LEAST;
    stats->factor = nothing ? pair_of(0) : factor;
    stats->factor_exponent = nothing ? 0 : exponent;
}

/* exp(c - m) 2^N for the c and N of `second`: what the terms relative to it must be multiplied by. */
static inline void find_factor(struct log_stats *stats) {
    v_t second = v_set1(stats->maximum.second), offset = term_offset(second);
    const struct pair minus_maximum = {-(double)stats->maximum.high, -(double)stats->maximum.low};
    struct pair difference = pair_add(pair_of((double)first_lane(offset)), minus_maximum);
    set_factor(pair_of(0), 0, stats);
    if (difference.high > (double)EXP_LOWEST) {
        double n;
        struct pair factor = pair_exp(difference, &n);
        set_factor(factor, (int)n + power_of_terms(second, offset), stats);
    }
}

/* The term of a maximum that has equals, relative to those. */
static inline real term_of_tied_maximum(const struct maximum *maximum) {
    real e;
    add_terms(1, &maximum->high, &maximum->low, maximum->second, 1, &e, NULL);
    return e;
}

/* The statistics that follow from the maximum and the sum of the other terms. */
static inline void stats_of_sum(const struct term_sum *sum, struct log_stats *stats) {
    stats->rho = stats->factor = pair_of(0);
    stats->factor_exponent = 0;
    if (stats->maximum.second != -(real)INFINITY) {
        find_factor(stats);
        stats->rho = pair_scaled(pair_mul(pair_of_sum(sum), stats->factor), stats->factor_exponent);
    }
}

/* The statistics of a row with a finite maximum; its terms but the maximum's go to e, unless that is null: relative to
 * the second largest logit, and 0 at the place of a maximum without equals. */
NOT_INLINE static void find_log_stats(const logits *l, size_t n, real *e, struct log_stats *stats) {
    const real second = stats->maximum.second;
    struct term_sum sum = empty_logits_sum(l, n);
    if (second != -(real)INFINITY) {
        logits_terms(l, n, second, stats->maximum.argmax, e, &sum);
        if (l->sink != NULL && stats->maximum.argmax != n) { /* else the sink is the maximum, which is left out */
            add_sink(l, second, &sum);
        }
        if (e != NULL && tied(&stats->maximum)) {
            e[stats->maximum.argmax] = term_of_tied_maximum(&stats->maximum);
        }
    } else if (e != NULL) {
        row_fill(n, FILL_ZERO, e);
    }
    stats_of_sum(&sum, stats);
}

/* a as a real, rounded once: a.high holds it to 53 bits, and in f64 it is that. */
static ALWAYS_INLINE real real_of(struct pair a) { return (real)(a.high + a.low); }

static inline struct pair maximum_pair(const struct maximum *maximum) {
    return fast_sum((double)maximum->high, (double)maximum->low);
}

/* m + log1p(rho) */
static inline struct pair lse_of(const struct log_stats *stats) {
    return pair_add(maximum_pair(&stats->maximum), pair_log1p(stats->rho));
}

/* a + log1p(rho) as a real: by one double if that settles its bits, else by pairs. */
static ALWAYS_INLINE real real_plus_log1p(struct pair a, struct pair rho) {
    if (LOG_IN_DOUBLE) {
        double log1p = log1p_in_double(rho.high);
        real value;
        if (rounds_safely(a.high + log1p, (fabs(a.high) + log1p) * LOG_IN_DOUBLE_ERROR, &value)) {
            return value;
        }
    }
    return real_of(pair_add(a, pair_log1p(rho)));
}

static inline real log1p_real(const struct log_stats *stats) { return real_plus_log1p(pair_of(0), stats->rho); }

static inline real lse_real(const struct log_stats *stats) {
    return real_plus_log1p(maximum_pair(&stats->maximum), stats->rho);
}

/* The z - m of so many logits of a block, from the i-th on, rounded. */
static ALWAYS_INLINE v_t lanes_below_maximum(const struct logit_block *b, size_t i, size_t lanes,
                                             const struct maximum *maximum) {
    v_t difference = v_sub(load_lanes(b->high + i, lanes), v_set1(maximum->high));
    if (b->low != NULL) {
        difference = v_add(difference, v_sub(load_lanes(b->low + i, lanes), v_set1(maximum->low)));
    }
    return difference;
}

/* The same of the logits i to n, as far as a vector goes. */
static ALWAYS_INLINE v_t below_maximum(const struct logit_block *b, size_t i, size_t n, const struct maximum *maximum) {
    return n - i >= V_LANES ? lanes_below_maximum(b, i, V_LANES, maximum) : lanes_below_maximum(b, i, n - i, maximum);
}

#endif
