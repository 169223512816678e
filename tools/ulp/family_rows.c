#include "family_rows.h"

#include <math.h>

static double vanishes_at(oracle_type type) { return type == ORACLE_F32 ? 104 : 745.2; }

/* ---- Logits ------------------------------------------------------------------------------------------------------ */

/* One entry above the rest by any margin up to where the rest vanishes; sometimes at 0, so that the logsumexp is
 * log1p(rho). */
static void certain(random_state *rng, row *r) {
    double margin = random_uniform(rng, 0, vanishes_at(r->type) + 2);
    double far = random_normal(rng) * random_log(rng, 1, 1e6);
    double offset = random_below(rng, 2) ? -margin : random_below(rng, 2) ? 0 : far;
    double spread = random_log(rng, 1e-3, 5);
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] = offset - spread * fabs(random_normal(rng));
    r->a[0] = offset + margin;
    r->count[r->groups - 1] += r->count[0] - 1;
    r->count[0] = r->groups == 1 ? r->n : 1;
}

/* Some entries share the maximum. */
static void ties(random_state *rng, row *r) {
    forward_logits(rng, r);
    double max = r->a[0];
    for (size_t i = 1; i < r->groups; i++)
        max = r->a[i] > max ? r->a[i] : max;
    for (size_t i = 0; i < r->groups; i++)
        if (random_below(rng, 2))
            r->a[i] = max;
}

/* A logsumexp of about 0: m is close to -log1p(rho). */
static void lse_near_zero(random_state *rng, row *r) {
    double sum = 0;
    double spread = random_log(rng, 0.01, 20);
    for (size_t i = 0; i < r->groups; i++) {
        r->a[i] = -spread * fabs(random_normal(rng));
        sum += exp(r->a[i]) * (double)r->count[i];
    }
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] -= log(sum);
}

static void logits(random_state *rng, row *r) {
    static void (*const kinds[])(random_state *, row *) = {forward_logits, forward_logits, forward_logits, certain,
                                                           certain,        ties,           lse_near_zero};
    kinds[random_below(rng, sizeof kinds / sizeof *kinds)](rng, r);
}

/* Gives a scale, mostly, and divides the logits by it. */
static void scale(random_state *rng, row *r) {
    static const double common[] = {-1, 0.1, 1 / 3., 7};
    if (random_below(rng, 3) == 0)
        return;
    size_t k = random_below(rng, 6);
    row_give(r, GOLDEN_SCALE, k < 4 ? common[k] : random_sign(rng) * random_log(rng, 0x1p-10, 0x1p10));
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] /= r->number[GOLDEN_SCALE];
}

/* ---- The other arrays -------------------------------------------------------------------------------------------- */

/* Turns logits in r->a into probabilities, or their logarithms. */
static void to_probabilities(row *r, bool logarithms) {
    double max = r->a[0];
    double sum = 0;
    for (size_t i = 1; i < r->groups; i++)
        max = r->a[i] > max ? r->a[i] : max;
    for (size_t i = 0; i < r->groups; i++)
        sum += exp(r->a[i] - max) * (double)r->count[i];
    for (size_t i = 0; i < r->groups; i++) {
        r->a[i] = logarithms ? fmin(0, r->a[i] - max - log(sum)) : exp(r->a[i] - max) / sum;
        r->a[i] = row_round(r->type, r->a[i]);
    }
}

/* An additive mask: 0 mostly, or anything, and some -inf. */
static void additive(random_state *rng, row *r, double *add) {
    bool zeros = random_below(rng, 2);
    size_t masked = random_below(rng, 2) ? 8 : SIZE_MAX;
    for (size_t i = 0; i < r->groups; i++) {
        add[i] = zeros ? 0 : row_round(r->type, 10 * random_normal(rng));
        if (random_below(rng, masked) == 0)
            add[i] = (double)-INFINITY;
    }
}

/* Signed weights: of one magnitude or many, alike or such that the sum cancels. */
static void weights(random_state *rng, row *r, double *b) {
    bool positive = random_below(rng, 3) == 0;
    bool wide = random_below(rng, 2);
    double sum = 0;
    for (size_t i = 0; i < r->groups; i++) {
        b[i] = (positive ? 1 : random_sign(rng)) * (wide ? random_log(rng, 0x1p-60, 0x1p60) : random_log(rng, 0.1, 10));
        if (i + 1 < r->groups)
            sum += b[i] * exp(r->a[i] - r->a[r->groups - 1]) * (double)r->count[i];
    }
    size_t last = r->groups - 1;
    if (random_below(rng, 3) == 0 && fabs(sum) > 0x1p-50 && fabs(sum) < 0x1p50)
        b[last] = -sum / (double)r->count[last];
}

static void class_weights(random_state *rng, row *r, double *w) {
    for (size_t i = 0; i < r->groups; i++)
        w[i] = random_below(rng, 8) ? random_log(rng, 1e-3, 10) : 0;
}

/* Dense targets: probabilities of some spread, one class alone, or any numbers. */
static void targets(random_state *rng, row *r, double *t) {
    unsigned kind = (unsigned)random_below(rng, 4);
    size_t hot = random_below(rng, r->groups);
    double spread = random_log(rng, 0.1, 20);
    double sum = 0;
    for (size_t i = 0; i < r->groups; i++) {
        t[i] = exp(-spread * fabs(random_normal(rng)));
        sum += t[i] * (double)r->count[i];
    }
    for (size_t i = 0; i < r->groups; i++)
        t[i] = kind == 0 ? i == hot : kind == 1 ? random_normal(rng) : t[i] / sum;
}

static void tangent(random_state *rng, row *r, double *v) {
    backward_gradients(rng, r);
    for (size_t i = 0; i < r->groups; i++)
        v[i] = r->b[i];
}

