/* Exact arithmetic for the reference: products of two numbers, and sums of integers, in MPFR with bits to spare. */
#ifndef SMX_TESTS_BITS_EXACT_H
#define SMX_TESTS_BITS_EXACT_H

#include <mpfr.h>

/* The sum S of docs/bits.md: an integer. */
typedef struct exact_sum {
    mpfr_t value, term;
} exact_sum;

void exact_sum_init(exact_sum *S);
void exact_sum_clear(exact_sum *S);

/* S = S + RNE(v 2^e). */
void exact_sum_add(exact_sum *S, double v, long e);

/* S = S + RNE(a b 2^e). */
void exact_sum_add_product(exact_sum *S, double a, double b, long e);

/* RN64(S), and RN64(S - RN64(S)). */
double exact_sum_rounded(const exact_sum *S);
double exact_sum_rest(const exact_sum *S);

/* RNE(a b 2^e) of the exact product; must fit into 53 bits. */
double exact_product_rne(double a, double b, long e);

/* ilogb of the exact product, not 0, after rounding to that many bits as if exponents had no limits. */
long exact_product_ilogb(double a, double b, int bits);

#endif
