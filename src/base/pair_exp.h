/* Once a row: exp of a pair of doubles, for either type. docs/bits.md, "Pairs". Without branches, and always inlined, as
 * pair.h says. */
#ifndef SMX_PAIR_EXP_H
#define SMX_PAIR_EXP_H

#include "attributes.h"
#include "pair.h"

#include <math.h>

/* exp(a) = pair 2^*n for |a| < 2^12, to within 0.25 2^-53. As terms in f64 are made (term_template.h), with their
 * coefficients, but r keeps what its rounding loses, and so does the sum 1 + r. */
static ALWAYS_INLINE struct pair pair_exp(struct pair a, double *n) {
    const double magic = 0x1.8p52, ln2_high = 0x1.62e42fefa39efp-1, ln2_low = 0x1.abc9e3b39803fp-56;
    *n = fma(a.high, 0x1.71547652b82fep0, magic) - magic;
    double t = fma(-*n, ln2_high, a.high), r = fma(-*n, ln2_low, t);
    double lost = fma(-*n, ln2_low, t - r) + a.low;
    double r2 = r * r, s = 1 + r;
    double q2 = fma(0x1.55555555554fep-3, r, 0x1.000000000000ap-1);
    double q4 = fma(0x1.1111111126b36p-7, r, 0x1.55555555506b9p-5);
    double q6 = fma(0x1.a01a012ff0039p-13, r, 0x1.6c16c1847815bp-10);
    double q8 = fma(0x1.71df18e74b0efp-19, r, 0x1.a019995b5d189p-16);
    double q = fma(0x1.ad92ff4f05acap-26, r, 0x1.28ae00ae2e2f5p-22);
    q = fma(q, r2, q8);
    q = fma(q, r2, q6);
    q = fma(q, r2, q4);
    q = fma(q, r2, q2);
    return fast_sum(s, fma(lost, s, fma(q, r2, r - (s - 1))));
}

#endif
