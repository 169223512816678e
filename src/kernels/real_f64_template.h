/* Kernels of double: the type, the constants of docs/bits.md, and what is done differently for float and double. A file
 * of src/isa includes a vector layer, then this or the other type, then the kernels.
 *
 * Template: compiled once for each instruction set. */
#ifndef SMX_REAL_F64_TEMPLATE_H
#define SMX_REAL_F64_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/exp_double.h"
#include "../base/wide.h"

#include <float.h>
#include <stdbool.h>
#include <stdint.h>

typedef double real;
#define NAME(stem) stem##_f64
typedef uint64_t real_bits;
typedef int64_t real_signed;

/* ---- Terms: exp(v) = 2^n exp(r); real_f32_template.h says what each constant is ---- */

/* tools/exp.sollya prints these three. */
#define LOG2E 0x1.71547652b82fep0
#define LN2_HI 0x1.62e42fefa39efp-1
#define LN2_LO 0x1.abc9e3b39803fp-56

#define ROUND_MAGIC 0x1.8p52
#define TERM_SCALE 100
#define TERM_UNSCALE 0x1p-100
#define OFFSET_FROM 2048.0
#define LOW_LIMIT 0x1p45
#define REAL_LARGEST DBL_MAX
#define REAL_EPSILON DBL_EPSILON
#define EXP_LOWEST (-4096.0)

/* ---- Exact sum: two limbs always, see limb_sum_template.h ---- */
#define GRID_TOP 8
#define GRID_MIDDLE (-35)
#define GRID_LOW (-88) /* unused: WIDE_FROM is out of reach */
#define GRID_TOP_TERMS GRID_TOP
#define GRID_MIDDLE_OF_TWO GRID_MIDDLE
#define SHIFT_TOP 43
#define SHIFT_TOP_TERMS SHIFT_TOP
#define SHIFT_MIDDLE 0
#define SHIFT_LOW 0 /* unused */
#define SUM_UNIT (-87)
#define SUMMAND_MOST ((int64_t)1 << 45) /* what one brings to a limb: proof in limb_sum_template.h */
#define LIMB_BITS 63                    /* of a lane, while vectors are added */
#define TERMS_FEW ((size_t)1 << 17)     /* so many are added up in two limbs of 64 bits */
#define LIMBS_SPILL 1                   /* rows of more have two as well */
#define SUM_BLOCK (TERMS_FEW / V_LANES) /* vectors until lanes are emptied */
#define WIDE_FROM SIZE_MAX

/* ---- Backward ---- */
#define PRODUCT_LARGE 900
#define PRODUCT_SMALL (-900)
#define PRODUCT_NOTHING (-1200)
#define LARGE_SCALE (-512)
#define SMALL_SCALE 600

/* By how much a sum is brought towards 1, so that it and the terms it multiplies stay normal. */
#define SUM_UP 800
#define SUM_DOWN (-900)

#define REAL_CANONICAL_NAN 0x7ff8000000000000u
#define REAL_BIAS 1023
#define REAL_MANTISSA 52

/* ---- exp ---- */

/* (exp(r) - 1) / r, rounded, for |r| <= 0.34662: 1 + r Q(r). Q goes in pairs of coefficients that do not wait for each
 * other: by Horner's rule alone the chain would be twice as long. */
static ALWAYS_INLINE v_t exprel(v_t r) {
    v_t r2 = v_mul(r, r);
    v_t q2 = v_fma(v_set1(EXP_DOUBLE_3), r, v_set1(EXP_DOUBLE_2));
    v_t q4 = v_fma(v_set1(EXP_DOUBLE_5), r, v_set1(EXP_DOUBLE_4));
    v_t q6 = v_fma(v_set1(EXP_DOUBLE_7), r, v_set1(EXP_DOUBLE_6));
    v_t q8 = v_fma(v_set1(EXP_DOUBLE_9), r, v_set1(EXP_DOUBLE_8));
    v_t q = v_fma(v_set1(EXP_DOUBLE_11), r, v_set1(EXP_DOUBLE_10));
    q = v_fma(q, r2, q8);
    q = v_fma(q, r2, q6);
    q = v_fma(q, r2, q4);
    q = v_fma(q, r2, q2);
    return v_fma(q, r, v_set1(1));
}

/* ---- Softcap: softcap_template.h ---- */

