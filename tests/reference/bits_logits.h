/* docs/bits.md, "Logits" and "Logarithms", for f32 and f64; included like bits_softmax.h. */
#include "bits_softmax.h"

/* ---- Logits ------------------------------------------------------------------------------------------------------ */

/* A row's z_j, and its peak: m is NaN if a kept entry is, and not finite if there is no finite peak. */
typedef struct logits {
    size_t n;
    REAL *high, *low;
    unsigned char *keep;
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

/* One entry that is kept. */
static void scale_and_add(REAL x, const REAL *add, REAL scale, REAL *high_j, REAL *low_j) {
    REAL high = scale * x, low = FMA(scale, x, -high);
    if (add) {
        REAL sum = high + *add, back = sum - high;
        REAL err = (high - (sum - back)) + (*add - back);
        high = sum;
        low = low + err;
    }
    *high_j = high;
    *low_j = high > -LOW_BELOW && high < LOW_BELOW ? low : 0;
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
    z->tied = count > 1;
}

static logits logits_new(size_t n, const REAL *x, const reference_options *opt) {
    logits z = {.n = n, .high = row_memory(n * sizeof(REAL)), .low = row_memory(n * sizeof(REAL))};
    z.keep = row_memory(n);
    const REAL *add = opt->add;
    int limit = 0;
    for (size_t j = 0; j < n; j++) {
        z.keep[j] = is_kept(opt, j) != 0;
        z.high[j] = -INFINITY;
        z.low[j] = 0;
        if (z.keep[j]) {
            scale_and_add(x[j], add ? add + j : NULL, (REAL)opt->scale, &z.high[j], &z.low[j]);
        }
    }
    find_peak(&z);
    limit = z.m == INFINITY && opt->plus_inf == SMX_PLUS_INF_LIMIT;
    for (size_t j = 0; j < n && limit; j++) {
        z.high[j] = z.high[j] == INFINITY ? 0 : -INFINITY;
        z.low[j] = 0;
    }
    if (limit) {
        find_peak(&z);
    }
    return z;
}

static void logits_free(logits *z) { free(z->high), free(z->low), free(z->keep); }

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
        row_term term = term_of(z->high[j], z->low[j], row);
        e[j] = term.e;
        add_term(S, term, forward_unit(z->n));
    }
}

void F(reference_logits_softmax)(size_t n, const REAL *x, REAL *y, const reference_options *opt) {
    logits z = logits_new(n, x, opt);
    if (!fill_without_peak(&z, y, 0, opt)) {
        exact_sum S;
        terms_of_row(&z, constants_of(z.m, z.m_low), y, &S);
        REAL high, low;
        reciprocal(&S, forward_unit(n), &high, &low);
        exact_sum_clear(&S);
        for (size_t j = 0; j < n; j++) {
            y[j] = LDEXP(FMA(y[j], high, y[j] * low), -K);
        }
    }
    logits_free(&z);
}

/* ---- Logarithms -------------------------------------------------------------------------------------------------- */

/* exp(v, low): a pair times 2^k. */
static pair exp_pair(REAL v, REAL low, int *k) {
    REAL n = FMA(v, LOG2E, MAGIC) - MAGIC;
    REAL r = FMA(-n, LN2_LO, FMA(-n, LN2_HI, v)) + low;
    REAL w, s = exp_reduced(r, &w);
    *k = (int)n;
    return pair_fast((double)s, (double)w);
}

static pair value_as_pair(const exact_sum *S, int exponent) {
    return (pair){ldexp(exact_sum_rounded(S), exponent), ldexp(exact_sum_rest(S), exponent)};
}

typedef struct statistics {
    row_constants row; /* of m2 */
    REAL m2;
    pair G, rho, lambda, lse;
    int k;
} statistics;

/* The first entry with the peak's (high, low). */
static size_t left_out(const logits *z) {
    size_t j = 0;
    while (!(z->high[j] == z->m && z->low[j] == z->m_low)) {
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
    if (s.m2 > -INFINITY) {
        s.row = constants_of(s.m2, 0);
        s.row.delta = 0;
        REAL v = s.row.c - z->m, back = v - s.row.c;
        REAL err = (s.row.c - (v - back)) + (-z->m - back);
        if (v > -EXP_IS_0) {
            s.G = exp_pair(v, err - z->m_low, &s.k);
            s.k += K + BIAS - (int)s.row.B; /* N */
        }
        if (v <= -EXP_IS_0 || s.k < -1140) {
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
