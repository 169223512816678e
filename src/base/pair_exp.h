/* Once a row: exp of a pair of doubles, for either type (docs/bits.md, "Pairs"), and of one double where that settles a
 * float. Without branches, and always inlined, as pair.h says. As terms in f64 are made (term_template.h), with their
 * coefficients. */
#ifndef SMX_PAIR_EXP_H
#define SMX_PAIR_EXP_H

#include "attributes.h"
#include "exp_double.h"
#include "pair.h"

#include <math.h>

/* The Q of exp(r) = 1 + r + r^2 Q(r). */
static ALWAYS_INLINE double exp_quadratic(double r, double r2) {
    double q2 = fma(EXP_DOUBLE_3, r, EXP_DOUBLE_2);
    double q4 = fma(EXP_DOUBLE_5, r, EXP_DOUBLE_4);
    double q6 = fma(EXP_DOUBLE_7, r, EXP_DOUBLE_6);
    double q8 = fma(EXP_DOUBLE_9, r, EXP_DOUBLE_8);
    double q = fma(EXP_DOUBLE_11, r, EXP_DOUBLE_10);
    q = fma(q, r2, q8);
    q = fma(q, r2, q6);
    q = fma(q, r2, q4);
    return fma(q, r2, q2);
}

/* The integer nearest v / ln(2), and v less so many ln(2): t to the first two thirds of ln(2)'s digits, r to all. */
static ALWAYS_INLINE double exp_reduction(double v, double *t, double *r) {
    const double magic = 0x1.8p52;
    double n = fma(v, 0x1.71547652b82fep0, magic) - magic;
    *t = fma(-n, LN2_OF_PAIR.high, v);
    *r = fma(-n, LN2_OF_PAIR.low, *t);
    return n;
}

/* exp(a) = pair 2^*n for |a| < 2^12, to within 0.25 2^-53: r keeps what its rounding loses, and so does 1 + r. */
static ALWAYS_INLINE struct pair pair_exp(struct pair a, double *n) {
    double t, r;
    *n = exp_reduction(a.high, &t, &r);
    double lost = fma(-*n, LN2_OF_PAIR.low, t - r) + a.low;
    double r2 = r * r, s = 1 + r;
    double w = fma(exp_quadratic(r, r2), r2, r - (s - 1));
    return fast_sum(s, fma(lost, s + w, w)); /* a.low alone may be 2^-42 */
}

/* exp(v) = result 2^*n, to within 2^-51. */
static ALWAYS_INLINE double double_exp(double v, double *n) {
    double t, r;
    *n = exp_reduction(v, &t, &r);
    double r2 = r * r;
    return 1 + fma(exp_quadratic(r, r2), r2, r);
}

#endif
