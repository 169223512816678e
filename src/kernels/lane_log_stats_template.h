/* What logarithms follow from, for V_LANES columns or rows at once. log_stats_template.h has the mathematics, and the
 * same steps for one row. Here each step is a loop over lanes without branches, which compilers make into vector code:
 * what is done once a row then costs about as much for V_LANES rows as for one.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LANE_LOG_STATS_TEMPLATE_H
#define SMX_LANE_LOG_STATS_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/pair.h"
#include "../base/pair_exp.h"
#include "../base/wide.h"

#include <math.h>

#include "lane_sums_template.h"
#include "log1p_double_template.h"
#include "log_stats_template.h"
#include "row_terms_template.h"
#include "term_template.h"
#include "vector_helpers_template.h"

/* What log_stats has, for each lane. */
struct lane_log_stats {
    double factor_high[LANES_MOST], factor_low[LANES_MOST], exponent[LANES_MOST];
    double rho_high[LANES_MOST], rho_low[LANES_MOST];
};

/* exp(a) as a pair times 2^*n; 0 and 0 where a is not above EXP_LOWEST, or NaN. */
static ALWAYS_INLINE struct pair exp_or_nothing(struct pair a, double *n) {
    bool live = a.high > (double)EXP_LOWEST;
    struct pair e = pair_exp(select_pair(live, a, pair_of(0)), n);
    *n = select_of(live, *n, 0);
    return select_pair(live, e, pair_of(0));
}

/* The c and the N of each lane's terms. */
static ALWAYS_INLINE void lane_references(const struct lane_sums *s, real *offset, real *power) {
    v_t second = v_load(s->reference), c = term_offset(second);
    v_store(offset, c);
    v_store(power, term_power(second, c));
}

/* The factor of each lane's terms, as find_factor has it. */
static inline void lane_factors(const struct lane_sums *s, struct lane_log_stats *stats) {
    real offset[LANES_MOST], power[LANES_MOST];
    lane_references(s, offset, power);
    for (size_t i = 0; i < V_LANES; i++) {
        const struct pair minus_maximum = {-(double)s->largest[i], -(double)s->largest_low[i]};
        struct pair difference = pair_add(pair_of((double)offset[i]), minus_maximum);
        struct pair factor = exp_or_nothing(difference, &stats->exponent[i]);
        stats->factor_high[i] = factor.high;
        stats->factor_low[i] = factor.low;
        stats->exponent[i] += (double)power[i];
    }
}

static ALWAYS_INLINE struct pair factor_of_lane(const struct lane_log_stats *stats, size_t i) {
    return (struct pair){stats->factor_high[i], stats->factor_low[i]};
}

static ALWAYS_INLINE struct pair rho_of_lane(const struct lane_log_stats *stats, size_t i) {
    return (struct pair){stats->rho_high[i], stats->rho_low[i]};
}

/* An integer below 2^51 in magnitude, as a double: AVX2 has no such conversion of vectors. */
static inline double double_of_integer(int64_t a) {
    return double_of_bits((uint64_t)(a + 0x4338000000000000)) - 0x1.8p52;
}

_Static_assert(sizeof(real) == sizeof(double) || TERMS_FEW * (uint64_t)SUMMAND_MOST < (uint64_t)1 << 51,
               "double_of_integer is of integers below 2^51");

/* The sum of a lane's terms in f32: 1 for a term of 1. */
static inline struct pair pair_of_lane(const struct lane_sums *s, size_t i) {
    return sum_of(double_of_integer(s->top[i]) * double_power_of_two(SHIFT_TOP_TERMS + SUM_UNIT),
                  double_of_integer(s->middle[i]) * double_power_of_two(SHIFT_MIDDLE + SUM_UNIT));
}

/* The same as one double. */
static inline double rounded_sum_of_lane(const struct lane_sums *s, size_t i) {
    return double_of_integer(s->top[i]) * double_power_of_two(SHIFT_TOP_TERMS + SUM_UNIT) +
           double_of_integer(s->middle[i]) * double_power_of_two(SHIFT_MIDDLE + SUM_UNIT);
}

