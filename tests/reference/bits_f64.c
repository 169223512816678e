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
enum { LARGE = 900, SMALL = -900, NOTHING = -1200, DOWN = -512, UP = 600 };

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

static int splits_product(size_t n) {
    (void)n;
    return 0;
}

static double canonical_nan(void) {
    const uint64_t bits = 0x7ff8000000000000;
    double nan;
    memcpy(&nan, &bits, sizeof nan);
    return nan;
}

static double exprel(double r) { return fma(quadratic_and_up(r), r, 1); }

/* Forward, step 5. */
static void reciprocal(const exact_sum *S, int U, double *high, double *low) {
    double D = ldexp(exact_sum_rounded(S), -U);
    double d = ldexp(exact_sum_rest(S), -U);
    *high = 1 / D;
    *low = fma(-d, *high, fma(-D, *high, 1)) * *high;
    *high = ldexp(*high, -K);
    *low = ldexp(*low, -K);
}

/* Backward, step 3: S 2^exponent. */
static void value_of_sum(const exact_sum *S, int exponent, double *s_hi, double *s_lo) {
    *s_hi = ldexp(exact_sum_rounded(S), exponent);
    *s_lo = ldexp(exact_sum_rest(S), exponent);
}

#include "bits_cross_entropy.h"
