/* docs/bits.md, "Cross-entropy", for f32 and f64; included like bits_softmax.h. */
#include "bits_gradient.h"

/* A row on its way: what the loss and the gradients share. */
typedef struct loss_row {
    const reference_cross_entropy *ce;
    logits z;
    statistics s;
    int has_label, capped;
    REAL *rest; /* null: there is none */
    pair keep, a, B, R, delta_t;
} loss_row;

/* ---- Coefficients ------------------------------------------------------------------------------------------------ */

static REAL rest_of(const reference_cross_entropy *ce, size_t n, size_t c) {
    const REAL *targets = ce->targets, *weights = ce->class_weights;
    REAL e = (REAL)ce->smoothing, even = e / (REAL)n, left = 1 - e;
    REAL rest = !targets ? even : e > 0 ? FMA(left, targets[c], even) : targets[c];
    return weights ? rest * weights[c] : rest;
}

/* m - z_c. */
static REAL distance_to(const logits *z, size_t c) { return -((z->high[c] - z->m) + (z->low[c] - z->m_low)); }

static pair sum_of_infinite(const loss_row *row) {
    double sum = 0;
    for (size_t c = 0; c < row->z.n; c++) {
        if (row->rest[c] != 0 && isinf(distance_to(&row->z, c))) {
            sum += (double)row->rest[c] * (double)distance_to(&row->z, c);
        }
    }
    return pair_of(sum);
}

static int exponent_of_largest(size_t n, const REAL *rest) {
    REAL largest = 0;
    for (size_t c = 0; c < n; c++) {
        largest = rest[c] > largest ? rest[c] : -rest[c] > largest ? -rest[c] : largest;
    }
    int u = largest >= 2 ? ilogb((double)largest) : 0;
    return u > BIAS - 1 ? BIAS - 1 : u;
}

/* B and R. */
static void sum_rest(loss_row *row) {
    size_t n = row->z.n;
    REAL *a = row_memory(n * sizeof *a), *b = row_memory(n * sizeof *b);
    int infinite = 0, u = exponent_of_largest(n, row->rest);
    for (size_t c = 0; c < n; c++) {
        a[c] = 1;
    }
    row->B = dot_product(n, a, row->rest);
    for (size_t c = 0; c < n; c++) {
        a[c] = LDEXP(row->rest[c], -u);
        b[c] = row->rest[c] != 0 ? distance_to(&row->z, c) : 0;
        infinite |= isinf(b[c]) != 0;
    }
    row->R = infinite ? sum_of_infinite(row) : pair_scale(dot_product(n, a, b), u);
    free(a), free(b);
}

static void find_rest(loss_row *row) {
    const reference_cross_entropy *ce = row->ce;
    if (!row->has_label || ce->smoothing > 0) {
        row->rest = row_memory(row->z.n * sizeof(REAL));
        for (size_t c = 0; c < row->z.n; c++) {
            row->rest[c] = row->z.keep[c] ? rest_of(ce, row->z.n, c) : 0;
        }
    }
}

static void find_coefficients(loss_row *row) {
    const reference_cross_entropy *ce = row->ce;
    const REAL *weights = ce->class_weights;
    row->keep = pair_two(1, -ce->smoothing);
    row->has_label = !ce->targets;
    if (row->has_label) {
        row->a = weights ? pair_multiply_or_0(row->keep, pair_of((double)weights[ce->label])) : row->keep;
    }
    find_rest(row);
}

/* Infinite where the label is at -inf or masked out, or where it overflows. */
static void find_label_distance(loss_row *row) {
    const logits *z = &row->z;
    size_t t = row->ce->label;
    pair high = pair_two((double)z->m, -(double)z->high[t]);
    row->delta_t = isinf(high.h) ? pair_of(INFINITY) : pair_add(high, pair_two((double)z->m_low, -(double)z->low[t]));
}

/* ---- Loss -------------------------------------------------------------------------------------------------------- */

/* Log-softmax at the label; -inf without one. */
static REAL label_log_prob(const loss_row *row) {
    const logits *z = &row->z;
    size_t t = row->ce->label;
    if (!row->has_label || !z->keep[t]) {
        return -INFINITY;
    }
    return ((z->high[t] - z->m) + (z->low[t] - z->m_low)) - (REAL)pair_real(row->s.lambda);
}

