/* docs/bits.md, "Logits" and "Logarithms", for f32 and f64; included like bits_softmax.h. */
#include "bits_softmax.h"

/* ---- Logits ------------------------------------------------------------------------------------------------------ */

/* A row's z_j, and its peak: m is NaN if a kept entry is, and not finite if there is no finite peak. */
typedef struct logits {
    size_t n;
    REAL *high, *low;
    double *slope; /* of the softcap; 1 without one */
    unsigned char *keep;
    int has_sink;
    REAL sink;
    REAL m, m_low;
    int tied;
} logits;

static void *row_memory(size_t bytes) {
    void *a = calloc(1, bytes);
    if (!a) {
        abort();
    }
    return a;
}

/* A logit on its way. */
typedef struct two_parts {
    REAL high, low;
} two_parts;

static two_parts limit_low(two_parts z) {
    return (two_parts){z.high, z.high > -LOW_BELOW && z.high < LOW_BELOW ? z.low : 0};
}

/* TwoSum of high and b; `more` is what b lacks. */
static two_parts add_to_logit(two_parts z, REAL b, REAL more) {
    REAL sum = z.high + b, back = sum - z.high;
    REAL err = (z.high - (sum - back)) + (b - back);
    return (two_parts){sum, z.low + (err + more)};
}

/* "Softcap": 2^u = s (1 + q). */
typedef struct decay {
    double s, q;
} decay;

static decay decay_of(two_parts z, double C) {
    static const double p32[] = {0x1.b52547c272deap-24, 0x1.63d0c4feb234bp-20, 0x1.ffcca80b30dd8p-17,
                                 0x1.4308ace8ad6f1p-13, 0x1.5d87fe312fb4ap-10, 0x1.3b2ab717e9fe4p-7,
                                 0x1.c6b08d706a254p-5,  0x1.ebfbdff823e78p-3,  0x1.62e42fefa39abp-1};
    static const double p64[] = {0x1.eb5b6dba8f573p-32, 0x1.e60559747a2efp-28, 0x1.b523dc17d351bp-24,
                                 0x1.62bfd4fe48ea1p-20, 0x1.ffcbfd0180bb4p-17, 0x1.430913093a10fp-13,
                                 0x1.5d87fe7880441p-10, 0x1.3b2ab6fba1ee3p-7,  0x1.c6b08d704a1acp-5,
                                 0x1.ebfbdff82c598p-3,  0x1.62e42fefa39efp-1};
    const double *c = sizeof(REAL) == 4 ? p32 : p64;
    int count = sizeof(REAL) == 4 ? 9 : 11;
    double u = fabs((double)z.high + (double)z.low) * (-0x1.71547652b82fep1 / C);
    if (u < -1023) {
        u = -1023;
    }
    double n = (u + (0x1.8p52 + 1023)) - (0x1.8p52 + 1023), r = u - n, p = c[0];
    for (int i = 1; i < count; i++) {
        p = fma(p, r, c[i]);
    }
    return (decay){n == -1023 ? 0 : ldexp(1, (int)n), p * r};
}

static two_parts cap_logit(two_parts z, double C) {
    if (!isfinite(z.high)) {
        return z;
    }
    decay d = decay_of(z, C);
    double m = fma(d.s, d.q, d.s - 1), capped = copysign(C * (m / (2 + m)), (double)z.high + (double)z.low);
    two_parts result = {.high = (REAL)capped};
    result.low = (REAL)(capped - (double)result.high);
    return result;
}

static double slope_of(two_parts z, double C) {
    if (!isfinite(z.high)) {
        return 0;
    }
    decay d = decay_of(z, C);
    double e = fma(d.s, d.q, d.s);
    return 4 * e / ((1 + e) * (1 + e));
}