static void options(random_state *rng, row *r) {
    static const struct {
        golden_array a;
        double value;
    } all[] = {{GOLDEN_SMOOTHING, 0.1}, {GOLDEN_Z_LOSS, 1e-4}, {GOLDEN_SOFTCAP, 30}, {GOLDEN_DLOSS, -1}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (random_below(rng, 3) == 0)
            row_give(r, all[k].a, all[k].value * random_uniform(rng, 0.1, 3));
}

static void fill(random_state *rng, row *r, golden_array a, double *values) {
    switch (a) {
    case GOLDEN_ADD:
        additive(rng, r, values);
        return;
    case GOLDEN_B:
        weights(rng, r, values);
        break;
    case GOLDEN_TARGETS:
        targets(rng, r, values);
        break;
    case GOLDEN_CLASS_WEIGHTS:
        class_weights(rng, r, values);
        break;
    default:
        tangent(rng, r, values);
    }
    for (size_t i = 0; i < r->groups; i++)
        values[i] = row_round(r->type, values[i]);
}

/* What keeps an array within what the functions take. */
static double admitted(const problem *p, size_t k, double value) {
    switch (p->arrays[k]) {
    case GOLDEN_Y:
        if (p->function == GOLDEN_LOG_SOFTMAX_BACKWARD || p->function == GOLDEN_LOG_SOFTMAX_JVP)
            return fmin(value, 0);
        return fmax(0, fmin(value, 1));
    case GOLDEN_CLASS_WEIGHTS:
        return fmin(fmax(value, 0), 0x1p60);
    case GOLDEN_B:
        return copysign(fmax(0x1p-60, fmin(fabs(value), 0x1p60)), value);
    case GOLDEN_DY:
    case GOLDEN_DDX: /* products of three must neither overflow nor underflow */
        if (p->function != GOLDEN_DOUBLE_BACKWARD || value == 0)
            return value;
        return copysign(fmax(0x1p-40, fmin(fabs(value), 0x1p40)), value);
    case GOLDEN_X: /* nor sums of products: they may give NaN */
        return p->function == GOLDEN_SCALE_GRADIENT ? copysign(fmin(fabs(value), 0x1p900), value) : value;
    case GOLDEN_DX: /* nor those of two */
        return value == 0 ? value : copysign(fmax(0x1p-60, fmin(fabs(value), 0x1p60)), value);
    default:
        return value;
    }
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

void family_generate(const problem *p, random_state *rng, size_t n, row *r) {
    static const size_t most[] = {2, 3, 8, 64, ROW_GROUPS};
    r->type = p->type;
    row_divide(r, n, most[random_below(rng, n > 64 ? 5 : 4)], rng);
    logits(rng, r);
    bool from_y = p->arrays[0] == GOLDEN_Y;
    if (from_y)
        to_probabilities(r, p->function == GOLDEN_LOG_SOFTMAX_BACKWARD || p->function == GOLDEN_LOG_SOFTMAX_JVP);
    /* c before b, which is where gradients are made. */
    if (p->array_count > 2)
        fill(rng, r, p->arrays[2], r->c);
    if (p->array_count > 1)
        fill(rng, r, p->arrays[1], r->b);
    if (from_y) {
        if (random_below(rng, 2))
            row_give(r, GOLDEN_SCALE, random_sign(rng) * random_log(rng, 0x1p-10, 0x1p10));
    } else if (p->array_count > 1 || p->function > GOLDEN_LOGSUMEXP) {
        scale(rng, r);
    }
    for (size_t i = 0; i < r->groups; i++) {
        r->a[i] = row_round(r->type, admitted(p, 0, r->a[i]));
        r->b[i] = p->array_count > 1 ? admitted(p, 1, r->b[i]) : 0;
        r->c[i] = p->array_count > 2 ? admitted(p, 2, r->c[i]) : 0;
    }
    if (p->function == GOLDEN_LOGSUMEXP_BACKWARD)
        row_give(r, GOLDEN_DLSE, random_sign(rng) * random_log(rng, 1e-3, 1e3));
    if (p->function == GOLDEN_CROSS_ENTROPY)
        row_give(r, GOLDEN_LABEL, random_below(rng, 2) ? 0 : (double)random_below(rng, r->groups));
    if (p->part == GOLDEN_RESULTS && p->function != GOLDEN_DOUBLE_BACKWARD)
        options(rng, r);
}

static void mutate_number(random_state *rng, row *r, double steps) {
    size_t a = random_below(rng, GOLDEN_ARRAYS);
    if (!row_has(r, (golden_array)a))
        return;
    if (a == GOLDEN_LABEL)
        r->number[a] = (double)random_below(rng, r->groups);
    else
        r->number[a] = row_step(r->type, r->number[a], steps);
}

void family_mutate(const problem *p, random_state *rng, row *r, size_t hot) {
    size_t i = random_below(rng, 2) ? hot : random_below(rng, r->groups);
    size_t k = random_below(rng, p->array_count);
    double *values = k == 0 ? r->a : k == 1 ? r->b : r->c;
    double steps = random_sign(rng) * ceil(random_log(rng, 0.5, 1e6));
    double value = values[i];
    switch (random_below(rng, 8)) {
    case 0:
        value = values[random_below(rng, r->groups)];
        break;
    case 1:
        value += random_sign(rng) * random_log(rng, 1e-6, 10);
        break;
    case 2:
        value *= ldexp(1, (int)random_below(rng, 5) - 2);
        break;
    case 3:
        mutate_number(rng, r, steps);
        break;
    default:
        value = row_step(r->type, value, steps);
    }
    if (isfinite(value))
        values[i] = row_round(r->type, admitted(p, k, value));
}
