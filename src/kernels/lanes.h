/* Sums, and what follows from them, of V_LANES columns or rows at once, each in a lane of its own. Entry j of lane i
 * is at x[j * ldx + i], where entries are read. */
#ifndef SMX_LANES_H
#define SMX_LANES_H

#include "log.h"

/* Where LIMBS_SPILL, columns of n > TERMS_FEW entries empty their limbs into a wide integer after each block, of whose
 * work that is some thousandth. */
#define LANES_SPILLING (LIMBS_SPILL ? LANES_MOST : 1)

/* Per lane: the statistics that its column's results follow from. */
struct lanes {
    int64_t top[LANES_MOST], middle[LANES_MOST]; /* of the sum; of TERMS_FEW terms at most */
    struct wide spilled[LANES_SPILLING];         /* the rest of the sum, if `spills` */
    bool spills;
    real first[LANES_MOST], second[LANES_MOST]; /* the largest entries */
    real reference[LANES_MOST];                 /* what terms are relative to, if not to the largest */
    real high[LANES_MOST], low[LANES_MOST];     /* what results are made with */
};

static ALWAYS_INLINE v_t load_lanes(const real *p, size_t lanes) {
    return lanes == V_LANES ? v_load(p) : v_load_n(p, lanes, v_set1(0));
}

static ALWAYS_INLINE void store_lanes(real *p, v_t a, size_t lanes) {
    if (lanes == V_LANES) {
        v_store(p, a);
    } else {
        v_store_n(p, a, lanes);
    }
}

static inline bool lanes_equal(const real *a, const real *b) { return !m_any(m_not(v_eq(v_load(a), v_load(b)))); }

/* The largest entries so far, the second largest if they are wanted, and where there was a NaN. */
static ALWAYS_INLINE void add_peak(v_t x, bool wanted, v_t *first, v_t *second, m_t *nan) {
    if (wanted) {
        *second = v_max(*second, v_min(*first, x));
    }
    *first = v_max(*first, x);
    *nan = m_or(*nan, v_unordered(x, x));
}

static ALWAYS_INLINE bool finite_lanes(v_t a) {
    v_t difference = v_sub(a, a); /* NaN for an infinity */
    return !m_any(v_unordered(difference, difference));
}

static ALWAYS_INLINE void no_peaks(real *first, real *second) {
    v_t lowest = v_set1(-(real)INFINITY);
    v_store(first, lowest);
    if (second != NULL) {
        v_store(second, lowest);
    }
}

/* Each column's largest entry so far, and its second largest unless `second` is null, with n more; false if one of
 * these is NaN. */
static ALWAYS_INLINE bool more_peaks(size_t lanes, size_t n, const real *x, size_t ldx, real *first, real *second) {
    v_t largest = v_load(first), next = second != NULL ? v_load(second) : largest;
    m_t nan = m_none();
    for (size_t j = 0; j < n; j++) {
        add_peak(load_lanes(x + j * ldx, lanes), second != NULL, &largest, &next, &nan);
    }
    v_store(first, largest);
    if (second != NULL) {
        v_store(second, next);
    }
    return !m_any(nan);
}

/* The same of n entries; false if a largest is not finite. */
static ALWAYS_INLINE bool lanes_peaks(size_t lanes, size_t n, const real *x, size_t ldx, real *first, real *second) {
    no_peaks(first, second);
    bool numbers = more_peaks(lanes, n, x, ldx, first, second);
    return finite_lanes(v_load(first)) && numbers;
}

/* Adds the lanes of one limb to the columns' sums. */
static inline void empty_lanes(i_t limb, real constant, size_t additions, int64_t *sums) {
    real_signed values[LANES_MOST];
    i_store(values, i_sub(limb, i_set1((real_bits)additions * bits_of_real(constant))));
    for (size_t i = 0; i < V_LANES; i++) {
        sums[i] += values[i];
    }
}

static ALWAYS_INLINE bool may_spill(const struct lanes *s) { return LIMBS_SPILL && s->spills; }

static inline void spill_lane(struct lanes *s, size_t i) {
    if (may_spill(s)) {
        const int64_t limbs[3] = {s->top[i], s->middle[i], 0};
        add_limbs(&s->spilled[i], limbs, SHIFT_TOP_UNSIGNED);
        s->top[i] = s->middle[i] = 0;
    }
}

/* Sums of none of n terms; or (second) of the largest entries' terms where these are brought down to the second
 * largest, to be taken off. */
