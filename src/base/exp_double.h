/* exp(r) = 1 + r + r^2 Q(r) of doubles, |r| <= 0.34662: the coefficients of r^2 to r^11, which tools/exp.sollya prints.
 * The sum is off by 3.8e-18, relatively. */
#ifndef SMX_EXP_DOUBLE_H
#define SMX_EXP_DOUBLE_H

#define EXP_DOUBLE_2 0x1.000000000000ap-1
#define EXP_DOUBLE_3 0x1.55555555554fep-3
#define EXP_DOUBLE_4 0x1.55555555506b9p-5
#define EXP_DOUBLE_5 0x1.1111111126b36p-7
#define EXP_DOUBLE_6 0x1.6c16c1847815bp-10
#define EXP_DOUBLE_7 0x1.a01a012ff0039p-13
#define EXP_DOUBLE_8 0x1.a019995b5d189p-16
#define EXP_DOUBLE_9 0x1.71df18e74b0efp-19
#define EXP_DOUBLE_10 0x1.28ae00ae2e2f5p-22
#define EXP_DOUBLE_11 0x1.ad92ff4f05acap-26

#endif
