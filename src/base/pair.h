/* Once a row: numbers as two doubles, for either type, and the logarithm of one. docs/bits.md, "Pairs". Always inlined:
 * loops over lanes become vector code only if nothing in them is a call, and gcc counts what else a file inlines. */
#ifndef SMX_PAIR_H
#define SMX_PAIR_H

#include "attributes.h"
#include "wide.h"

#include <math.h>
#include <stdbool.h>

struct pair {
    double high, low; /* high is the sum, rounded, after each of the operations here */
};

static ALWAYS_INLINE struct pair pair_of(double a) { return (struct pair){a, 0}; }

/* A wide integer to 53 bits and the next 53. */
static ALWAYS_INLINE struct pair pair_of_wide(struct wide w) {
    double high = wide_take(&w);
    return (struct pair){high, wide_take(&w)};
}

/* Dekker: exact for |a| >= |b|, or a = 0. */
static ALWAYS_INLINE struct pair fast_sum(double a, double b) {
    double sum = a + b;
    return (struct pair){sum, b - (sum - a)};
}

/* Knuth: exact. */
static ALWAYS_INLINE struct pair sum_of(double a, double b) {
    double sum = a + b, back = sum - a;
    return (struct pair){sum, (a - (sum - back)) + (b - back)};
}

static ALWAYS_INLINE struct pair pair_add(struct pair a, struct pair b) {
    struct pair sum = sum_of(a.high, b.high);
    return fast_sum(sum.high, sum.low + (a.low + b.low));
}

static ALWAYS_INLINE struct pair pair_negative(struct pair a) { return (struct pair){-a.high, -a.low}; }

static ALWAYS_INLINE struct pair pair_mul(struct pair a, struct pair b) {
    double high = a.high * b.high;
    double low = fma(a.high, b.high, -high) + fma(a.high, b.low, a.low * b.high);
    return fast_sum(high, low);
}

static ALWAYS_INLINE struct pair pair_div(struct pair a, struct pair b) {
    double high = a.high / b.high;
    double low = (fma(-high, b.high, a.high) + fma(-high, b.low, a.low)) / b.high;
    return fast_sum(high, low);
}

/* a 2^exponent for 2^-400 < |a| < 2^100, |exponent| <= 1200; rounded once if the result is subnormal. */
static ALWAYS_INLINE double scaled(double a, int exponent) {
    return a * double_power_of_two(exponent / 2) * double_power_of_two(exponent - exponent / 2);
}

static ALWAYS_INLINE struct pair pair_scaled(struct pair a, int exponent) {
    return (struct pair){scaled(a.high, exponent), scaled(a.low, exponent)};
}

#define LN2_OF_PAIR ((struct pair){0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56})

/* k log(2) + log(1 + g) for sqrt(1/2) - 1 <= g < sqrt(2) - 1 and |k| < 2^12, by 2 atanh(t), t = g / (2 + g). */
static ALWAYS_INLINE struct pair log_of_parts(int k, struct pair g) {
    struct pair t = pair_div(g, pair_add(pair_of(2), g));
    double t2 = t.high * t.high;
    /* The series of (atanh(t) - t) / t^3, t^2 < 0.0295: the first term left out is below 2^-66. */
    double p = 1.0 / 25;
    p = fma(p, t2, 1.0 / 23);
    p = fma(p, t2, 1.0 / 21);
    p = fma(p, t2, 1.0 / 19);
    p = fma(p, t2, 1.0 / 17);
    p = fma(p, t2, 1.0 / 15);
    p = fma(p, t2, 1.0 / 13);
    p = fma(p, t2, 1.0 / 11);
    p = fma(p, t2, 1.0 / 9);
    p = fma(p, t2, 1.0 / 7);
    p = fma(p, t2, 1.0 / 5);
    p = fma(p, t2, 1.0 / 3);
    double rest = 2 * (t.high * t2 * p);
    struct pair sum = pair_add((struct pair){2 * t.high, 2 * t.low}, pair_of(rest));
    return pair_add(pair_mul(pair_of(k), LN2_OF_PAIR), sum); /* which leaves the sum alone for k = 0 */
}

/* One of two numbers, without a branch. By a mask: gcc leaves many a loop with a choice scalar. For SVE gcc 12 makes
 * vectors of choices, and fails (in expand_insn) on some loops with masks. */
static ALWAYS_INLINE double select_of(bool first, double a, double b) {
#ifdef __aarch64__
    return first ? a : b;
#else
    uint64_t mask = 0 - (uint64_t)first;
    return double_of_bits((bits_of_double(a) & mask) | (bits_of_double(b) & ~mask));
#endif
}

static ALWAYS_INLINE struct pair select_pair(bool first, struct pair a, struct pair b) {
    return (struct pair){select_of(first, a.high, b.high), select_of(first, a.low, b.low)};
}

/* a = 2^k (1 + g), for a normal a > 0. */
static ALWAYS_INLINE struct pair log_reduced(struct pair a, int *k) {
    int exponent = exponent_of(a.high);
    double power = double_power_of_two(-exponent);
    bool above = a.high * power >= 0x1.6a09e667f3bcdp0;
    power = select_of(above, power * 0.5, power);
    *k = exponent + above;
    return fast_sum(a.high * power - 1, a.low * power);
}

/* log(a) for a normal a > 0. */
static ALWAYS_INLINE struct pair pair_log(struct pair a) {
    int k;
    struct pair g = log_reduced(a, &k);
    return log_of_parts(k, g);
}

/* log(1 + a) for a >= 0; what is below 2^-200 is its own logarithm. Without branches, so that loops over lanes become
 * vector code. */
static ALWAYS_INLINE struct pair pair_log1p(struct pair a) {
    int k;
    struct pair g = log_reduced(pair_add(pair_of(1), a), &k);
    bool small = a.high < 0.25, tiny = a.high < 0x1p-200;
    struct pair log = log_of_parts(small ? 0 : k, select_pair(small, a, g));
    return select_pair(tiny, a, log);
}

#endif
