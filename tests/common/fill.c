#include "fill.h"

#include <math.h>

/* A finite number of the type: any sign, exponent and mantissa. */
static double any_finite(const dtype *t, rng *r) {
    unsigned char a[8];
    double v;
    do {
        t->store_bits(a, 0, rng_next(r));
        v = t->load(a, 0);
    } while (!isfinite(v));
    return v;
}

/* Uniform mantissa, exponent uniform over 1 .. 2^-powers. */
static double any_exponent(rng *r, int powers) {
    return ldexp(rng_uniform(r, 0.5, 1), -(int)rng_below(r, (size_t)powers));
}

static double sign(rng *r) { return rng_next(r) >> 63 ? -1 : 1; }

/* True about once in a short row, and a few times in a long one. */
static int rare(size_t n, rng *r) { return rng_below(r, n) < (n < 64 ? 1 : 4); }

static double near_normal(const dtype *t, size_t n, double row, rng *r) {
    (void)t, (void)n, (void)row;
    return 3 * rng_normal(r);
}

static double wide(const dtype *t, size_t n, double row, rng *r) {
    (void)n, (void)row;
    return rng_uniform(r, -t->underflow, t->underflow);
}

static double constant(const dtype *t, size_t n, double row, rng *r) {
    (void)t, (void)n, (void)r;
    return row;
}

static double masked(const dtype *t, size_t n, double row, rng *r) {
    (void)t, (void)n, (void)row;
    return rng_next(r) & 1 ? -INFINITY : rng_normal(r);
}

/* The maximum lands just below, on or just above the threshold, on either side of zero. */
static double around_offset(const dtype *t, size_t n, double row, rng *r) {
    (void)n;
    double edge = t->offset_from * (row < 0 ? -1 : 1);
    double below = t->underflow * rng_uniform(r, 0, 1.1);
    return rng_below(r, 3) ? edge - below : edge + (double)((int)rng_below(r, 5) - 2) * t->offset_from * t->epsilon;
}

static double big_offset(const dtype *t, size_t n, double row, rng *r) {
    (void)n;
    return row * t->offset_from * 40 + wide(t, n, row, r) / 4;
}

/* A few entries are 0, the others lie so far below that their results are subnormal, or round to zero. */
static double subnormal_results(const dtype *t, size_t n, double row, rng *r) {
    double first_subnormal = t->size == sizeof(float) ? 87.0 : 708.0;
    (void)row;
    return rare(n, r) ? 0 : -rng_uniform(r, first_subnormal, t->underflow + 2);
}

static double one_hot(const dtype *t, size_t n, double row, rng *r) {
    return rare(n, r) ? t->underflow / 2 + row : rng_normal(r);
}

/* All but a few terms are just below half the unit of the sum (2^-44 in f32, 2^-87 in f64), so that in f32 they vanish
 * from a short row's sum and change the last digits of a long one's. */
static double small_terms(const dtype *t, size_t n, double row, rng *r) {
    double half_unit = t->size == sizeof(float) ? 45 * 0.6932 : 88 * 0.6932;
    (void)row;
    return rare(n, r) ? -rng_uniform(r, 0, 0.3) : -half_unit - rng_uniform(r, 0.1, 0.6);
}

static double tiny(const dtype *t, size_t n, double row, rng *r) {
    (void)n, (void)row;
    return sign(r) * t->min_subnormal * (double)rng_below(r, 4);
}

static double any_bits(const dtype *t, size_t n, double row, rng *r) {
    (void)n, (void)row;
    return any_finite(t, r);
}

static double some_nan(const dtype *t, size_t n, double row, rng *r) {
    (void)t, (void)row;
    return rare(n, r) ? (double)NAN : rng_normal(r);
}

static double some_inf(const dtype *t, size_t n, double row, rng *r) {
    (void)t, (void)row;
    return rng_below(r, (n + 2) / 3) ? rng_normal(r) : (double)INFINITY;
}

