#include "bits_exact.h"

/* A product has 106 bits. A sum stays below 2^90 n, and its terms are integers. */
enum { PRODUCT_BITS = 128, SUM_BITS = 192 };

void exact_sum_init(exact_sum *S) {
    mpfr_inits2(SUM_BITS, S->value, S->term, (mpfr_ptr)0);
    mpfr_set_zero(S->value, +1);
}

void exact_sum_clear(exact_sum *S) { mpfr_clears(S->value, S->term, (mpfr_ptr)0); }

void exact_sum_add(exact_sum *S, double v, long e) {
    mpfr_set_d(S->term, v, MPFR_RNDN);
    mpfr_mul_2si(S->term, S->term, e, MPFR_RNDN);
    mpfr_roundeven(S->term, S->term);
    mpfr_add(S->value, S->value, S->term, MPFR_RNDN);
}

static void multiply(mpfr_t product, double a, double b) {
    mpfr_set_d(product, a, MPFR_RNDN);
    mpfr_mul_d(product, product, b, MPFR_RNDN);
}

void exact_sum_add_product(exact_sum *S, double a, double b, long e) {
    multiply(S->term, a, b);
    mpfr_mul_2si(S->term, S->term, e, MPFR_RNDN);
    mpfr_roundeven(S->term, S->term);
    mpfr_add(S->value, S->value, S->term, MPFR_RNDN);
}

double exact_sum_rounded(const exact_sum *S) { return mpfr_get_d(S->value, MPFR_RNDN); }

double exact_sum_rest(const exact_sum *S) {
    MPFR_DECL_INIT(rest, SUM_BITS);
    mpfr_sub_d(rest, S->value, exact_sum_rounded(S), MPFR_RNDN);
    return mpfr_get_d(rest, MPFR_RNDN);
}

double exact_product_rne(double a, double b, long e) {
    MPFR_DECL_INIT(product, PRODUCT_BITS);
    multiply(product, a, b);
    mpfr_mul_2si(product, product, e, MPFR_RNDN);
    mpfr_roundeven(product, product);
    return mpfr_get_d(product, MPFR_RNDN);
}

long exact_product_ilogb(double a, double b, int bits) {
    MPFR_DECL_INIT(product, PRODUCT_BITS);
    multiply(product, a, b);
    mpfr_t rounded;
    mpfr_init2(rounded, bits);
    mpfr_set(rounded, product, MPFR_RNDN);
    long result = mpfr_get_exp(rounded) - 1; /* MPFR's significands lie in [1/2, 1) */
    mpfr_clear(rounded);
    return result;
}
