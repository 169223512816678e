/* Forward: rows of many kinds. */
#include "forward.h"

#include <math.h>

#include "kernel_bounds.h"
#include "terms.h"

/* Where the kernels change their way: from |max| = 256 or 2048 on, terms are taken relative to the maximum; and below
 * the maximum by this much, results are subnormal, and then 0. */
static double threshold(oracle_type type) { return type == ORACLE_F32 ? 256 : 2048; }

static double subnormal_from(oracle_type type) { return type == ORACLE_F32 ? 87.3 : 708.3; }

static double zero_from(oracle_type type) { return type == ORACLE_F32 ? 104.0 : 745.2; }

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static double random_offset(rng *random, oracle_type type) {
    switch (rng_below(random, 4)) {
    case 0:
        return rng_sign(random) * rng_log(random, 1, 1e4);
    case 1:
        return rng_sign(random) * rng_log(random, 1e4, type == ORACLE_F32 ? 1e38 : 1e300);
    default:
        return 0;
    }
}

static void normal(rng *random, row *r) {
    double sd = rng_log(random, 0.1, 30);
    double offset = random_offset(random, r->type);
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] = offset + sd * rng_gaussian(random);
}

static void uniform(rng *random, row *r) {
    double offset = random_offset(random, r->type);
    double width = r->type == ORACLE_F32 ? 100 : 700;
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] = offset + rng_uniform(random, -width, 0);
}

/* One entry far above the rest. */
static void margin(rng *random, row *r) {
    normal(random, r);
    r->a[0] += rng_uniform(random, 0, zero_from(r->type) + 5);
}

/* All equal, or of two values. */
static void equal(rng *random, row *r) {
    double value = random_offset(random, r->type) + rng_uniform(random, -50, 50);
    double other = value - rng_uniform(random, 0, 40);
    bool two = rng_below(random, 2);
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] = two && rng_below(random, 2) ? other : value;
}

/* The maximum at the threshold, a few steps to either side. */
static void at_threshold(rng *random, row *r) {
    double max = row_step(r->type, rng_sign(random) * threshold(r->type), rng_uniform(random, -3, 3));
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] = max - rng_uniform(random, 0, rng_below(random, 2) ? zero_from(r->type) : 3);
    r->a[0] = max;
}

/* Results that are subnormal or vanish. */
static void vanishing(rng *random, row *r) {
    double max = random_offset(random, r->type);
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] = max - rng_uniform(random, subnormal_from(r->type), zero_from(r->type) + 1);
    r->a[0] = max;
}

/* One entry, and a tail at one level that is small beside it but not in sum: what rounding to the sum's unit hurts. */
static void tail(rng *random, row *r) {
    double max = random_offset(random, r->type) / 4;
    double level = max - rng_uniform(random, 0, r->type == ORACLE_F32 ? 34 : 64);
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] = level;
    r->a[0] = max;
    r->count[r->groups - 1] += r->count[0] - 1;
    r->count[0] = 1;
    if (r->groups == 1)
        r->count[0] = r->n;
}

/* An argument whose term, before its rounding or if that too goes the wrong way, has a large error of this sign. */
static double worst_term(rng *random, oracle_type type, bool rounded, bool positive) {
    const term_errors *terms = rounded ? term_errors_rounded_of(type) : term_errors_of(type);
    const term_list *list = positive ? &terms->positive : &terms->negative;
    if (list->count == 0)
        term_errors_sample(type, random);
    return list->count ? list->x[rng_below(random, list->count)] : 0;
}

/* An argument somewhat below max whose term is just above a power of two and rounded by almost half a unit: up, if
 * positive. Which way a term is rounded depends on the maximum too. */
static double badly_rounded(rng *random, oracle_type type, double max, bool positive) {
    const double ln2 = 0x1.62e42fefa39efp-1;
    double best = max - 3;
    double most = -2;
    for (int k = 0; k < 40; k++) {
        double x = rint(rng_uniform(random, max - 13, max - 1) / ln2) * ln2;
        x = row_round(type, x + rng_log(random, type == ORACLE_F32 ? 1e-6 : 1e-14, 0.35));
        double rounding = term_rounding(type, x, max) * (positive ? 1 : -1);
        if (rounding > most) {
            most = rounding;
            best = x;
        }
    }
    return best;
}

/* One term whose error has one sign over a sum of terms whose errors have the other; and one that is so small that it
 * only decides how the quotient is rounded. */
static void opposed_terms(rng *random, row *r) {
    bool positive = rng_below(random, 2);
    double mass = worst_term(random, r->type, false, !positive);
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] = mass;
    if (r->groups > 2 && rng_below(random, 4))
        r->a[r->groups - 1] = mass - rng_uniform(random, 0.4, 0.7) * (r->type == ORACLE_F32 ? 32 : 72);
    r->a[0] = badly_rounded(random, r->type, mass, positive);
}

/* As opposed_terms, with as many copies of the mass, and smaller terms beside them, that the quotient lies just below a
 * power of two, and what it is rounded from just above, where rounding may err by a whole ULP of the exact value's
 * binade. */