static ALWAYS_INLINE void start_sums(bool second, size_t n, struct lanes *s) {
    for (size_t i = 0; i < V_LANES; i++) {
        s->top[i] = s->middle[i] = 0;
    }
    s->spills = n > TERMS_FEW;
    if (may_spill(s)) {
        memset(s->spilled, 0, sizeof s->spilled);
    }
    if (second) {
        const struct grid g = grid_unsigned(TERM_SCALE);
        i_t zero = i_set1(0), top = zero, middle = zero, none = zero;
        v_t reference = v_load(s->reference), magic = term_magic(reference, term_offset(reference));
        add_vectors(AT_MOST, V_LANES, 1, s->reference, NULL, 0, ahead_of(s->reference, FETCH_AHEAD), reference, magic,
                    v_set1(0), NULL, 0, &top, &middle, &none);
        empty_lanes(i_sub(zero, top), g.top, (size_t)-1, s->top);
        empty_lanes(i_sub(zero, middle), g.middle, (size_t)-1, s->middle);
    }
}

/* Adds the terms of n entries of each column to the sums. FAR: relative to the largest. AT_MOST: to s->reference, the
 * second largest, without one entry that is the largest; that one is brought down to the second largest, whose own term
 * start_sums has taken off: one operation an entry where finding it would take six. REST: the largest is not among
 * them. Terms are written to e, unless that is null; those of a largest entry without equals mean nothing. */
static ALWAYS_INLINE void more_terms(enum terms kind, size_t lanes, size_t n, const real *x, size_t ldx, real *e,
                                     size_t lde, struct ahead next, struct lanes *s) {
    const struct grid g = grid_unsigned(TERM_SCALE);
    v_t reference = v_load(kind == FAR ? s->first : s->reference),
        magic = term_magic(reference, term_offset(reference));
    v_t correction = kind == FAR ? term_correction(reference, v_set1(0), magic) : v_set1(0);
    for (size_t j = 0; j < n;) {
        size_t count = n - j < SUM_BLOCK ? n - j : SUM_BLOCK;
        i_t top = i_set1(0), middle = top, none = top;
        add_vectors(kind, lanes, count, x + j * ldx, NULL, ldx, next, reference, magic, correction,
                    e == NULL ? NULL : e + j * lde, lde, &top, &middle, &none);
        next.from += count * next.step;
        empty_lanes(top, g.top, count, s->top);
        empty_lanes(middle, g.middle, count, s->middle);
        for (size_t i = 0; i < V_LANES && may_spill(s); i++) {
            spill_lane(s, i);
        }
        j += count;
    }
}

static inline struct term_sum sum_of_lane(const struct lanes *s, size_t i) {
    struct term_sum sum = {.few = !may_spill(s)};
    if (!sum.few) {
        sum.wide = s->spilled[i];
    }
    const int64_t limbs[3] = {s->top[i], s->middle[i], 0};
    add_block(&sum, limbs);
    return sum;
}

/* exp(v + low) of each lane as (*whole + *part) 2^*n, as exp_of has it; the mask says where v is above EXP_LOWEST, as
 * it must be. */
static ALWAYS_INLINE m_t exp_of_lanes(v_t v, v_t low, v_t *whole, v_t *part, v_t *n) {
    v_t lowest = v_set1(EXP_LOWEST), magic = v_set1(ROUND_MAGIC), value = v_max(v, lowest), power;
    *n = v_sub(v_fma(value, v_set1(LOG2E), magic), magic);
    *whole = exp_parts(value, &low, magic, part, &power);
    return m_not(v_ge(lowest, v));
}

/* The factor of each lane's terms, as find_factor has it. */
static ALWAYS_INLINE void lanes_factors(const struct lanes *s, real *whole, real *part, real *exponent) {
    v_t first = v_load(s->first), second = v_load(s->reference), offset = term_offset(second), error;
    v_t difference = two_sum(offset, v_sub(v_set1(0), first), &error);
    v_t s_of, w, n, field = v_sub(term_magic(second, offset), v_set1(ROUND_MAGIC));
    v_t terms = v_sub(v_set1(TERM_SCALE + REAL_BIAS), field);
    m_t live = exp_of_lanes(difference, error, &s_of, &w, &n);
    v_store(whole, v_keep(live, s_of));
    v_store(part, v_keep(live, w));
    v_store(exponent, v_keep(live, v_add(n, terms)));
}

/* What log_stats has, for each lane. */
struct lanes_stats {
    real whole[LANES_MOST], part[LANES_MOST], exponent[LANES_MOST]; /* of the factor */
    double rho_high[LANES_MOST], rho_low[LANES_MOST];
};

static ALWAYS_INLINE struct pair rho_of_lane(const struct lanes_stats *stats, size_t i) {
    return (struct pair){stats->rho_high[i], stats->rho_low[i]};
}

