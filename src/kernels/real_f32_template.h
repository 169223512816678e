/* Kernels of float: the type, the constants of docs/bits.md, and what is done differently for float and double. A file
 * of src/isa includes a vector layer, then this or the other type, then the kernels.
 *
 * Template: compiled once for each instruction set. */
#ifndef SMX_REAL_F32_TEMPLATE_H
#define SMX_REAL_F32_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/wide.h"

#include <float.h>
#include <stdbool.h>
#include <stdint.h>

typedef float real;
#define NAME(stem) stem##_f32
typedef uint32_t real_bits;
typedef int32_t real_signed;

/* ---- Terms: exp(v) = 2^n exp(r) ---- */

/* tools/exp.sollya prints these three. v - n LN2_HI is exact in an fma (docs/accuracy.md). */
#define LOG2E 0x1.715476p0f
#define LN2_HI 0x1.62e43p-1f
#define LN2_LO (-0x1.05c61p-29f)

#define ROUND_MAGIC 0x1.8p23f /* adding it rounds to an integer, found in the low bits */
#define TERM_SCALE 60         /* terms are carried times 2^60, so that none that matters is subnormal */
#define TERM_UNSCALE 0x1p-60f
#define OFFSET_FROM 256.0f /* from there on x - max is exact wherever the term is not 0 (Sterbenz) */
#define LOW_LIMIT 0x1p16f  /* logits from it on are one real: the rounded ones */
#define REAL_LARGEST FLT_MAX
#define REAL_EPSILON FLT_EPSILON
#define EXP_LOWEST (-512.0f) /* further below the maximum, even 2^31 terms are as nothing */

/* ---- Exact sum: limb_sum_template.h ---- */

/* The exponents of the constants G, relative to the row's E: a limb's unit is 2^-23 of its G. */
#define GRID_TOP 2
#define GRID_MIDDLE (-21)
#define GRID_LOW (-44)
#define GRID_MIDDLE_OF_TWO (-20) /* of products in two limbs: the least that is a multiple of the top limb's unit */
#define GRID_TOP_TERMS 1         /* the same of terms */

/* Where the limbs go in an integer of 128 bits, whose unit is 2^SUM_UNIT, relative to 2^E: that of the third limb. */
#define SHIFT_TOP 46
#define SHIFT_TOP_TERMS 45
#define SHIFT_MIDDLE 23
#define SHIFT_LOW 0
#define SUM_UNIT (-67)

#define SUMMAND_MOST ((int64_t)3 << 21) /* what one brings to a limb: proof in limb_sum_template.h */
#define LIMB_BITS 31                    /* of a lane, while vectors are added */
#define SUM_BLOCK ((size_t)256)         /* vectors until lanes are emptied */
#define WIDE_FROM ((size_t)262145)      /* rows of this length and more use the third limb */
#define TERMS_FEW (WIDE_FROM - 1)       /* so many are added up in two limbs of 64 bits */
#define LIMBS_SPILL 0                   /* rows of more have three */

/* ---- Backward: backward_products_template.h ---- */

/* Products outside these exponents are scaled first, so that neither the grid nor dy - s leaves the range. */
#define PRODUCT_LARGE 60
#define PRODUCT_SMALL (-60)
#define PRODUCT_NOTHING (-180) /* all such products together are below half the least subnormal */
/* Scaled, a gradient of the least y may be subnormal: then it is off by 2^(34 - 150), and the bound is 2^(60 - 149 -
 * 23). 2^-64 would be too much. s stays below 2^127 for n up to 2^32. */
#define LARGE_SCALE (-34)
#define SMALL_SCALE 110

/* By how much a sum is brought towards 1, so that it and the terms it multiplies stay normal. */
#define SUM_UP 40
#define SUM_DOWN (-100)

#define REAL_CANONICAL_NAN 0x7fc00000u
#define REAL_BIAS 127
#define REAL_MANTISSA 23

/* ---- exp ---- */

/* (exp(r) - 1) / r, rounded, for |r| <= 0.34662: 1 + r Q(r) by Horner's rule. The coefficients of Q are those of r^2 to
 * r^6 that tools/exp.sollya prints; 1 + r + r^2 Q(r) is off by 3.3e-9, relatively. */