static void opposed_at_power_of_two(rng *random, row *r) {
    opposed_terms(random, r);
    if (r->n < 4)
        return;
    double mass = r->a[1] = row_round(r->type, r->a[1]);
    r->a[0] = row_round(r->type, r->a[0]);
    size_t most = r->n - 3;
    if (rng_below(random, 4) == 0)
        most = most > 60 ? 60 : 1;
    /* The sum to aim at, in units of the mass: a power of two times the quotient, and a part of an ULP more. */
    long double quotient = expl((long double)r->a[0] - mass);
    long double sum = ldexpl(quotient, (int)floor(log2(((double)most + 1) / (double)quotient)));
    sum *= 1 + rng_uniform(random, 0, 0.6) * (r->type == ORACLE_F32 ? 0x1p-24L : 0x1p-53L);
    sum -= quotient; /* its own part */
    size_t copies = sum > 1 ? (size_t)sum : 1;
    long double missing = sum - (long double)copies;
    r->groups = r->n > copies + 3 ? 5 : 4;
    r->count[0] = r->count[2] = r->count[3] = 1;
    r->count[1] = copies;
    /* One term fills most of what is missing, and another what that one's steps are too coarse for. */
    r->a[2] = missing > 0 ? row_step(r->type, mass + (double)logl(missing), -1) : mass - 40;
    missing -= expl((long double)r->a[2] - mass);
    r->a[3] = missing > 0 ? mass + (double)logl(missing) : mass - 2 * subnormal_from(r->type);
    if (r->groups == 5) { /* terms near half the sum's unit, which are all rounded the same way; or none */
        double scale = rint(mass * 0x1.71547652b82fep+0) * 0x1.62e42fefa39efp-1;
        double half_unit = (r->type == ORACLE_F32 ? -45 : -88) * 0x1.62e42fefa39efp-1;
        r->count[4] = r->n - copies - 3;
        r->a[4] = rng_below(random, 2) ? scale + half_unit + rng_uniform(random, -0.01, 0.01)
                                       : mass - 2 * subnormal_from(r->type);
    }
}

void forward_logits(rng *random, row *r) {
    static void (*const kinds[])(rng *, row *) = {normal, uniform, margin, equal, vanishing, tail};
    kinds[rng_below(random, sizeof kinds / sizeof *kinds)](random, r);
}

static void generate(const problem *p, rng *random, size_t n, row *r) {
    r->type = p->type;
    static void (*const kinds[])(rng *, row *) = {normal,
                                                  uniform,
                                                  margin,
                                                  equal,
                                                  at_threshold,
                                                  vanishing,
                                                  tail,
                                                  opposed_terms,
                                                  opposed_terms,
                                                  opposed_terms,
                                                  opposed_at_power_of_two,
                                                  opposed_at_power_of_two,
                                                  opposed_at_power_of_two,
                                                  opposed_at_power_of_two};
    size_t kind = rng_below(random, sizeof kinds / sizeof *kinds);
    static const size_t most[] = {2, 2, 3, 8, 64, ROW_GROUPS};
    row_divide(r, n, most[rng_below(random, n > 64 ? 6 : 5)], random);
    kinds[kind](random, r);
    for (size_t i = 0; i < r->groups; i++)
        r->a[i] = row_round(r->type, r->a[i]);
}

/* Moves entries between groups. */
static void move_count(rng *random, row *r) {
    size_t from = rng_below(random, r->groups);
    size_t to = rng_below(random, r->groups);
    size_t amount = r->count[from] > 1 ? 1 + rng_below(random, rng_below(random, 2) ? 1 : r->count[from] - 1) : 0;
    r->count[from] -= amount;
    r->count[to] += amount;
}

static void mutate(const problem *p, rng *random, row *r, size_t hot) {
    (void)p;
    size_t i = rng_below(random, 2) ? hot : rng_below(random, r->groups);
    double steps = rng_sign(random) * ceil(rng_log(random, 0.5, 1e6));
    switch (rng_below(random, 8)) {
    case 0:
        r->a[i] = worst_term(random, r->type, rng_below(random, 2), rng_below(random, 2));
        break;
    case 1:
        r->a[i] = r->a[rng_below(random, r->groups)];
        break;
    case 2:
        r->a[i] += rng_sign(random) * rng_log(random, 1e-6, 10);
        break;
    case 3:
        for (size_t k = 0; k < r->groups; k++)
            r->a[k] = row_step(r->type, r->a[k], steps);
        break;
    case 4:
        move_count(random, r);
        break;
    default:
        r->a[i] = row_step(r->type, r->a[i], steps);
    }
    r->a[i] = row_round(r->type, r->a[i]);
}

/* Of entries from `least` to `most`. */
#define FORWARD(label, real, least, most, limit)                                                              \
    {                                                                                                         \
        .name = label, .function = GOLDEN_SOFTMAX, .array_count = 1, .arrays = {GOLDEN_X}, .type = real,      \
        .bound = limit, .unit = "ULP", .min_n = least, .max_n = most, .generate = generate, .mutate = mutate, \
        .evaluate = forward_evaluate                                                                          \
    }
enum { LONG = 1 << 18, LONGEST = 10000000 };

const problem problem_forward_f32 = FORWARD("forward-f32", ORACLE_F32, 1, LONG, BOUND_SOFTMAX);
const problem problem_forward_f64 = FORWARD("forward-f64", ORACLE_F64, 1, LONG, BOUND_SOFTMAX);
const problem problem_forward_long_f32 = FORWARD("forward-long-f32", ORACLE_F32, LONG + 1, LONGEST, BOUND_SOFTMAX);
const problem problem_forward_long_f64 = FORWARD("forward-long-f64", ORACLE_F64, LONG + 1, LONGEST, BOUND_SOFTMAX);
