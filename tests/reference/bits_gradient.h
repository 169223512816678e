/* docs/bits.md, the gradients of logsumexp and of log-softmax, for f32 and f64; included like bits_softmax.h. */
#include "bits_logits.h"

/* ---- Terms scaled by a pair -------------------------------------------------------------------------------------- */

typedef struct factor {
    REAL high, low, out;
} factor;

static int in_range(pair f) { return isfinite((REAL)ldexp(f.h, -K)); }

static void two_numbers(pair f, REAL *high, REAL *low) {
    *high = (REAL)f.h;
    *low = (REAL)((f.h - (double)*high) + f.l);
}

static factor factor_of(pair f) {
    factor result = {.out = 1};
    if (fabs(f.h) >= 0x1p30) {
        f = pair_scale(f, -K);
    } else {
        result.out = LDEXP(1, -K);
    }
    two_numbers(f, &result.high, &result.low);
    return result;
}

static REAL scaled_term(REAL e, factor f) { return FMA(e, f.high, e * f.low) * f.out + 0; }

void F(reference_logsumexp_backward)(size_t n, const REAL *x, const REAL *dlse, REAL *dx,
                                     const reference_options *opt) {
    logits z = logits_new(n, x, opt);
    pair f = pair_multiply(pair_of(opt->scale), pair_of((double)*dlse));
    if (!fill_without_peak(&z, dx, 0, opt)) {
        exact_sum S;
        terms_of_row(&z, constants_of(z.m), dx, &S);
        pair ratio = pair_divide(f, value_as_pair(&S, -forward_unit(n)));
        exact_sum_clear(&S);
        for (size_t j = 0; j < n; j++) {
            dx[j] = scaled_term(dx[j], factor_of(ratio));
            dx[j] = opt->softcap != 0 ? (REAL)((double)dx[j] * z.slope[j]) + 0 : dx[j];
            dx[j] = isnan(dx[j]) ? canonical_nan() : dx[j];
        }
        if (!in_range(ratio)) {
            fill_kept(&z, dx, canonical_nan(), 0);
        }
    }
    logits_free(&z);
}

/* ---- Backward of log-softmax ------------------------------------------------------------------------------------- */

/* "Exact dot product", of finite numbers. */
static pair dot_product(size_t n, const REAL *a, const REAL *b) {
    long E = largest_exponent(n, a, b);
    if (E < NOTHING) {
        return pair_of(0);
    }
    gradient_constants row;
    exact_sum S;
    exact_sum_init(&S);
    add_products(n, a, b, (int)E, &row, &S);
    pair result = value_as_pair(&S, (int)E - backward_unit(n));
    exact_sum_clear(&S);
    return result;
}

/* The sum of the dy_j that are kept, times 2^-shrink, which keeps it from overflowing; NaN if one is not finite. */
#define SHRINK 30
static pair sum_of_kept(size_t n, const REAL *dy, int shrink, const reference_options *opt) {
    REAL *ones = row_memory(n * sizeof *ones), *kept = row_memory(n * sizeof *kept);
    int finite = 1;
    for (size_t j = 0; j < n; j++) {
        ones[j] = 1;
        kept[j] = is_kept(opt, j) ? LDEXP(dy[j], -shrink) : 0;
        finite &= isfinite(kept[j]) != 0;
    }
    pair D = finite ? dot_product(n, ones, kept) : pair_of((double)NAN);
    free(ones), free(kept);
    return D;
}

void F(reference_log_softmax_backward)(size_t n, const REAL *y, const REAL *dy, REAL *dx,
                                       const reference_options *opt) {
    int shrink = 0;
    for (size_t j = 0; j < n; j++) {
        shrink = is_kept(opt, j) && (double)dy[j] * (double)dy[j] > 0x1p200 ? SHRINK : shrink;
    }
    pair D = sum_of_kept(n, dy, shrink, opt);
    int bad = !isfinite(D.h);
    int g = D.h == 0 || bad ? 0 : -ilogb(D.h) - shrink;
    g = g > SUM_UP ? SUM_UP : g < -SUM_DOWN ? -SUM_DOWN : g;
    REAL high, low;
    two_numbers(pair_scale(D, g + shrink), &high, &low);
    row_constants row = constants_of(0);
    for (size_t j = 0; j < n; j++) {
        bad |= is_kept(opt, j) && !(y[j] < 0.5);
    }
    for (size_t j = 0; j < n; j++) {
        REAL p = LDEXP(term_of(y[j], 0, row), -K - g);
        dx[j] = bad ? canonical_nan() : FMA(-p, high, FMA(-p, low, dy[j])) * (REAL)opt->scale + 0;
        dx[j] = is_kept(opt, j) ? dx[j] : 0;
    }
}

/* ---- Softcap and sink -------------------------------------------------------------------------------------------- */

void F(reference_softcap_backward)(size_t n, const REAL *x, const REAL *dz, REAL *dx, const reference_options *opt) {
    logits z = logits_new(n, x, opt);
    for (size_t j = 0; j < n; j++) {
        REAL value = (REAL)((double)dz[j] * z.slope[j]) + 0;
        dx[j] = !z.keep[j] ? 0 : isnan(value) ? canonical_nan() : value;
    }
    logits_free(&z);
}

/* exp(-distance) / W. */
static pair probability_at(pair distance, pair W) {
    if (!(distance.h < (double)EXP_IS_0)) {
        return pair_of(0);
    }
    int k;
    pair E = pair_exp(pair_negative(distance), &k);
    return k < -1140 ? pair_of(0) : pair_divide(pair_scale(E, k), W);
}

/* Of a row with a finite peak. */
static REAL gradient_of_sink(const logits *z, pair D) {
    statistics s = statistics_of(z);
    pair W = pair_add(pair_of(1), s.rho), p = pair_divide(pair_of(1), W);
    if (left_out(z) != z->n) {
        pair distance = pair_two((double)z->m, -(double)z->sink);
        p = isinf(distance.h) ? pair_of(0) : probability_at(pair_add(distance, pair_of((double)z->m_low)), W);
    }
    return (REAL)pair_real(pair_negative(pair_multiply_or_0(p, D))) + 0;
}

void F(reference_sink_gradient)(size_t n, const REAL *x, const REAL *y, const REAL *dy, REAL *dsink,
                                const reference_options *opt) {
    logits z = logits_new(n, x, opt);
    REAL *a = row_memory(n * sizeof *a), *b = row_memory(n * sizeof *b);
    int kept = 0, bad = 0;
    for (size_t j = 0; j < n; j++) {
        a[j] = z.keep[j] ? y[j] : 0;
        b[j] = z.keep[j] ? dy[j] : 0;
        bad |= !(a[j] > -2 && a[j] < 2) || !isfinite(b[j]);
        kept |= z.keep[j];
    }
    int nothing = z.m == -INFINITY && (!kept || opt->minus_inf_row == SMX_MINUS_INF_ROW_ZEROS);
    if (!z.has_sink || nothing) {
        *dsink = 0;
    } else if (!isfinite(z.m) || bad) {
        *dsink = canonical_nan();
    } else {
        *dsink = gradient_of_sink(&z, dot_product(n, a, b));
    }
    logits_free(&z), free(a), free(b);
}