static ALWAYS_INLINE v_t exprel(v_t r) {
    v_t q = v_fma(v_set1(0x1.694c9cp-10f), r, v_set1(0x1.12398p-7f));
    q = v_fma(q, r, v_set1(0x1.555a26p-5f));
    q = v_fma(q, r, v_set1(0x1.555492p-3f));
    q = v_fma(q, r, v_set1(0x1.fffffap-2f));
    return v_fma(q, r, v_set1(1));
}

/* ---- Softcap: softcap_template.h ---- */

/* (2^r - 1) / r for |r| <= 1/2, off by 2^-43.5, relatively: tools/softcap.sollya. */
static ALWAYS_INLINE w_t softcap_series(w_t r) {
    w_t p = w_fma(w_set1(0x1.b52547c272deap-24), r, w_set1(0x1.63d0c4feb234bp-20));
    p = w_fma(p, r, w_set1(0x1.ffcca80b30dd8p-17));
    p = w_fma(p, r, w_set1(0x1.4308ace8ad6f1p-13));
    p = w_fma(p, r, w_set1(0x1.5d87fe312fb4ap-10));
    p = w_fma(p, r, w_set1(0x1.3b2ab717e9fe4p-7));
    p = w_fma(p, r, w_set1(0x1.c6b08d706a254p-5));
    p = w_fma(p, r, w_set1(0x1.ebfbdff823e78p-3));
    return w_fma(p, r, w_set1(0x1.62e42fefa39abp-1));
}

/* Twice what a capped logit may be off by, of the cap. */
#define SOFTCAP_ERROR 0x1p-44

/* ---- Sums, as what results are made with ----
 *
 * A sum of float terms is rounded to one double, and the double is held as two floats: high + low has 48 bits. So its
 * error does not count in a result of 24 bits. docs/bits.md, "Forward", step 5. */

static inline void split_double(double a, real value[2]) {
    value[0] = (float)a;
    value[1] = (float)(a - (double)value[0]);
}

/* Two limbs as one integer, if the upper one is below the limit. */
#define LIMB_LIMIT ((int64_t)1 << 39)
static inline int64_t two_limbs(const int64_t limbs[3], int shift_top) {
    return limbs[0] * ((int64_t)1 << (shift_top - SHIFT_MIDDLE)) + limbs[1];
}

/* What terms, as they are scaled, are multiplied by: 1 / sum of terms 2^-TERM_SCALE, as two floats. */
static inline void reciprocal_of_sum(const struct wide *sum, real reciprocal[2]) {
    struct wide rest = *sum;
    split_double(1.0 / (wide_take(&rest) * 0x1p-7), reciprocal);
}

/* The same from two limbs; false if that would take more than 62 bits. */
static inline bool reciprocal_of_limbs(const int64_t limbs[3], real reciprocal[2]) {
    if (limbs[0] >= LIMB_LIMIT) {
        return false;
    }
    split_double(1.0 / ((double)two_limbs(limbs, SHIFT_TOP_TERMS) * 0x1p16), reciprocal);
    return true;
}

/* sum * 2^exponent as two floats. */
static inline void value_of_sum(const struct wide *sum, int exponent, real value[2]) {
    struct wide rest = *sum;
    split_double(wide_take(&rest) * double_power_of_two(exponent), value);
}

/* The same from two limbs; false if that would take more than 62 bits. */
static inline bool value_of_limbs(const int64_t limbs[3], int exponent, real value[2]) {
    if (limbs[0] >= LIMB_LIMIT || limbs[0] <= -LIMB_LIMIT) {
        return false;
    }
    split_double((double)two_limbs(limbs, SHIFT_TOP) * double_power_of_two(exponent + SHIFT_MIDDLE), value);
    return true;
}

/* A sum of terms as two doubles, from two limbs; false if that would take more than 62 bits. */
static inline bool pair_of_limbs(const int64_t limbs[3], double pair[2]) {
    if (limbs[0] >= LIMB_LIMIT) {
        return false;
    }
    int64_t sum = two_limbs(limbs, SHIFT_TOP_TERMS);
    double high = (double)sum;
    pair[0] = high * 0x1p-44;
    pair[1] = (double)(sum - (int64_t)high) * 0x1p-44;
    return true;
}

#endif