/* The factor of each lane and rho as pairs: its sum times its factor, as stats_of_sum has it. */
static void find_lane_rhos(const struct lane_sums *s, struct lane_log_stats *stats) {
    lane_factors(s, stats);
    double high[LANES_MOST], low[LANES_MOST];
    for (size_t i = 0; i < V_LANES; i++) {
        struct pair pair;
        if (sizeof(real) < sizeof(double)) {
            pair = pair_of_lane(s, i);
        } else {
            struct term_sum sum = sum_of_lane(s, i);
            pair = pair_of_sum(&sum);
        }
        high[i] = pair.high;
        low[i] = pair.low;
    }
    for (size_t i = 0; i < V_LANES; i++) {
        struct pair factor = factor_of_lane(stats, i);
        int k = (int)stats->exponent[i];
        bool nothing = k < FACTOR_LEAST;
        struct pair product = pair_mul((struct pair){high[i], low[i]}, select_pair(nothing, pair_of(0), factor));
        struct pair rho = pair_scaled(product, nothing ? 0 : k);
        stats->rho_high[i] = rho.high;
        stats->rho_low[i] = rho.low;
    }
}

/* rho of each lane to within 2^-45, at least 2^-300 or 0: for what becomes a float. It is the difference of the largest
 * entry and the offset that is off by so much where the offset is not 0. */
static inline void rhos_in_double(const struct lane_sums *s, double *rho) {
    real offset[LANES_MOST], power[LANES_MOST];
    lane_references(s, offset, power);
    for (size_t i = 0; i < V_LANES; i++) {
        /* Two reals have an exact difference, if it is not below EXP_LOWEST. What is lost of the next is put back. */
        double of_high = (double)offset[i] - (double)s->largest[i], low = (double)s->largest_low[i], n;
        double difference = of_high - low, lost = (of_high - difference) - low;
        bool live = difference > (double)EXP_LOWEST;
        double factor = select_of(live, double_exp(select_of(live, difference, 0), &n), 0);
        factor = fma(factor, lost, factor); /* finite, so that 0 stays */
        double exponent = n + (double)power[i];
        exponent = select_of(exponent > -300, exponent, -300);
        rho[i] = factor * (rounded_sum_of_lane(s, i) * power_of_integer(exponent));
    }
}

/* The (high + low) + log1p(rho) of all lanes as reals. */
static inline void lanes_plus_log1p(const struct lane_sums *s, const real *high, const real *low,
                                    struct lane_log_stats *stats, real *result) {
    if (LOG_IN_DOUBLE) {
        double rho[LANES_MOST];
        real above[LANES_MOST];
        rhos_in_double(s, rho);
        for (size_t i = 0; i < V_LANES; i++) {
            double log1p = log1p_in_double(rho[i]), a = (double)high[i] + (double)low[i], value = a + log1p;
            double error = (fabs(a) + log1p) * LOG_IN_DOUBLE_ERROR;
            result[i] = (real)(value - error);
            above[i] = (real)(value + error);
        }
        if (lanes_equal(result, above)) {
            return;
        }
    }
    find_lane_rhos(s, stats);
    for (size_t i = 0; i < V_LANES; i++) {
        result[i] = real_plus_log1p(fast_sum((double)high[i], (double)low[i]), rho_of_lane(stats, i));
    }
}

/* What terms are relative to: the second largest entries, which have no low parts. Where there is none, the sum is of
 * nothing, whatever this is. Not inlined: where V_LANES is no constant, gcc 12 would take the lanes for
 * uninitialised. */
NOT_INLINE static void find_references(struct lane_sums *s) {
    v_t largest = v_load(s->largest), second = v_load(s->second);
    v_store(s->reference, v_select(v_ge(second, v_set1(-REAL_LARGEST)), second, largest));
    v_store(s->largest_low, v_set1(0));
}

/* Log-softmax of entries, given log1p(rho). */
static ALWAYS_INLINE v_t log_result(v_t x, v_t max, v_t log1p) { return v_sub(v_sub(x, max), log1p); }

/* The log1p(rho) of all lanes as reals, to s->high. */
static inline void find_log1p(struct lane_sums *s, struct lane_log_stats *stats) {
    v_store(s->low, v_set1(0));
    lanes_plus_log1p(s, s->low, s->low, stats, s->high);
}

#endif