typedef struct kind {
    const char *name;
    double (*draw)(const dtype *t, size_t n, double row, rng *r); /* row: one number that all entries of a row share */
} kind;

static const kind x_kinds[FILL_X_KINDS] = {
    {"normal", near_normal},
    {"wide", wide},
    {"constant", constant},
    {"masked by -inf", masked},
    {"maximum at the offset", around_offset},
    {"big offset", big_offset},
    {"subnormal results", subnormal_results},
    {"one-hot", one_hot},
    {"small terms", small_terms},
    {"tiny", tiny},
    {"any finite bits", any_bits},
    {"some NaN", some_nan},
    {"some +inf", some_inf},
};

const char *fill_x_name(size_t k) { return x_kinds[k].name; }

void fill_x(const dtype *t, void *x, size_t n, size_t k, rng *r) {
    double row = rng_normal(r);
    for (size_t i = 0; i < n; i++) {
        t->store(x, i, x_kinds[k].draw(t, n, row, r));
    }
}

static int powers_of(const dtype *t) { return t->size == sizeof(float) ? 150 : 1075; }

static double probability(const dtype *t, size_t n, double row, rng *r) {
    (void)t, (void)row;
    return rng_uniform(r, 0, 1) / (double)n;
}

static double probability_of_any_exponent(const dtype *t, size_t n, double row, rng *r) {
    (void)n, (void)row;
    return any_exponent(r, powers_of(t));
}

static double nearly_one_hot(const dtype *t, size_t n, double row, rng *r) {
    (void)row;
    return rare(n, r) ? 1 : any_exponent(r, powers_of(t)) * 0x1p-20;
}

static double gradient_of_any_exponent(const dtype *t, size_t n, double row, rng *r) {
    (void)n, (void)row;
    return sign(r) * any_exponent(r, 2 * powers_of(t)) * t->max;
}

static double plus_minus_zero(const dtype *t, size_t n, double row, rng *r) {
    (void)t, (void)n, (void)row;
    return sign(r) * 0.0;
}

typedef struct pair {
    const char *name;
    double (*y)(const dtype *t, size_t n, double row, rng *r);
    double (*dy)(const dtype *t, size_t n, double row, rng *r);
} pair;

static const pair pairs[FILL_BACKWARD_KINDS] = {
    {"probabilities, normal", probability, near_normal},
    {"probabilities, any exponent", probability, gradient_of_any_exponent},
    {"probabilities, constant", probability, constant},
    {"probabilities, tiny", probability, tiny},
    {"any exponent, normal", probability_of_any_exponent, near_normal},
    {"any exponent, any exponent", probability_of_any_exponent, gradient_of_any_exponent},
    {"any exponent, zeros", probability_of_any_exponent, plus_minus_zero},
    {"nearly one-hot, normal", nearly_one_hot, near_normal},
    {"nearly one-hot, wide", nearly_one_hot, wide},
    {"nearly one-hot, tiny", nearly_one_hot, tiny},
    {"zeros, normal", plus_minus_zero, near_normal},
    {"zeros, any exponent", plus_minus_zero, gradient_of_any_exponent},
    {"any finite bits, normal", any_bits, near_normal},
    {"any finite bits twice", any_bits, any_bits},
    {"normal, normal", near_normal, near_normal},
    {"tiny, tiny", tiny, tiny},
    {"some NaN, normal", some_nan, near_normal},
    {"probabilities, some NaN", probability, some_nan},
    {"some +inf, normal", some_inf, near_normal},
    {"probabilities, some inf", probability, some_inf},
};

const char *fill_backward_name(size_t k) { return pairs[k].name; }

void fill_backward(const dtype *t, void *y, void *dy, size_t n, size_t k, rng *r) {
    double row = rng_normal(r);
    for (size_t i = 0; i < n; i++) {
        t->store(y, i, pairs[k].y(t, n, row, r));
        t->store(dy, i, pairs[k].dy(t, n, row, r));
    }
}
