/* Backward: rows of y and dy of many kinds, and the error of the library's results on them as a part of the bound. */
#include "problem.h"

#include <float.h>
#include <math.h>

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static double largest_number(oracle_type type) { return type == ORACLE_F32 ? (double)FLT_MAX : DBL_MAX; }

static double clamp_to_unit(oracle_type type, double y) {
    y = y < 0 ? 0 : y > 1 ? 1 : y;
    return row_round(type, y);
}

/* y that add up to 1, about: of normal logits with a spread up to far beyond underflow. */
static void probabilities(rng *random, row *r) {
    double sd = rng_log(random, 0.01, r->type == ORACLE_F32 ? 100 : 700);
    double sum = 0;
    for (size_t i = 0; i < r->groups; i++) {
        r->a[i] = exp(sd * -fabs(rng_gaussian(random)));
        sum += r->a[i] * (double)r->count[i];
    }
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] /= sum > 0 ? sum : 1;
}

/* Anything in [0, 1], as the header allows. */
static void any_fractions(rng *random, row *r) {
    double low = r->type == ORACLE_F32 ? 1e-40 : 1e-300;
    bool wide = rng_below(random, 2);
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] = wide ? rng_log(random, low, 1) : rng_uniform(random, 0, 1);
    if (rng_below(random, 4) == 0)
        r->a[0] = (double)rng_below(random, 2);
}

static void gradients_normal(rng *random, row *r) {
    double scale = rng_below(random, 2) ? 1 : rng_log(random, 1e-30, 1e30);
    for (size_t i = 0; i < r->groups; i++)
        r->b[i] = scale * rng_gaussian(random);
}

/* Cross entropy's: -1 / y at the target, else 0. */
static void gradients_one_hot(rng *random, row *r) {
    for (size_t i = 0; i < r->groups; i++)
        r->b[i] = 0;
    size_t target = rng_below(random, r->groups);
    r->b[target] = r->a[target] > 0 ? -1 / r->a[target] : 1;
}

/* All close to one value, so that dy - sum cancels. */
static void gradients_close(rng *random, row *r) {
    double value = rng_sign(random) * rng_log(random, 1e-20, 1e20);
    double spread = rng_log(random, r->type == ORACLE_F32 ? 1e-8 : 1e-17, 1e-2);
    for (size_t i = 0; i < r->groups; i++)
        r->b[i] = value * (1 + spread * rng_gaussian(random));
}

/* Products y dy that cancel in the sum. */
static void gradients_cancelling(rng *random, row *r) {
    double sum = 0;
    for (size_t i = 0; i + 1 < r->groups; i++) {
        r->b[i] = rng_sign(random) * rng_log(random, 1e-5, 1e5);
        sum += row_round(r->type, r->b[i]) * r->a[i] * (double)r->count[i];
    }
    size_t last = r->groups - 1;
    double mass = r->a[last] * (double)r->count[last];
    r->b[last] = mass > 0 ? -sum / mass : 1;
}

/* All magnitudes that the type has, at its edges above all. */
static void gradients_extreme(rng *random, row *r) {
    double huge = largest_number(r->type);
    double tiny = r->type == ORACLE_F32 ? 0x1p-149 : 0x1p-1074;
    unsigned kind = (unsigned)rng_below(random, 3);
    for (size_t i = 0; i < r->groups; i++) {
        double all = exp(rng_uniform(random, log(tiny), log(huge)));
        double near_huge = huge * rng_uniform(random, 0.2, 1);
        double near_tiny = tiny * rng_log(random, 1, 1e9);
        r->b[i] = rng_sign(random) * (kind == 0 ? all : kind == 1 ? near_huge : near_tiny);
    }
}

void backward_gradients(rng *random, row *r) {
    static void (*const kinds[])(rng *, row *) = {gradients_normal, gradients_one_hot, gradients_close,
                                                  gradients_cancelling, gradients_extreme};
    kinds[rng_below(random, sizeof kinds / sizeof *kinds)](random, r);
    for (size_t i = 0; i < r->groups; i++)
        r->b[i] = row_round(r->type, r->b[i]);
}

static void generate(const problem *p, rng *random, size_t n, row *r) {
    r->type = p->type;
    static void (*const outputs[])(rng *, row *) = {probabilities, probabilities, any_fractions};
    static const size_t most[] = {2, 3, 8, 64, ROW_GROUPS};
    row_divide(r, n, most[rng_below(random, n > 64 ? 5 : 4)], random);
    outputs[rng_below(random, sizeof outputs / sizeof *outputs)](random, r);
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] = clamp_to_unit(r->type, r->a[i]);
    backward_gradients(random, r);
}

static void mutate(const problem *p, rng *random, row *r, size_t hot) {
    (void)p;
    size_t i = rng_below(random, 2) ? hot : rng_below(random, r->groups);
    double *value = rng_below(random, 2) ? &r->a[i] : &r->b[i];
    double steps = rng_sign(random) * ceil(rng_log(random, 0.5, 1e6));
    switch (rng_below(random, 6)) {
    case 0:
        *value *= ldexp(1, (int)rng_below(random, 9) - 4);
        break;
    case 1:
        *value *= rng_uniform(random, 0.5, 2);
        break;
    case 2:
        r->b[i] = -r->b[i];
        break;
    default:
        *value = row_step(r->type, *value, steps);
    }
    r->a[i] = clamp_to_unit(r->type, r->a[i]);
    r->b[i] = row_round(r->type, r->b[i]);
}

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

