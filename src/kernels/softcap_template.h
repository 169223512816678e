/* Soft-capped logits, cap tanh(z / cap), and the derivative of that. docs/bits.md, "Softcap".
 *
 *     tanh(a) = sign(a) (1 - e) / (1 + e),    e = exp(-2 |a|) in (0, 1], so that nothing overflows
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_SOFTCAP_TEMPLATE_H
#define SMX_SOFTCAP_TEMPLATE_H

#include "../base/wide.h"

#include <math.h>

/* exp(v) for -690 <= v <= 0, in double for either type: the difference of two logits counts, so that an error of T's
 * precision would be seen multiplied by the cap. The coefficients are 1/13!, 1/12!, ... 1/1!, rounded: Taylor's series,
 * off by 2^-57 for |v| <= ln(2) / 2. */
static inline double exp_of_double(double v) {
    const double magic = 0x1.8p52;
    double n = fma(v, 0x1.71547652b82fep0, magic) - magic;
    double r = fma(-n, 0x1.abc9e3b39803fp-56, fma(-n, 0x1.62e42fefa39efp-1, v));
    static const double factor[] = {0x1.6124613a86d09p-33,
                                    0x1.1eed8eff8d898p-29,
                                    0x1.ae64567f544e4p-26,
                                    0x1.27e4fb7789f5cp-22,
                                    0x1.71de3a556c734p-19,
                                    0x1.a01a01a01a01ap-16,
                                    0x1.a01a01a01a01ap-13,
                                    0x1.6c16c16c16c17p-10,
                                    0x1.1111111111111p-7,
                                    0x1.5555555555555p-5,
                                    0x1.5555555555555p-3,
                                    0.5,
                                    1.0};
    double p = factor[0];
    for (size_t i = 1; i < sizeof factor / sizeof factor[0]; i++) {
        p = fma(p, r, factor[i]);
    }
    return fma(p, r, 1.0) * double_power_of_two((int)n);
}

/* exp(-2 |z| / cap); 0 where that is below 2^-1000. */
static inline double softcap_decay(double z, double cap) {
    double v = -2 * fabs(z) / cap;
    return v < -690 ? 0 : exp_of_double(v);
}

/* In place; infinite logits and NaN stay. */
static inline void softcap_block(size_t n, real softcap, real *high, real *low) {
    double cap = (double)softcap;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(high[i])) {
            double z = (double)high[i] + (double)low[i];
            double e = softcap_decay(z, cap);
            double capped = copysign(cap * ((1 - e) / (1 + e)), z);
            high[i] = (real)capped;
            low[i] = (real)(capped - (double)high[i]);
        }
    }
}

/* The derivative 1 - tanh(z / cap)^2 at the logit z before the cap. */
static inline double softcap_slope(double z, double cap) {
    double e = softcap_decay(z, cap);
    return 4 * e / ((1 + e) * (1 + e));
}

#endif