/* (2^r - 1) / r for |r| <= 1/2, off by 2^-54.3, relatively: tools/softcap.sollya. */
static ALWAYS_INLINE w_t softcap_series(w_t r) {
    w_t p = w_fma(w_set1(0x1.eb5b6dba8f573p-32), r, w_set1(0x1.e60559747a2efp-28));
    p = w_fma(p, r, w_set1(0x1.b523dc17d351bp-24));
    p = w_fma(p, r, w_set1(0x1.62bfd4fe48ea1p-20));
    p = w_fma(p, r, w_set1(0x1.ffcbfd0180bb4p-17));
    p = w_fma(p, r, w_set1(0x1.430913093a10fp-13));
    p = w_fma(p, r, w_set1(0x1.5d87fe7880441p-10));
    p = w_fma(p, r, w_set1(0x1.3b2ab6fba1ee3p-7));
    p = w_fma(p, r, w_set1(0x1.c6b08d704a1acp-5));
    p = w_fma(p, r, w_set1(0x1.ebfbdff82c598p-3));
    return w_fma(p, r, w_set1(0x1.62e42fefa39efp-1));
}

/* Twice what a capped logit may be off by, of the cap. */
#define SOFTCAP_ERROR 0x1p-49

/* ---- Sums, as what results are made with ----
 *
 * A sum of double terms is rounded to 53 bits, and what is left to 53 more: a pair of doubles. docs/bits.md, "Forward",
 * step 5. */

/* 1 / (high + low) as two doubles: the rounded quotient, and one step of Newton for what it lacks. */
static inline void reciprocal_of_pair(double high, double low, real reciprocal[2]) {
    reciprocal[0] = 1.0 / high;
    double error = r_fma(-low, reciprocal[0], r_fma(-high, reciprocal[0], 1.0));
    reciprocal[1] = error * reciprocal[0];
}

/* What terms, as they are scaled, are multiplied by: 1 / sum of terms 2^-TERM_SCALE, as two doubles. */
static inline void reciprocal_of_sum(const struct wide *sum, real reciprocal[2]) {
    struct wide rest = *sum;
    double high = wide_take(&rest) * 0x1p13, low = wide_take(&rest) * 0x1p13;
    reciprocal_of_pair(high, low, reciprocal);
}

/* Whether a double holds each of two limbs. */
static inline bool doubles_hold(const int64_t limbs[3]) {
    const int64_t limit = (int64_t)1 << 53;
    return -limit <= limbs[0] && limbs[0] <= limit && -limit <= limbs[1] && limbs[1] <= limit;
}

/* The same from two limbs; false if a double does not hold both. Dekker's fast sum is exact here. */
static inline bool reciprocal_of_limbs(const int64_t limbs[3], real reciprocal[2]) {
    if (!doubles_hold(limbs)) {
        return false;
    }
    double top = (double)limbs[0] * 0x1p56, middle = (double)limbs[1] * 0x1p13;
    double high = top + middle;
    reciprocal_of_pair(high, middle - (high - top), reciprocal);
    return true;
}

/* sum * 2^exponent as two doubles. Two steps, since 2^exponent alone may be out of range; the first is exact. */
static inline void value_of_sum(const struct wide *sum, int exponent, real value[2]) {
    struct wide rest = *sum;
    double half = double_power_of_two(exponent / 2), other = double_power_of_two(exponent - exponent / 2);
    value[0] = wide_take(&rest) * half * other;
    value[1] = wide_take(&rest) * half * other;
}

/* The same from two limbs, added without error (Knuth's TwoSum); false if a double does not hold both. */
static inline bool value_of_limbs(const int64_t limbs[3], int exponent, real value[2]) {
    if (!doubles_hold(limbs)) {
        return false;
    }
    double top = (double)limbs[0] * 0x1p43, middle = (double)limbs[1];
    double high = top + middle, back = high - top;
    double low = (top - (high - back)) + (middle - back);
    double half = double_power_of_two(exponent / 2), other = double_power_of_two(exponent - exponent / 2);
    value[0] = high * half * other;
    value[1] = low * half * other;
    return true;
}

/* A sum of terms as two doubles, from two limbs; false if a double does not hold both. */
static inline bool pair_of_limbs(const int64_t limbs[3], double pair[2]) {
    if (!doubles_hold(limbs)) {
        return false;
    }
    double top = (double)limbs[0] * 0x1p-44, middle = (double)limbs[1] * 0x1p-87;
    pair[0] = top + middle;
    pair[1] = middle - (pair[0] - top);
    return true;
}

#endif
