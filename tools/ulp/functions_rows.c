#include "functions_rows.h"

#include <math.h>

static double vanishes_at(oracle_type type) { return type == ORACLE_F32 ? 104 : 745.2; }

/* ---- Logits ------------------------------------------------------------------------------------------------------ */

/* One entry above the rest by any margin up to where the rest vanishes; sometimes at 0, so that the logsumexp is
 * log1p(rho). */
static void certain(rng *random, row *r) {
    double margin = rng_uniform(random, 0, vanishes_at(r->type) + 2);
    double far = rng_gaussian(random) * rng_log(random, 1, 1e6);
    double offset = rng_below(random, 2) ? -margin : rng_below(random, 2) ? 0 : far;
    double spread = rng_log(random, 1e-3, 5);
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] = offset - spread * fabs(rng_gaussian(random));
    r->a[0] = offset + margin;
    r->count[r->groups - 1] += r->count[0] - 1;
    r->count[0] = r->groups == 1 ? r->n : 1;
}

/* Some entries share the maximum. */
static void ties(rng *random, row *r) {
    forward_logits(random, r);
    double max = r->a[0];
    for (size_t i = 1; i < r->groups; i++)
        max = r->a[i] > max ? r->a[i] : max;
    for (size_t i = 0; i < r->groups; i++)
        if (rng_below(random, 2))
            r->a[i] = max;
}

/* A logsumexp of about 0: m is close to -log1p(rho). */
static void lse_near_zero(rng *random, row *r) {
    double sum = 0;
    double spread = rng_log(random, 0.01, 20);
    for (size_t i = 0; i < r->groups; i++) {
        r->a[i] = -spread * fabs(rng_gaussian(random));
        sum += exp(r->a[i]) * (double)r->count[i];
    }
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] -= log(sum);
}

static void logits(rng *random, row *r) {
    static void (*const kinds[])(rng *, row *) = {forward_logits, forward_logits, forward_logits, certain,
                                                  certain,        ties,           lse_near_zero};
    kinds[rng_below(random, sizeof kinds / sizeof *kinds)](random, r);
}

