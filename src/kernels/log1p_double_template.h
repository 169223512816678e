/* Logarithms in one double, where the result is a float. Pairs of doubles (pair.h) define the result's bits, but one
 * double nearly always settles them, for less than half the work. That is Ziv's test: compute with a known error; if
 * everything within the error of the value rounds to the same float, that float is the result; else compute again, with
 * pairs.
 *
 *     value - error --------- value --------- value + error
 *          rounds to a                       rounds to b            settled if a = b
 *
 * The scalar kernels, which are the reference, do without. (Ziv: Fast evaluation of elementary mathematical functions
 * with correctly rounded last bit, 1991.)
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LOG1P_DOUBLE_TEMPLATE_H
#define SMX_LOG1P_DOUBLE_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/pair.h"
#include "../base/wide.h"

#include <math.h>

/* Whether one double is tried first. */
#define LOG_IN_DOUBLE (sizeof(real) < sizeof(double) && V_LANES > 1)

/* What is found in one double is off by less than this, relatively: eight times the sum of all that it leaves out. */
#define LOG_IN_DOUBLE_ERROR 0x1p-44

/* Ziv's test: whether all numbers this close to `value` are the same real; that, if so. Not for NaN and infinities. */
static inline bool rounds_safely(double value, double error, real *result) {
    *result = (real)(value - error);
    return *result == (real)(value + error);
}

/* 2^k of an integer -1022 <= k <= 1023. In loops over lanes, all is 64 bits wide: no conversions. */
static ALWAYS_INLINE double power_of_integer(double k) {
    return double_of_bits(bits_of_double(k + (0x1.8p52 + 1023)) << 52);
}

/* log(1 + a) for 0 <= a < 2^40, as pair_log1p has it, with a relative error below 2^-48. With 1 + a = 2^k (1 + g) and
 * sqrt(1/2) <= 1 + g < sqrt(2), log(1 + g) = 2 atanh(t), t = g / (2 + g), by the series of atanh. Below 1/4, g is a
 * itself: 1 + a would round it. No branches, so that a loop over lanes becomes vector code. */
static ALWAYS_INLINE double log1p_in_double(double a) {
    double u = 1 + a;
    uint64_t field = bits_of_double(u) >> 52; /* of the exponent; as a double by way of 2^52 + field */
    double exponent = double_of_bits(0x4330000000000000 | field) - (0x1p52 + 1023);
    double mantissa = u * double_of_bits((2046 - field) << 52);
    bool above = mantissa >= 0x1.6a09e667f3bcdp0 /* sqrt(2) */, small = a < 0.25;
    mantissa *= select_of(above, 0.5, 1);
    double g = select_of(small, a, mantissa - 1), k = select_of(small, 0, exponent + select_of(above, 1, 0));
    double t = g / (2 + g), q = t * t, q2 = q * q;
    /* (atanh(t) - t) / t^3 to within 2^-45 */
    double p0 = fma(fma(q, 1.0 / 9, 1.0 / 7), q2, fma(q, 1.0 / 5, 1.0 / 3));
    double p1 = fma(fma(q, 1.0 / 17, 1.0 / 15), q2, fma(q, 1.0 / 13, 1.0 / 11));
    double p = fma(p1, q2 * q2, p0);
    return fma(k, LN2_OF_PAIR.high, fma(2 * t * q, p, 2 * t));
}

#endif