/* Entry j, which is kept. */
static void make_logit(logits *z, size_t j, REAL x, const reference_options *opt) {
    const REAL *add = opt->add;
    REAL scale = (REAL)opt->scale, slope = (REAL)opt->alibi;
    double C = (double)(REAL)opt->softcap;
    two_parts made = {.high = scale * x};
    made.low = FMA(scale, x, -made.high);
    z->slope[j] = 1;
    if (C != 0 && !opt->caps_sum) {
        made = limit_low(made);
        z->slope[j] = slope_of(made, C);
        made = cap_logit(made, C);
    }
    if (add) {
        made = add_to_logit(made, add[j], 0);
    }
    if (slope != 0 && !isinf(made.high)) {
        int64_t distance = opt->position - (int64_t)j;
        REAL d = (REAL)(distance < 0 ? -distance : distance), b = -slope * d;
        made = add_to_logit(made, b, FMA(-slope, d, -b));
    }
    made = limit_low(made);
    if (C != 0 && opt->caps_sum) {
        z->slope[j] = slope_of(made, C);
        made = cap_logit(made, C);
    }
    z->high[j] = made.high;
    z->low[j] = isfinite(made.high) ? made.low : 0;
}

static int is_kept(const reference_options *opt, size_t j) {
    const REAL *add = opt->add;
    return (!opt->keep || opt->keep[j]) && !(add && add[j] == -INFINITY);
}

static void find_peak(logits *z) {
    z->m = maximum(z->n, z->high);
    z->m_low = -INFINITY;
    size_t count = 0;
    for (size_t j = 0; j < z->n; j++) {
        if (z->high[j] == z->m) {
            z->m_low = z->low[j] > z->m_low ? z->low[j] : z->m_low;
            count++;
        }
    }
    if (z->has_sink && !(z->m >= z->sink)) { /* NaN in either place */
        z->m = isnan(z->m) ? z->m : z->sink;
        z->m_low = 0;
        count = 1;
    } else if (z->has_sink && z->m == z->sink) {
        z->m_low = z->m_low > 0 ? z->m_low : 0;
        count++;
    }
    z->tied = count > 1;
}

static logits logits_new(size_t n, const REAL *x, const reference_options *opt) {
    logits z = {.n = n, .high = row_memory(n * sizeof(REAL)), .low = row_memory(n * sizeof(REAL))};
    z.keep = row_memory(n);
    z.slope = row_memory(n * sizeof *z.slope);
    z.has_sink = opt->sink != NULL;
    z.sink = z.has_sink ? *(const REAL *)opt->sink : 0;
    int limit = 0;
    for (size_t j = 0; j < n; j++) {
        z.keep[j] = is_kept(opt, j) != 0;
        z.high[j] = -INFINITY;
        z.low[j] = 0;
        if (z.keep[j]) {
            make_logit(&z, j, x[j], opt);
        }
    }
    find_peak(&z);
    limit = z.m == INFINITY && opt->plus_inf == SMX_PLUS_INF_LIMIT;
    for (size_t j = 0; j < n && limit; j++) {
        z.high[j] = z.high[j] == INFINITY ? 0 : -INFINITY;
        z.low[j] = 0;
    }
    if (limit) {
        z.sink = z.sink == INFINITY ? 0 : -INFINITY;
        find_peak(&z);
    }
    return z;
}

static void logits_free(logits *z) { free(z->high), free(z->low), free(z->keep), free(z->slope); }

static void fill_kept(const logits *z, REAL *y, REAL kept, REAL masked) {
    for (size_t j = 0; j < z->n; j++) {
        y[j] = z->keep[j] ? kept : masked;
    }
}

/* "Rows without a finite peak": whether this is one. */
static int fill_without_peak(const logits *z, REAL *y, REAL nothing, const reference_options *opt) {
    int zeros = z->m == -INFINITY && opt->minus_inf_row == SMX_MINUS_INF_ROW_ZEROS;
    if (!isfinite(z->m)) {
        fill_kept(z, y, zeros ? nothing : canonical_nan(), nothing);
    }
    return !isfinite(z->m);
}

/* ---- Softmax of logits ------------------------------------------------------------------------------------------- */

/* e_j 2^K in e, and the sum. */
static void terms_of_row(const logits *z, row_constants row, REAL *e, exact_sum *S) {
    exact_sum_init(S);
    for (size_t j = 0; j < z->n; j++) {
        e[j] = term_of(z->high[j], z->low[j], row);
        add_term(S, e[j], forward_unit(z->n));
    }
    if (z->has_sink) {
        add_term(S, term_of(z->sink, 0, row), forward_unit(z->n));
    }
}