/* An integer below 2^51 in magnitude, as a double: AVX2 has no such conversion of vectors. */
static inline double double_of_integer(int64_t a) {
    return double_of_bits((uint64_t)(a + 0x4338000000000000)) - 0x1.8p52;
}

_Static_assert(sizeof(real) == sizeof(double) || TERMS_FEW * (uint64_t)SUMMAND_MOST < (uint64_t)1 << 51,
               "double_of_integer is of integers below 2^51");

/* The sum of a lane's terms in f32: 1 for a term of 1. */
static inline struct pair pair_of_lane(const struct lanes *s, size_t i) {
    return sum_of(double_of_integer(s->top[i]) * double_power_of_two(SHIFT_TOP_UNSIGNED + SUM_UNIT),
                  double_of_integer(s->middle[i]) * double_power_of_two(SHIFT_MIDDLE + SUM_UNIT));
}

/* The same as one double. */
static inline double rounded_sum_of_lane(const struct lanes *s, size_t i) {
    return double_of_integer(s->top[i]) * double_power_of_two(SHIFT_TOP_UNSIGNED + SUM_UNIT) +
           double_of_integer(s->middle[i]) * double_power_of_two(SHIFT_MIDDLE + SUM_UNIT);
}

static void find_lanes_rho(const struct lanes *s, struct lanes_stats *stats) {
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
        struct pair factor = fast_sum((double)stats->whole[i], (double)stats->part[i]);
        int k = (int)stats->exponent[i];
        bool nothing = k < FACTOR_LEAST;
        struct pair product = pair_mul((struct pair){high[i], low[i]}, select_pair(nothing, pair_of(0), factor));
        struct pair rho = pair_scaled(product, nothing ? 0 : k);
        stats->rho_high[i] = rho.high;
        stats->rho_low[i] = rho.low;
    }
}

/* rho of each lane to within 2^-51, at least 2^-300 or 0: for what becomes a float. */
static inline void quick_rho(const struct lanes *s, const struct lanes_stats *stats, double *rho) {
    real exponent[LANES_MOST];
    v_store(exponent, v_max(v_load(stats->exponent), v_set1(-300)));
    for (size_t i = 0; i < V_LANES; i++) {
        double factor = (double)stats->whole[i] + (double)stats->part[i];
        rho[i] = factor * (rounded_sum_of_lane(s, i) * quick_power((double)exponent[i]));
    }
}

/* The a + log1p(rho) of all lanes as reals. */
static inline void lanes_plus_log1p(const struct lanes *s, const real *a, struct lanes_stats *stats, real *result) {
    if (QUICK) {
        double rho[LANES_MOST];
        real above[LANES_MOST];
        quick_rho(s, stats, rho);
        for (size_t i = 0; i < V_LANES; i++) {
            double log1p = quick_log1p(rho[i]), value = (double)a[i] + log1p;
            double error = (fabs((double)a[i]) + log1p) * QUICK_ERROR;
            result[i] = (real)(value - error);
            above[i] = (real)(value + error);
        }
        if (lanes_equal(result, above)) {
            return;
        }
    }
    find_lanes_rho(s, stats);
    for (size_t i = 0; i < V_LANES; i++) {
        result[i] = real_plus_log1p(pair_of((double)a[i]), rho_of_lane(stats, i));
    }
}

/* What terms are relative to: the second largest entries. Where there is none, the sum is of nothing, whatever this
 * is. */
static inline void find_references(struct lanes *s) {
    v_t first = v_load(s->first), second = v_load(s->second);
    v_store(s->reference, either(v_ge(second, v_set1(-REAL_LARGEST)), second, first));
}

/* The largest entries, and all that follows from them but for rho; the terms go to e. False if a largest is not
 * finite. */
static ALWAYS_INLINE bool log_lanes(size_t lanes, size_t n, const real *x, size_t ldx, real *e, size_t lde,
                                    struct lanes *s, struct lanes_stats *stats) {
    if (!lanes_peaks(lanes, n, x, ldx, s->first, s->second)) {
        return false;
    }
    find_references(s);
    start_sums(true, n, s);
    more_terms(AT_MOST, lanes, n, x, ldx, e, lde, ahead_of(x, FETCH_AHEAD), s);
    lanes_factors(s, stats->whole, stats->part, stats->exponent);
    return true;
}

/* Log-softmax of entries, once that is found. */
static ALWAYS_INLINE v_t log_result(v_t x, v_t first, v_t log1p) { return v_sub(v_sub(x, first), log1p); }

/* The log1p(rho) of all lanes as reals, to s->high. */
static inline void find_log1p(struct lanes *s, struct lanes_stats *stats) {
    v_store(s->low, v_set1(0));
    lanes_plus_log1p(s, s->low, stats, s->high);
}

#endif
