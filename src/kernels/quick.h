/* Logarithms in one double. Where the result is a float, that settles its bits in all but about one of 2^19 cases, for
 * which the pairs that docs/bits.md defines are there (Ziv: Fast evaluation of elementary mathematical functions with
 * correctly rounded last bit, 1991). A third of the operations of pair_log1p, and a third of its latency. The scalar
 * kernels, which are the reference, do without. */
#ifndef SMX_QUICK_H
#define SMX_QUICK_H

#include "../pair.h"

#define QUICK (sizeof(real) < sizeof(double) && V_LANES > 1)

/* What is found in one double is off by less than this, relatively: eight times the sum of all that it leaves out. */
#define QUICK_ERROR 0x1p-44

/* Whether all numbers this close to `value` are the same real; that, if so. Not for NaN and infinities. */
static inline bool settled(double value, double error, real *result) {
    *result = (real)(value - error);
    return *result == (real)(value + error);
}

/* log(1 + a) for 0 <= a < 2^40, as pair_log1p has it, with a relative error below 2^-48. */
static inline double quick_log1p(double a) {
    double u = 1 + a;
    int exponent = exponent_of(u);
    double power = double_power_of_two(-exponent);
    bool above = u * power >= 0x1.6a09e667f3bcdp0, small = a < 0.25;
    power = select_of(above, power * 0.5, power);
    double g = select_of(small, a, u * power - 1), k = select_of(small, 0, (double)(exponent + above));
    double t = g / (2 + g), q = t * t, q2 = q * q;
    /* (atanh(t) - t) / t^3 to within 2^-45 */
    double p0 = fma(fma(q, 1.0 / 9, 1.0 / 7), q2, fma(q, 1.0 / 5, 1.0 / 3));
    double p1 = fma(fma(q, 1.0 / 17, 1.0 / 15), q2, fma(q, 1.0 / 13, 1.0 / 11));
    double p = fma(p1, q2 * q2, p0);
    return fma(k, LN2_OF_PAIR.high, fma(2 * t * q, p, 2 * t));
}

#endif
