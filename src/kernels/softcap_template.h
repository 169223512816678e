/* Soft-capped logits, cap tanh(z / cap), and the derivative of that. docs/bits.md, "Softcap".
 *
 *     tanh(a) = sign(a) -m / (2 + m),    m = exp(-2 |a|) - 1 in (-1, 0], so that nothing overflows
 *
 * In double for either type: the difference of two logits counts, so that an error of T's precision would be seen
 * multiplied by the cap. The loops are without branches and calls: compilers make vectors of doubles of them, where
 * the instruction set has an fma.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SOFTCAP_TEMPLATE_H
#define SMX_SOFTCAP_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/wide.h"

#include "vector_helpers_template.h"

#include <math.h>

/* exp(v) = power (1 + rest), |rest| < 1/2; power is 0 below exp(-690). */
struct softcap_exp {
    double power, rest;
};

/* 1/13!, 1/12!, ... 1/1!, rounded: Taylor's series, off by 2^-57 for |v| <= ln(2) / 2. Not a loop: one within the loop
 * over entries would keep compilers from vectors. */
static ALWAYS_INLINE double expm1_series(double r) {
    double p = fma(0x1.6124613a86d09p-33, r, 0x1.1eed8eff8d898p-29);
    p = fma(p, r, 0x1.ae64567f544e4p-26);
    p = fma(p, r, 0x1.27e4fb7789f5cp-22);
    p = fma(p, r, 0x1.71de3a556c734p-19);
    p = fma(p, r, 0x1.a01a01a01a01ap-16);
    p = fma(p, r, 0x1.a01a01a01a01ap-13);
    p = fma(p, r, 0x1.6c16c16c16c17p-10);
    p = fma(p, r, 0x1.1111111111111p-7);
    p = fma(p, r, 0x1.5555555555555p-5);
    p = fma(p, r, 0x1.5555555555555p-3);
    p = fma(p, r, 0.5);
    p = fma(p, r, 1.0);
    return p * r;
}

/* exp(-2 |z| / cap), of rate = -2 / cap. log2(e) and ln(2) are the doubles of tools/exp.sollya. Adding `magic` leaves
 * the integer n in the last bits of the sum, from where a shift brings it into an exponent. */
static ALWAYS_INLINE struct softcap_exp softcap_exp(double z, double rate) {
    const double magic = 0x1.8p52, least = -690;
    double v = fabs(z) * rate;
    double held = v > least ? v : least; /* also of NaN, which is not used */
    double shifted = fma(held, 0x1.71547652b82fep0, magic), n = shifted - magic;
    double r = fma(-n, 0x1.abc9e3b39803fp-56, fma(-n, 0x1.62e42fefa39efp-1, held));
    double power = double_of_bits((bits_of_double(shifted) + 1023) << 52);
    return (struct softcap_exp){v < least ? 0 : power, expm1_series(r)};
}

/* In place; infinite logits and NaN stay. */
NOT_INLINE static void softcap_block(size_t n, real softcap, real *restrict high, real *restrict low) {
    double cap = (double)softcap, rate = -2 / cap;
    for (size_t i = 0; i < n; i++) {
        double z = (double)high[i] + (double)low[i];
        struct softcap_exp e = softcap_exp(z, rate);
        double m = fma(e.power, e.rest, e.power - 1);
        double capped = copysign(cap * (m / (2 + m)), z);
        real rounded = (real)capped, rest = (real)(capped - (double)rounded);
        bool finite = fabs(z) < (double)INFINITY;
        low[i] = finite ? rest : low[i];
        high[i] = finite ? rounded : high[i];
    }
}

/* The derivatives 1 - tanh(z / cap)^2 at n logits z = high + low before the cap; 0 at infinite ones and NaN. */
NOT_INLINE static void softcap_slopes_block(size_t n, real softcap, const real *restrict high, const real *restrict low,
                                            double *restrict slope) {
    double rate = -2 / (double)softcap;
    for (size_t i = 0; i < n; i++) {
        double z = (double)high[i] + (double)low[i];
        struct softcap_exp e = softcap_exp(z, rate);
        double decay = fma(e.power, e.rest, e.power), sum = 1 + decay;
        double value = 4 * decay / (sum * sum);
        slope[i] = fabs(z) < (double)INFINITY ? value : 0;
    }
}

/* dx = dz slope, rounded once. dx may be dz. */
static inline void multiply_by_slopes(size_t n, const real *dz, const double *slope, real *dx) {
    for (size_t i = 0; i < n; i++) {
        dx[i] = canonical((real)((double)dz[i] * slope[i]));
    }
}

#endif
