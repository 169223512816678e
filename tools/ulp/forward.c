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

/* An argument whose term has a large error of this sign. */
static double worst_term(rng *random, oracle_type type, bool positive) {
    const term_errors *terms = term_errors_of(type);
    const term_list *list = positive ? &terms->positive : &terms->negative;
    if (list->count == 0)
        term_errors_sample(type, random);
    return list->count ? list->x[rng_below(random, list->count)] : 0;
}

/* One term whose error has one sign, over a sum of terms whose errors have the other. */
static void opposed_terms(rng *random, row *r) {
    bool positive = rng_below(random, 2);
    double mass = worst_term(random, r->type, !positive);
    for (size_t i = 1; i < r->groups; i++)
        r->a[i] = mass;
    for (int k = 0; k < 40; k++) {
        r->a[0] = worst_term(random, r->type, positive);
        if (r->a[0] < mass + log((double)r->n) && r->a[0] > mass - subnormal_from(r->type))
            break;
    }
}

/* A term and copies of another, with errors as above, which together are somewhat less than the term times a power of
 * two; what is missing, in units of the other. */
typedef struct opposed_pair {
    double term, mass;
    double errors; /* the sum of the two errors' magnitudes */
    size_t copies;
    long double missing;
} opposed_pair;

static opposed_pair draw_pair(rng *random, oracle_type type, size_t most) {
    const term_errors *errors = term_errors_of(type);
    opposed_pair pair;
    size_t i = rng_below(random, errors->positive.count);
    size_t k = rng_below(random, errors->negative.count);
    pair.term = errors->positive.x[i];
    pair.mass = errors->negative.x[k];
    pair.errors = errors->positive.error[i] + errors->negative.error[k];
    long double quotient = expl((long double)pair.term - pair.mass);
    double powers = log2((double)most + 1);
    long double sum = frexpl(quotient, &(int){0}) * 2; /* in [1, 2) */
    sum = ldexpl(sum, (int)rng_below(random, (uint64_t)powers + 1));
    sum = sum < (long double)most + 1 ? sum : sum / 2;
    pair.copies = (size_t)sum;
    pair.missing = sum - (long double)pair.copies - quotient;
    return pair;
}

/* As opposed_terms, with as many copies of the mass, and smaller terms beside them, that the quotient lies just below a
 * power of two, and what it is rounded from just more than a half unit above, where rounding errs by a whole ULP of the
 * exact value's binade. */
static void opposed_at_power_of_two(rng *random, row *r) {
    opposed_terms(random, r);
    if (r->n < 4)
        return;
    size_t most = r->n - 3;
    if (rng_below(random, 4) == 0)
        most = most > 60 ? 60 : 1;
    opposed_pair best = {.errors = -1};
    double least = -1; /* of the error to come: what fills up has errors of any sign */
    for (int k = 0; k < 2000; k++) {
        opposed_pair pair = draw_pair(random, r->type, most);
        double reach = pair.errors - 2 * (double)(pair.missing / (long double)pair.copies);
        if (pair.missing > 0 && pair.term > pair.mass - subnormal_from(r->type) / 2 && reach > least) {
            best = pair;
            least = reach;
        }
    }
    if (best.errors < 0)
        return;
    double mass = best.mass;
    long double missing = best.missing + (best.errors - 1 - rng_uniform(random, -0.1, 0.3)) * (long double)best.copies *
                                             (r->type == ORACLE_F32 ? 0x1p-24L : 0x1p-53L);
    r->groups = r->n > best.copies + 3 ? 5 : 4;
    r->a[0] = best.term;
    r->a[1] = mass;
    r->count[0] = r->count[2] = r->count[3] = 1;
    r->count[1] = best.copies;
    /* One term fills most of what is missing, and another what that one's steps are too coarse for. */
    r->a[2] = missing > 0 ? row_step(r->type, mass + (double)logl(missing), -1) : mass - 40;
    missing -= expl((long double)r->a[2] - mass);
    r->a[3] = missing > 0 ? mass + (double)logl(missing) : mass - 2 * subnormal_from(r->type);
    if (r->groups == 5) { /* terms near half the sum's unit, which are all rounded the same way; or none */
        double scale = rint(mass * 0x1.71547652b82fep+0) * 0x1.62e42fefa39efp-1;
        double half_unit = (r->type == ORACLE_F32 ? -46 : -88) * 0x1.62e42fefa39efp-1;
        r->count[4] = r->n - best.copies - 3;
        r->a[4] =
            rng_below(random, 2) ? scale + half_unit - rng_log(random, 1e-5, 0.1) : mass - 2 * subnormal_from(r->type);
    }
}

/* A maximum over copies of one term with a large error, such that log1p(rho) lies just below a power of two and what it
 * is rounded from above: as above, of the logarithms. */
static void rest_at_power_of_two(rng *random, row *r) {
    double mass = worst_term(random, r->type, true);
    if (r->n < 3 || mass < -threshold(r->type)) {
        normal(random, r);
        return;
    }
    long double unit = r->type == ORACLE_F32 ? 0x1p-24L : 0x1p-53L;
    long double power = ldexpl(1 - rng_uniform(random, 0, 0.4) * unit, -(int)rng_below(random, 60));
    long double rho = expm1l(power);
    long double copies = (long double)(r->n - 2);
    double max = row_step(r->type, row_round(r->type, mass + log((double)(copies / rho))), 1);
    long double missing = rho - copies * expl((long double)mass - max);
    r->groups = 3;
    r->count[0] = r->count[2] = 1;
    r->count[1] = r->n - 2;
    r->a[0] = max;
    r->a[1] = mass;
    r->a[2] = max + (double)logl(missing);
}

void forward_logits(rng *random, row *r) {
    static void (*const kinds[])(rng *, row *) = {
        normal, uniform, margin, equal, vanishing, tail, opposed_at_power_of_two, rest_at_power_of_two,
    };
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
        r->a[i] = worst_term(random, r->type, rng_below(random, 2));
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