void F(reference_logits_softmax)(size_t n, const REAL *x, REAL *y, const reference_options *opt) {
    logits z = logits_new(n, x, opt);
    if (!fill_without_peak(&z, y, 0, opt)) {
        exact_sum S;
        terms_of_row(&z, constants_of(z.m), y, &S);
        REAL high, low;
        reciprocal(&S, forward_unit(n), &high, &low);
        exact_sum_clear(&S);
        for (size_t j = 0; j < n; j++) {
            y[j] = FMA(y[j], high, y[j] * low);
        }
    }
    logits_free(&z);
}

/* ---- Logarithms -------------------------------------------------------------------------------------------------- */

static pair value_as_pair(const exact_sum *S, int exponent) {
    return (pair){ldexp(exact_sum_rounded(S), exponent), ldexp(exact_sum_rest(S), exponent)};
}

typedef struct statistics {
    row_constants row; /* of m2 */
    REAL m2;
    pair G, rho, lambda, lse;
    int k;
} statistics;

/* The first entry with the peak's (high, low); n: it is the sink. */
static size_t left_out(const logits *z) {
    size_t j = 0;
    while (j < z->n && !(z->high[j] == z->m && z->low[j] == z->m_low)) {
        j++;
    }
    return j;
}

/* T, the sum of the terms of all but one, relative to m2. */
static pair sum_of_others(const logits *z, size_t out, row_constants row) {
    exact_sum S;
    exact_sum_init(&S);
    for (size_t j = 0; j < z->n; j++) {
        if (j != out) {
            add_term(&S, term_of(z->high[j], z->low[j], row), forward_unit(z->n));
        }
    }
    if (z->has_sink && out != z->n) {
        add_term(&S, term_of(z->sink, 0, row), forward_unit(z->n));
    }
    pair T = value_as_pair(&S, -forward_unit(z->n));
    exact_sum_clear(&S);
    return T;
}

static statistics statistics_of(const logits *z) {
    statistics s = {.m2 = -INFINITY};
    size_t out = left_out(z);
    for (size_t j = 0; j < z->n; j++) {
        s.m2 = j != out && z->high[j] > s.m2 ? z->high[j] : s.m2;
    }
    s.m2 = z->has_sink && out != z->n && z->sink > s.m2 ? z->sink : s.m2;
    if (s.m2 > -INFINITY) {
        s.row = constants_of(s.m2);
        pair v = pair_add(pair_of((double)s.row.c), (pair){-(double)z->m, -(double)z->m_low});
        int live = v.h > -(double)EXP_IS_0;
        if (live) {
            s.G = pair_exp(v, &s.k);
            s.k += K + BIAS - (int)s.row.B; /* N */
        }
        if (!live || s.k < -1140) {
            s.G = pair_of(0);
            s.k = 0;
        }
        s.rho = pair_scale(pair_multiply(sum_of_others(z, out, s.row), s.G), s.k);
    }
    s.lambda = pair_log1p(s.rho);
    s.lse = pair_add(pair_fast((double)z->m, (double)z->m_low), s.lambda);
    return s;
}

void F(reference_log_softmax)(size_t n, const REAL *x, REAL *y, const reference_options *opt) {
    logits z = logits_new(n, x, opt);
    if (!fill_without_peak(&z, y, -INFINITY, opt)) {
        REAL lambda = (REAL)pair_real(statistics_of(&z).lambda);
        for (size_t j = 0; j < n; j++) {
            y[j] = ((z.high[j] - z.m) + (z.low[j] - z.m_low)) - lambda;
        }
    }
    logits_free(&z);
}

void F(reference_logsumexp)(size_t n, const REAL *x, REAL *lse, const reference_options *opt) {
    reference_options infinite = *opt;
    infinite.plus_inf = SMX_PLUS_INF_NAN;
    logits z = logits_new(n, x, &infinite);
    *lse = isnan(z.m) ? canonical_nan() : isinf(z.m) ? z.m : (REAL)pair_real(statistics_of(&z).lse);
    logits_free(&z);
}