/* Gives a scale, mostly, and divides the logits by it. */
static void scale(rng *random, row *r) {
    static const double common[] = {-1, 0.1, 1 / 3., 7};
    if (rng_below(random, 3) == 0)
        return;
    size_t k = rng_below(random, 6);
    row_give(r, GOLDEN_SCALE, k < 4 ? common[k] : rng_sign(random) * rng_log(random, 0x1p-10, 0x1p10));
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
static void additive(rng *random, row *r, double *add) {
    bool zeros = rng_below(random, 2);
    size_t masked = rng_below(random, 2) ? 8 : SIZE_MAX;
    for (size_t i = 0; i < r->groups; i++) {
        add[i] = zeros ? 0 : row_round(r->type, 10 * rng_gaussian(random));
        if (rng_below(random, masked) == 0)
            add[i] = (double)-INFINITY;
    }
}

/* Signed weights: of one magnitude or many, alike or such that the sum cancels. */
static void weights(rng *random, row *r, double *b) {
    bool positive = rng_below(random, 3) == 0;
    bool wide = rng_below(random, 2);
    double sum = 0;
    for (size_t i = 0; i < r->groups; i++) {
        b[i] = (positive ? 1 : rng_sign(random)) * (wide ? rng_log(random, 0x1p-60, 0x1p60) : rng_log(random, 0.1, 10));
        if (i + 1 < r->groups)
            sum += b[i] * exp(r->a[i] - r->a[r->groups - 1]) * (double)r->count[i];
    }
    size_t last = r->groups - 1;
    if (rng_below(random, 3) == 0 && fabs(sum) > 0x1p-50 && fabs(sum) < 0x1p50)
        b[last] = -sum / (double)r->count[last];
}

static void class_weights(rng *random, row *r, double *w) {
    for (size_t i = 0; i < r->groups; i++)
        w[i] = rng_below(random, 8) ? rng_log(random, 1e-3, 10) : 0;
}

/* Dense targets: probabilities of some spread, one class alone, or any numbers. */
static void targets(rng *random, row *r, double *t) {
    unsigned kind = (unsigned)rng_below(random, 4);
    size_t hot = rng_below(random, r->groups);
    double spread = rng_log(random, 0.1, 20);
    double sum = 0;
    for (size_t i = 0; i < r->groups; i++) {
        t[i] = exp(-spread * fabs(rng_gaussian(random)));
        sum += t[i] * (double)r->count[i];
    }
    for (size_t i = 0; i < r->groups; i++)
        t[i] = kind == 0 ? i == hot : kind == 1 ? rng_gaussian(random) : t[i] / sum;
}

static void tangent(rng *random, row *r, double *v) {
    backward_gradients(random, r);
    for (size_t i = 0; i < r->groups; i++)
        v[i] = r->b[i];
}

static void options(rng *random, row *r) {
    static const struct {
        golden_array a;
        double value;
    } all[] = {{GOLDEN_SMOOTHING, 0.1}, {GOLDEN_Z_LOSS, 1e-4}, {GOLDEN_SOFTCAP, 30}, {GOLDEN_DLOSS, -1}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (rng_below(random, 3) == 0)
            row_give(r, all[k].a, all[k].value * rng_uniform(random, 0.1, 3));
}

/* Slopes, a sink that is anywhere or one of the logits, a softcap. The query stands at the first entry. */
static void attention(const problem *p, rng *random, row *r) {
    row_give(r, GOLDEN_QUERIES, 1);
    row_give(r, GOLDEN_ALIBI, rng_below(random, 2) ? ldexp(1, -(int)rng_below(random, 12)) : rng_log(random, 1e-4, 1));
    if (p->attention & ATTENTION_SINK)
        row_give(r, GOLDEN_SINK,
                 r->a[rng_below(random, r->groups)] + (double)rng_below(random, 2) * rng_gaussian(random));
    if (p->attention & ATTENTION_CAP)
        row_give(r, GOLDEN_SOFTCAP, rng_log(random, 0x1p-10, 0x1p15));
}

static void fill(rng *random, row *r, golden_array a, double *values) {
    switch (a) {
    case GOLDEN_ADD:
        additive(random, r, values);
        return;
    case GOLDEN_Y: /* beside x: any probabilities */
        for (size_t i = 0; i < r->groups; i++)
            values[i] = rng_uniform(random, 0, 2) / (double)r->n;
        break;
    case GOLDEN_B:
        weights(random, r, values);
        break;
    case GOLDEN_TARGETS:
        targets(random, r, values);
        break;
    case GOLDEN_CLASS_WEIGHTS:
        class_weights(random, r, values);
        break;
    default:
        tangent(random, r, values);
    }
    for (size_t i = 0; i < r->groups; i++)
        values[i] = row_round(r->type, values[i]);
}

/* Far from overflow. */
static double far_from_overflow(const problem *p) { return p->type == ORACLE_F32 ? 0x1p100 : 0x1p900; }

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
    case GOLDEN_DDX:                             /* products of three must neither overflow nor underflow */
        if (p->function == GOLDEN_SINK_GRADIENT) /* whose y may sum to more than 1 here */
            return copysign(fmin(fabs(value), far_from_overflow(p)), value);
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

void functions_generate(const problem *p, rng *random, size_t n, row *r) {
    static const size_t most[] = {2, 3, 8, 64, ROW_GROUPS};
    r->type = p->type;
    row_divide(r, n, most[rng_below(random, n > 64 ? 5 : 4)], random);
    logits(random, r);
    bool from_y = p->arrays[0] == GOLDEN_Y;
    if (from_y)
        to_probabilities(r, p->function == GOLDEN_LOG_SOFTMAX_BACKWARD || p->function == GOLDEN_LOG_SOFTMAX_JVP);
    /* c before b, which is where gradients are made. */
    if (p->array_count > 2)
        fill(random, r, p->arrays[2], r->c);
    if (p->array_count > 1)
        fill(random, r, p->arrays[1], r->b);
    if (from_y) {
        if (rng_below(random, 2))
            row_give(r, GOLDEN_SCALE, rng_sign(random) * rng_log(random, 0x1p-10, 0x1p10));
    } else if (p->array_count > 1 || p->function > GOLDEN_LOGSUMEXP) {
        scale(random, r);
    }
    for (size_t i = 0; i < r->groups; i++) {
        r->a[i] = row_round(r->type, admitted(p, 0, r->a[i]));
        r->b[i] = p->array_count > 1 ? admitted(p, 1, r->b[i]) : 0;
        r->c[i] = p->array_count > 2 ? admitted(p, 2, r->c[i]) : 0;
    }
    if (p->attention)
        attention(p, random, r);
    if (p->function == GOLDEN_LOGSUMEXP_BACKWARD)
        row_give(r, GOLDEN_DLSE, rng_sign(random) * rng_log(random, 1e-3, 1e3));
    if (p->function == GOLDEN_CROSS_ENTROPY)
        row_give(r, GOLDEN_LABEL, rng_below(random, 2) ? 0 : (double)rng_below(random, r->groups));
    if (p->part == GOLDEN_RESULTS && p->function != GOLDEN_DOUBLE_BACKWARD)
        options(random, r);
}

static void mutate_number(rng *random, row *r, double steps) {
    size_t a = rng_below(random, GOLDEN_ARRAYS);
    if (!row_has(r, (golden_array)a))
        return;
    if (a == GOLDEN_LABEL)
        r->number[a] = (double)rng_below(random, r->groups);
    else if (a != GOLDEN_QUERIES)
        r->number[a] = a == GOLDEN_SOFTCAP && row_has(r, GOLDEN_QUERIES)
                           ? fmax(0x1p-10, fmin(row_step(r->type, r->number[a], steps), 0x1p15))
                           : row_step(r->type, r->number[a], steps);
}

void functions_mutate(const problem *p, rng *random, row *r, size_t hot) {
    size_t i = rng_below(random, 2) ? hot : rng_below(random, r->groups);
    size_t k = rng_below(random, p->array_count);
    double *values = k == 0 ? r->a : k == 1 ? r->b : r->c;
    double steps = rng_sign(random) * ceil(rng_log(random, 0.5, 1e6));
    double value = values[i];
    switch (rng_below(random, 8)) {
    case 0:
        value = values[rng_below(random, r->groups)];
        break;
    case 1:
        value += rng_sign(random) * rng_log(random, 1e-6, 10);
        break;
    case 2:
        value *= ldexp(1, (int)rng_below(random, 5) - 2);
        break;
    case 3:
        mutate_number(random, r, steps);
        break;
    default:
        value = row_step(r->type, value, steps);
    }
    if (isfinite(value))
        values[i] = row_round(r->type, admitted(p, k, value));
}
