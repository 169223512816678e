/* docs/bits.md in f32: the constants, and the steps that differ from those of f64. */
#include "bits.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bits_exact.h"
#include "bits_pairs.h"

#define REAL float
#define F(name) name##_f32
#define FMA fmaf
#define LDEXP ldexpf
enum { BITS = 24 };

static const float LOG2E = 0x1.715476p+0F, LN2_HI = 0x1.62e43p-1F, LN2_LO = -0x1.05c61p-29F, MAGIC = 0x1.8p+23F;
static const float FAR = 256;
enum { K = 60, BIAS = 127, FORWARD_H = 22 };
enum { LARGE = 60, SMALL = -60, NOTHING = -180, DOWN = -34, UP = 110 };

/* Of logits: from where on a low part is 0, from where on exp(-v) is, and what the sum of dy is scaled by at most. */
static const float LOW_BELOW = 0x1p16F, EXP_IS_0 = 512;
enum { SUM_UP = 40, SUM_DOWN = 100 };

static const size_t LONG = (size_t)1 << 18; /* the longest row with the shorter sum */

static int forward_unit(size_t n) { return n <= LONG ? 44 : 67; }

static int backward_unit(size_t n) { return n <= LONG ? 43 : 67; }

/* Whether a product goes in as its rounding and that one's error. */
static int splits_product(size_t n) { return n > LONG; }

static float canonical_nan(void) {
    const uint32_t bits = 0x7fc00000;
    float nan;
    memcpy(&nan, &bits, sizeof nan);
    return nan;
}

static float exprel(float r) {
    float q = fmaf(0x1.694c9cp-10F, r, 0x1.12398p-7F);
    q = fmaf(q, r, 0x1.555a26p-5F);
    q = fmaf(q, r, 0x1.555492p-3F);
    q = fmaf(q, r, 0x1.fffffap-2F);
    return fmaf(q, r, 1);
}

/* Forward, step 5. */
static void reciprocal(const exact_sum *S, int U, float *high, float *low) {
    double D = ldexp(exact_sum_rounded(S), -U);
    double I = 1 / D;
    *high = (float)I;
    *low = (float)(I - (double)*high);
    *high = ldexpf(*high, -K);
    *low = ldexpf(*low, -K);
}

/* Backward, step 3: S 2^exponent. */
static void value_of_sum(const exact_sum *S, int exponent, float *s_hi, float *s_lo) {
    double s = ldexp(exact_sum_rounded(S), exponent);
    *s_hi = (float)s;
    *s_lo = (float)(s - (double)*s_hi);
}

#include "bits_cross_entropy.h"
