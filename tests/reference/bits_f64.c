/* docs/bits.md in f64: the constants, and the steps that differ from those of f32. */
#include "bits.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bits_exact.h"
#include "bits_pairs.h"

#define REAL double
#define F(name) name##_f64
#define FMA fma
#define LDEXP ldexp
enum { BITS = 53 };

static const double LOG2E = 0x1.71547652b82fep+0, LN2_HI = 0x1.62e42fefa39efp-1, LN2_LO = 0x1.abc9e3b39803fp-56;
static const double MAGIC = 0x1.8p+52, FAR = 2048;
enum { K = 100, BIAS = 1023, FORWARD_H = 44 };
enum { LARGE = 900, SMALL = -900, NOTHING = -1200, DOWN = -512, UP = 600, H = 44 };

/* Of logits: from where on a low part is 0, from where on exp(-v) is, and what the sum of dy is scaled by at most. */
static const double LOW_BELOW = 0x1p45, EXP_IS_0 = 4096;
enum { SUM_UP = 800, SUM_DOWN = 900 };

static int forward_unit(size_t n) {
    (void)n;
    return 87;
}

static int backward_unit(size_t n) {
    (void)n;
    return 87;
}

static int splits_at_upper_unit(size_t n) {
    (void)n;
    return 1;
}

static double canonical_nan(void) {
    const uint64_t bits = 0x7ff8000000000000;
    double nan;
    memcpy(&nan, &bits, sizeof nan);
    return nan;
}

static double exp_reduced(double r, double *w) {
    double r2 = r * r;
    double s = 1 + r, d = r - (s - 1);
    double q2 = fma(0x1.55555555554fep-3, r, 0x1.000000000000ap-1);
    double q4 = fma(0x1.1111111126b36p-7, r, 0x1.55555555506b9p-5);
    double q6 = fma(0x1.a01a012ff0039p-13, r, 0x1.6c16c1847815bp-10);
    double q8 = fma(0x1.71df18e74b0efp-19, r, 0x1.a019995b5d189p-16);
    double q = fma(0x1.ad92ff4f05acap-26, r, 0x1.28ae00ae2e2f5p-22);
    q = fma(q, r2, q8);
    q = fma(q, r2, q6);
    q = fma(q, r2, q4);
    q = fma(q, r2, q2);
    *w = fma(q, r2, d);
    return s;
}

/* Forward, step 5. */
static void reciprocal(const exact_sum *S, int U, double *high, double *low) {
    double D = ldexp(exact_sum_rounded(S), -U);
    double d = ldexp(exact_sum_rest(S), -U);
    *high = 1 / D;
    *low = fma(-d, *high, fma(-D, *high, 1)) * *high;
}

/* Backward, step 3: S 2^exponent. */
static void value_of_sum(const exact_sum *S, int exponent, double *s_hi, double *s_lo) {
    *s_hi = ldexp(exact_sum_rounded(S), exponent);
    *s_lo = ldexp(exact_sum_rest(S), exponent);
}

#include "bits_cross_entropy.h"