static REAL loss_of(const loss_row *row) {
    pair lambda = row->s.lambda, lse = row->s.lse;
    if (row->has_label && row->a.h == 1 && row->a.l == 0 && !row->rest && !(row->ce->z_loss > 0)) {
        return 0 - label_log_prob(row);
    }
    pair loss = pair_multiply_or_0(row->a, pair_add(row->delta_t, lambda));
    if (row->rest) {
        loss = pair_add(pair_add(loss, pair_multiply_or_0(row->B, lambda)), row->R);
    }
    if (row->ce->z_loss > 0) {
        loss = pair_add(loss, pair_multiply_or_0(pair_multiply_or_0(pair_of(row->ce->z_loss), lse), lse));
    }
    return isnan(loss.h) ? canonical_nan() : (REAL)pair_real(loss) + 0;
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

typedef struct loss_gradient {
    pair spread, F, W;
} loss_gradient;

/* dx_j of a peak that is not tied, and of the label. */
static REAL gradient_of_special(const loss_row *row, loss_gradient g, size_t j) {
    int is_peak = row->z.high[j] == row->z.m && !row->z.tied;
    int is_label = row->has_label && j == row->ce->label;
    pair p = is_peak ? pair_divide(pair_of(1), g.W) : probability_at(row->delta_t, g.W);
    pair q = is_peak ? pair_divide(row->s.rho, g.W) : pair_add(pair_of(1), pair_negative(p));
    pair A = pair_multiply_or_0(g.spread, p);
    pair of_label = is_label ? pair_negative(pair_multiply_or_0(row->a, q)) : pair_multiply_or_0(row->a, p);
    A = pair_add(A, of_label);
    if (row->rest) {
        A = pair_add(A, pair_of(-(double)row->rest[j]));
    }
    A = pair_multiply_or_0(pair_multiply_or_0(A, g.F), pair_of(row->z.slope[j]));
    return isnan(A.h) ? canonical_nan() : (REAL)pair_real(A) + 0;
}

static REAL gradient_of_term(const loss_row *row, loss_gradient g, factor terms, size_t j) {
    REAL e = row->s.m2 > -INFINITY ? term_of(row->z.high[j], row->z.low[j], row->s.row) : 0;
    REAL dx = scaled_term(e, terms);
    dx = row->rest ? FMA(-(REAL)g.F.h, row->rest[j], dx) + 0 : dx;
    dx = row->capped ? (REAL)((double)dx * row->z.slope[j]) + 0 : dx;
    return isnan(dx) ? canonical_nan() : dx;
}

static void gradients_of(const loss_row *row, REAL *dx, const reference_options *opt) {
    const logits *z = &row->z;
    pair lse2 = pair_multiply_or_0(pair_of(2 * row->ce->z_loss), row->s.lse);
    loss_gradient g = {.spread = pair_add(row->B, lse2), .W = pair_add(pair_of(1), row->s.rho)};
    if (isinf(g.spread.h)) {
        g.spread = pair_of((double)NAN);
    }
    g.F = pair_multiply_or_0(pair_of(opt->scale), pair_of(row->ce->dloss));
    pair terms = pair_multiply_or_0(pair_add(g.spread, row->a), g.F);
    terms = pair_scale(pair_multiply_or_0(terms, pair_divide(row->s.G, g.W)), row->s.k);
    factor scaling = factor_of(terms);
    for (size_t j = 0; j < z->n; j++) {
        int special = (z->high[j] == z->m && !z->tied) || (row->has_label && j == row->ce->label);
        REAL kept = special ? gradient_of_special(row, g, j) : gradient_of_term(row, g, scaling, j);
        dx[j] = z->keep[j] ? kept : 0;
    }
    if (!in_range(terms) || !isfinite((REAL)g.F.h) || (row->ce->z_loss > 0 && isinf(row->s.lse.h))) {
        fill_kept(z, dx, canonical_nan(), 0);
    }
}

static void gradients_of_targets(const loss_row *row, REAL *dtargets) {
    const REAL *weights = row->ce->class_weights;
    pair G = pair_of(row->ce->dloss);
    REAL lambda = (REAL)pair_real(row->s.lambda);
    for (size_t j = 0; j < row->z.n; j++) {
        double c = pair_multiply_or_0(G, row->keep).h * (weights ? (double)weights[j] : 1);
        REAL minus_log_p = lambda - ((row->z.high[j] - row->z.m) + (row->z.low[j] - row->z.m_low));
        dtargets[j] = c == 0 || !row->z.keep[j] ? 0 : (REAL)(c * (double)minus_log_p) + 0;
    }
    if (!isfinite(row->ce->dloss)) {
        fill_kept(&row->z, dtargets, canonical_nan(), 0);
    }
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* include/smx/cross_entropy.h, "Special". */
static void without_peak(const loss_row *row, const reference_options *opt) {
    const reference_cross_entropy *ce = row->ce;
    REAL *loss = ce->loss, *log_prob = ce->target_log_prob;
    int kept = 0, rest = 0;
    for (size_t j = 0; j < row->z.n; j++) {
        kept |= row->z.keep[j];
        rest |= row->rest && row->rest[j] != 0;
    }
    int nothing = row->z.m == -INFINITY && (!kept || opt->minus_inf_row == SMX_MINUS_INF_ROW_ZEROS);
    *loss = nothing ? row->a.h != 0 || rest ? INFINITY : 0 : canonical_nan();
    *log_prob = nothing ? -INFINITY : canonical_nan();
    fill_without_peak(&row->z, ce->dx, 0, opt);
    if (ce->targets) {
        fill_without_peak(&row->z, ce->dtargets, 0, opt);
    }
}

static void with_peak(loss_row *row, const reference_options *opt) {
    const reference_cross_entropy *ce = row->ce;
    const REAL *lse = ce->lse;
    REAL *loss = ce->loss, *log_prob = ce->target_log_prob;
    row->s = statistics_of(&row->z);
    if (isinf(*lse)) {
        row->s.lse = pair_of(INFINITY); /* of the row before policy `LIMIT` */
    }
    if (row->has_label) {
        find_label_distance(row);
    }
    if (row->rest) {
        sum_rest(row);
    }
    *loss = loss_of(row);
    *log_prob = label_log_prob(row);
    gradients_of(row, ce->dx, opt);
    if (ce->targets) {
        gradients_of_targets(row, ce->dtargets);
    }
}

void F(reference_cross_entropy)(size_t n, const REAL *x, const reference_cross_entropy *ce,
                                const reference_options *given) {
    reference_options opt = *given;
    if (ce->softcap != 0) {
        opt.softcap = ce->softcap;
        opt.caps_sum = 1;
    }
    loss_row row = {.ce = ce, .z = logits_new(n, x, &opt), .capped = opt.softcap != 0};
    find_coefficients(&row);
    F(reference_logsumexp)(n, x, ce->lse, &opt);
    if (isfinite(row.z.m)) {
        with_peak(&row, &opt);
    } else {
        without_peak(&row, &opt);
    }
    free(row.rest);
    logits_free(&row.z);
}
