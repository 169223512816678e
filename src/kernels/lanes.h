/* Sums, and what follows from them, of V_LANES columns or rows at once, each in a lane of its own. Entry j of lane i is at
 * x[j * ldx + i], where entries are read. */
#ifndef SMX_LANES_H
#define SMX_LANES_H

#include "log.h"

/* Per lane: the statistics that its column's results follow from. */
struct lanes {
    int64_t top[LANES_MOST], middle[LANES_MOST];
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

static ALWAYS_INLINE v_t either(m_t first, v_t a, v_t b) {
    return v_from_bits(i_or(v_bits(v_keep(first, a)), v_bits(v_keep(m_not(first), b))));
}

/* Each column's largest entry, and its second largest if wanted; false if a largest is not finite. */
static ALWAYS_INLINE bool lanes_peaks(size_t lanes, size_t n, const real *x, size_t ldx, bool second_too,
                                      struct lanes *s) {
    m_t nan = m_none();
    v_t first = v_set1(-(real)INFINITY), second = first;
    for (size_t j = 0; j < n; j++) {
        v_t xj = load_lanes(x + j * ldx, lanes);
        if (second_too) {
            second = v_max(second, v_min(first, xj));
        }
        first = v_max(first, xj);
        nan = m_or(nan, v_unordered(xj, xj));
    }
    v_store(s->first, first);
    v_store(s->second, second);
    v_t difference = v_sub(first, first); /* NaN for an infinity */
    return !m_any(m_or(nan, v_unordered(difference, difference)));
}

/* Adds the lanes of one limb to the columns' sums. */
static inline void empty_lanes(i_t limb, real constant, size_t additions, int64_t *sums) {
    real_signed values[LANES_MOST];
    v_store((real *)(void *)values, v_from_bits(i_sub(limb, i_set1((real_bits)additions * bits_of_real(constant)))));
    for (size_t i = 0; i < V_LANES; i++) {
        sums[i] += values[i];
    }
}

/* A term from what `reduce` gives: whole + part * power; null: no correction. */
static ALWAYS_INLINE v_t expand_term(v_t r, v_t shifted, const v_t *correction, v_t *part, v_t *power) {
    v_t s = exp_reduced(r, part);
    *power = power_of(shifted);
    if (correction != NULL) {
        *part = v_fnma(*correction, s, *part);
    }
    return v_mul(s, *power);
}

/* The term, added to its lane's two limbs. */
static ALWAYS_INLINE v_t end_term(v_t whole, v_t part, v_t power, i_t *top, i_t *middle) {
    const struct grid g = grid_unsigned(TERM_SCALE);
    v_t e = v_fma(part, power, whole);
    sum_rest(sum_top(e, whole, part, power, v_set1(g.top), top), v_set1(g.middle), middle);
    return e;
}

/* Entries less the offset, at most those of `most`, if that is not null. */
static ALWAYS_INLINE v_t entries_below(const real *x, size_t lanes, const v_t *most, v_t offset) {
    v_t xj = lanes == V_LANES ? v_load(x) : v_load_n(x, lanes, v_set1(-(real)INFINITY));
    return v_sub(most == NULL ? xj : v_min(xj, *most), offset);
}

/* The terms of `count` vectors `step` apart, of which the first `lanes` lanes are there, added to two limbs and, unless
 * e is null, written. Relative to `reference`, with a correction; or, if that is null, without, and entries above the
 * reference count as it. A term hangs on a chain of 65 cycles, of which a processor's schedulers hold two or three: each
 * turn of the loop ends one term, expands the next and reduces the one after that: 1.1 times as fast (Zen 3). */
static ALWAYS_INLINE void add_vectors(size_t lanes, size_t count, const real *x, size_t step, v_t reference,
                                      const v_t *correction, real *e, size_t e_step, i_t *top, i_t *middle) {
    v_t offset = term_offset(reference), magic = term_magic(reference, offset), lowest = term_lowest(magic);
    const v_t *most = correction == NULL ? &reference : NULL;
    size_t last = count - 1;
    v_t shifted, part, power;
    v_t r = reduce(v_max(entries_below(x, lanes, most, offset), lowest), NULL, magic, &shifted);
    v_t whole = expand_term(r, shifted, correction, &part, &power);
    r = reduce(v_max(entries_below(x + (last < 1 ? last : 1) * step, lanes, most, offset), lowest), NULL, magic,
               &shifted);
    for (size_t j = 0; j < count; j++) {
        size_t next = last - j < 2 ? last : j + 2;
        v_t shifted_next, part_next, power_next;
        v_t v = entries_below(x + next * step, lanes, most, offset);
        v_t r_next = reduce(v_max(v, lowest), NULL, magic, &shifted_next);
        v_t whole_next = expand_term(r, shifted, correction, &part_next, &power_next);
        v_t ej = end_term(whole, part, power, top, middle);
        if (e != NULL) {
            store_lanes(e + j * e_step, ej, lanes);
        }
        r = r_next;
        shifted = shifted_next;
        whole = whole_next;
        part = part_next;
        power = power_next;
    }
}

static inline void clear_sums(struct lanes *s) {
    for (size_t i = 0; i < V_LANES; i++) {
        s->top[i] = s->middle[i] = 0;
    }
}

/* The terms of the references themselves, to be taken off the sums: limbs after -1 additions. */
static ALWAYS_INLINE void terms_to_take_off(const struct lanes *s, i_t *top, i_t *middle) {
    i_t zero = i_set1(0);
    *top = *middle = zero;
    add_vectors(V_LANES, 1, s->reference, 0, v_load(s->reference), NULL, NULL, 0, top, middle);
    *top = i_sub(zero, *top);
    *middle = i_sub(zero, *middle);
}

/* The columns' terms and their sums: relative to the largest; or (second) to the second largest, without one entry
 * that is the largest. That one is brought down to the second largest, whose own term is taken off the sum once: one
 * operation an entry where finding it would take six. Terms are written to e, unless that is null; those of a largest
 * entry without equals mean nothing. */
static ALWAYS_INLINE void lanes_terms(size_t lanes, size_t n, const real *x, size_t ldx, bool second, real *e,
                                      size_t lde, struct lanes *s) {
    const struct grid g = grid_unsigned(TERM_SCALE);
    v_t reference = v_load(second ? s->reference : s->first), offset = term_offset(reference);
    v_t correction = term_correction(reference, v_set1(0), offset, term_magic(reference, offset));
    i_t top = i_set1(0), middle = i_set1(0);
    size_t additions = 0;
    if (second) {
        terms_to_take_off(s, &top, &middle);
        additions--;
    }
    clear_sums(s);
    for (size_t j = 0; j < n;) {
        size_t count = n - j < SUM_BLOCK ? n - j : SUM_BLOCK;
        add_vectors(lanes, count, x + j * ldx, ldx, reference, second ? NULL : &correction,
                    e == NULL ? NULL : e + j * lde, lde, &top, &middle);
        empty_lanes(top, g.top, additions + count, s->top);
        empty_lanes(middle, g.middle, additions + count, s->middle);
        top = middle = i_set1(0);
        additions = 0;
        j += count;
    }
}

static inline struct term_sum sum_of_lane(size_t n, const struct lanes *s, size_t i) {
    struct term_sum sum = no_terms(n, n);
    const int64_t limbs[3] = {s->top[i], s->middle[i], 0};
    add_block(&sum, limbs);
    return sum;
}

/* The factor of each lane's terms, as find_factor has it. */
static ALWAYS_INLINE void lanes_factors(const struct lanes *s, real *whole, real *part, real *exponent) {
    v_t first = v_load(s->first), second = v_load(s->reference), offset = term_offset(second), error;
    v_t difference = two_sum(offset, v_sub(v_set1(0), first), &error);
    m_t live = v_ge(difference, v_set1(EXP_LOWEST));
    v_t v = v_max(difference, v_set1(EXP_LOWEST)), w, power, magic = v_set1(ROUND_MAGIC);
    v_t n = v_sub(v_fma(v, v_set1(LOG2E), magic), magic);
    v_t terms = v_sub(v_set1(TERM_SCALE + REAL_BIAS), v_sub(term_magic(second, offset), magic));
    v_t up = exp_parts(v, &error, magic, &w, &power);
    v_store(whole, v_keep(live, up));
    v_store(part, v_keep(live, w));
    v_store(exponent, v_keep(live, v_add(n, terms)));
}

/* What log_stats has, for each lane. */
struct lanes_stats {
    real whole[LANES_MOST], part[LANES_MOST], exponent[LANES_MOST]; /* of the factor */
    double rho_high[LANES_MOST], rho_low[LANES_MOST];
};

static inline struct pair rho_of_lane(const struct lanes_stats *stats, size_t i) {
    return (struct pair){stats->rho_high[i], stats->rho_low[i]};
}

/* An integer below 2^51 in magnitude, as a double: AVX2 has no such conversion of vectors. */
static inline double double_of_integer(int64_t a) {
    double b;
    a += 0x4338000000000000;
    memcpy(&b, &a, sizeof b);
    return b - 0x1.8p52;
}

/* The sum of a lane's terms in f32, where limbs stay below 2^51: 1 for a term of 1. */
static inline struct pair pair_of_lane(const struct lanes *s, size_t i) {
    return sum_of(double_of_integer(s->top[i]) * double_power_of_two(SHIFT_TOP_UNSIGNED + SUM_UNIT),
                  double_of_integer(s->middle[i]) * double_power_of_two(SHIFT_MIDDLE + SUM_UNIT));
}

static void find_lanes_rho(size_t n, const struct lanes *s, struct lanes_stats *stats) {
    double high[LANES_MOST], low[LANES_MOST];
    for (size_t i = 0; i < V_LANES; i++) {
        struct pair pair;
        if (sizeof(real) < sizeof(double)) {
            pair = pair_of_lane(s, i);
        } else {
            struct term_sum sum = sum_of_lane(n, s, i);
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
    for (size_t i = 0; i < V_LANES; i++) {
        double sum = pair_of_lane(s, i).high;
        int k = (int)stats->exponent[i];
        double power = double_power_of_two(k > -300 ? k : -300);
        rho[i] = ((double)stats->whole[i] + (double)stats->part[i]) * (sum * power);
    }
}

/* The a + log1p(rho) of all lanes as reals. */
static inline void lanes_plus_log1p(size_t n, const struct lanes *s, const real *a, struct lanes_stats *stats,
                                    real *result) {
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
        if (!m_any(m_not(v_eq(v_load(result), v_load(above))))) {
            return;
        }
    }
    find_lanes_rho(n, s, stats);
    for (size_t i = 0; i < V_LANES; i++) {
        result[i] = real_plus_log1p(pair_of((double)a[i]), rho_of_lane(stats, i));
    }
}

/* What terms are relative to: the second largest entries. Where there is none, the sum is of nothing, whatever this is. */
static inline void find_references(struct lanes *s) {
    v_t first = v_load(s->first), second = v_load(s->second);
    v_store(s->reference, either(v_ge(second, v_set1(-REAL_LARGEST)), second, first));
}

/* The largest entries, and all that follows but for rho; false if a largest is not finite. The terms go to e, unless
 * that is null. */
static ALWAYS_INLINE bool log_lanes(size_t lanes, size_t n, const real *x, size_t ldx, real *e, size_t lde,
                                    struct lanes *s, struct lanes_stats *stats) {
    if (!lanes_peaks(lanes, n, x, ldx, true, s)) {
        return false;
    }
    find_references(s);
    lanes_terms(lanes, n, x, ldx, true, e, lde, s);
    lanes_factors(s, stats->whole, stats->part, stats->exponent);
    return true;
}

/* What y = (x - first) - log1p takes. */
static ALWAYS_INLINE bool log_softmax_stats(size_t lanes, size_t n, const real *x, size_t ldx, struct lanes *s) {
    struct lanes_stats stats;
    if (!log_lanes(lanes, n, x, ldx, NULL, 0, s, &stats)) {
        return false;
    }
    v_store(s->low, v_set1(0));
    lanes_plus_log1p(n, s, s->low, &stats, s->high);
    return true;
}

#endif