static void compute(const row *r, workspace *w) {
    size_t n = r->n;
    workspace_reserve(w, n);
    row_expand(r, r->a, w->a);
    row_expand(r, r->b, w->b);
    smx_status status = r->type == ORACLE_F32 ? smx_softmax_backward_f32(1, n, w->a, n, w->b, n, w->out, n, NULL)
                                              : smx_softmax_backward_f64(1, n, w->a, n, w->b, n, w->out, n, NULL);
    require(status, "smx_softmax_backward");
}

/* Whether the absolute part of the bound, the least subnormal number, is small beside the relative part. */
static bool is_normal(const row *r, size_t i, double absolute) {
    double relative = r->a[i] * (fabs(r->b[i]) + absolute);
    return relative > (r->type == ORACLE_F32 ? 0x1p-116 : 0x1p-1012);
}

static void keep_largest(double ratio, size_t i, double *largest, size_t *hot) {
    ratio = isnan(ratio) ? (double)INFINITY : ratio;
    if (ratio > *largest) {
        *largest = ratio;
        *hot = i;
    }
}

static double ratio_exactly(const row *r, const workspace *w, bool normal, size_t *hot) {
    oracle_backward sum;
    oracle_backward_init(&sum, r->type, r->groups, r->a, r->b, r->count);
    double absolute = mpfr_get_d(sum.absolute, MPFR_RNDN);
    double largest = -1;
    for (size_t i = 0, at = 0; i < r->groups; at += r->count[i++])
        if (!normal || is_normal(r, i, absolute))
            keep_largest(oracle_backward_ratio(&sum, r->a[i], r->b[i], oracle_get(r->type, w->out, at)), i, &largest,
                         hot);
    oracle_backward_clear(&sum);
    return largest;
}

/* f32 only. Products are exact in double, and the sum's error is some 2^-50 of the sum of magnitudes, which the bound
 * multiplies by 2^-23. */
static double ratio_in_double(const row *r, const workspace *w, bool normal, size_t *hot) {
    double sum = 0;
    double absolute = 0;
    for (size_t i = 0; i < r->groups; i++) {
        double product = r->a[i] * r->b[i] * (double)r->count[i];
        sum += product;
        absolute += fabs(product);
    }
    double largest = -1;
    for (size_t i = 0, at = 0; i < r->groups; at += r->count[i++]) {
        if (normal && !is_normal(r, i, absolute))
            continue;
        double exact = r->a[i] * (r->b[i] - sum);
        double result = oracle_get(r->type, w->out, at);
        if (isinf(result)) /* as oracle_ulp_error takes it */
            result = fabs(exact) >= 0x1.ffffffp127 ? exact : result > 0 ? 0x1p128 : -0x1p128;
        double bound = 0x1p-23 * r->a[i] * (fabs(r->b[i]) + absolute) + 0x1p-149;
        keep_largest(fabs(result - exact) / bound, i, &largest, hot);
    }
    return largest;
}

static double evaluate_where(const row *r, bool exactly, bool normal, size_t *hot) {
    static workspace w;
    compute(r, &w);
    return exactly || r->type == ORACLE_F64 ? ratio_exactly(r, &w, normal, hot) : ratio_in_double(r, &w, normal, hot);
}

static double evaluate(const problem *p, const row *r, bool exactly, size_t *hot) {
    (void)p;
    return evaluate_where(r, exactly, false, hot);
}

/* Without the entries where the absolute part of the bound rules: there, one rounding of the sum and one of the result
 * to subnormal numbers come close to it together, and would hide what happens elsewhere. */
static double evaluate_normal(const problem *p, const row *r, bool exactly, size_t *hot) {
    (void)p;
    return evaluate_where(r, exactly, true, hot);
}

const problem problem_backward_f32 = {.name = "backward-f32",
                                      .function = GOLDEN_BACKWARD,
                                      .array_count = 2,
                                      .arrays = {GOLDEN_Y, GOLDEN_DY},
                                      .type = ORACLE_F32,
                                      .bound = 1,
                                      .attained = true,
                                      .unit = "of the bound",
                                      .max_n = 10000000,
                                      .generate = generate,
                                      .mutate = mutate,
                                      .evaluate = evaluate};

const problem problem_backward_f64 = {.name = "backward-f64",
                                      .function = GOLDEN_BACKWARD,
                                      .array_count = 2,
                                      .arrays = {GOLDEN_Y, GOLDEN_DY},
                                      .type = ORACLE_F64,
                                      .bound = 1,
                                      .attained = true,
                                      .unit = "of the bound",
                                      .max_n = 10000000,
                                      .generate = generate,
                                      .mutate = mutate,
                                      .evaluate = evaluate};

const problem problem_backward_normal_f32 = {.name = "backward-normal-f32",
                                             .function = GOLDEN_BACKWARD,
                                             .array_count = 2,
                                             .arrays = {GOLDEN_Y, GOLDEN_DY},
                                             .type = ORACLE_F32,
                                             .bound = 1,
                                             .attained = true,
                                             .unit = "of the bound",
                                             .max_n = 10000000,
                                             .generate = generate,
                                             .mutate = mutate,
                                             .evaluate = evaluate_normal};

const problem problem_backward_normal_f64 = {.name = "backward-normal-f64",
                                             .function = GOLDEN_BACKWARD,
                                             .array_count = 2,
                                             .arrays = {GOLDEN_Y, GOLDEN_DY},
                                             .type = ORACLE_F64,
                                             .bound = 1,
                                             .attained = true,
                                             .unit = "of the bound",
                                             .max_n = 10000000,
                                             .generate = generate,
                                             .mutate = mutate,
                                             .evaluate = evaluate_normal};
