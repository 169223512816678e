/* "Pairs" of docs/bits.md: numbers of about 106 bits, each the sum of two of binary64. */
#ifndef SMX_TESTS_BITS_PAIRS_H
#define SMX_TESTS_BITS_PAIRS_H

typedef struct pair {
    double h, l;
} pair;

pair pair_of(double a);
pair pair_fast(double a, double b);
pair pair_two(double a, double b);
pair pair_negative(pair a);
pair pair_add(pair a, pair b);
pair pair_multiply(pair a, pair b);
pair pair_divide(pair a, pair b);
pair pair_scale(pair a, int k); /* a 2^k */

/* As pair_multiply, but a product with a zero is 0. */
pair pair_multiply_or_0(pair a, pair b);

/* A.h + A.l, not yet rounded to T. */
double pair_real(pair a);

pair pair_log1p(pair a);

/* A pair times 2^k. */
pair pair_exp(pair a, int *k);

/* The Q of exp(r) = 1 + r + r^2 Q(r). */
double quadratic_and_up(double r);

#endif
