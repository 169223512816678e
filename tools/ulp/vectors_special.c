/* Golden vectors of the forward pass where its special cases rule. */
#include "vectors.h"

#include <float.h>
#include <math.h>

/* A short row, under each combination of the two policies. */
static void put_under_policies(vector_writer *w, const char *name, size_t n, const double *x) {
    for (int policy = 0; policy < 4; policy++) {
        golden_case c = vectors_case(w, GOLDEN_SOFTMAX, name, n);
        c.options.plus_inf = policy & 1 ? SMX_PLUS_INF_LIMIT : SMX_PLUS_INF_NAN;
        c.options.minus_inf_row = policy & 2 ? SMX_MINUS_INF_ROW_ZEROS : SMX_MINUS_INF_ROW_NAN;
        for (size_t i = 0; i < n; i++)
            golden_set(&c, GOLDEN_X, i, x[i]);
        vectors_put(w, &c);
    }
}

static void put(vector_writer *w, const char *name, size_t n, const double *x) {
    golden_case c = vectors_case(w, GOLDEN_SOFTMAX, name, n);
    for (size_t i = 0; i < n; i++)
        golden_set(&c, GOLDEN_X, i, x[i]);
    vectors_put(w, &c);
}

static void infinities(vector_writer *w) {
    double inf = (double)INFINITY;
    double nan = (double)NAN;
    put_under_policies(w, "empty", 0, NULL);
    put_under_policies(w, "one-inf", 1, (double[]){inf});
    put_under_policies(w, "one-minus-inf", 1, (double[]){-inf});
    put_under_policies(w, "one-nan", 1, (double[]){nan});
    put_under_policies(w, "all-minus-inf", 2, (double[]){-inf, -inf});
    put_under_policies(w, "all-minus-inf", 9, (double[]){-inf, -inf, -inf, -inf, -inf, -inf, -inf, -inf, -inf});
    put_under_policies(w, "minus-inf-beside", 5, (double[]){-inf, 1, -inf, -2.5, -inf});
    put_under_policies(w, "minus-inf-and-lowest", 3, (double[]){-inf, w->f64 ? -DBL_MAX : -(double)FLT_MAX, -inf});
    put_under_policies(w, "inf-first", 4, (double[]){inf, 0, 1, 2});
    put_under_policies(w, "inf-and-minus-inf", 4, (double[]){-inf, 0, inf, -inf});
    put_under_policies(w, "two-inf", 3, (double[]){inf, 0, inf});
    put_under_policies(w, "three-inf", 17, (double[]){0, inf, 2, 3, 4, 5, inf, 7, 8, 9, 10, 11, 12, 13, 14, 15, inf});
    put_under_policies(w, "nan-and-inf", 4, (double[]){inf, nan, 0, -inf});
    put_under_policies(w, "nan-among-minus-inf", 3, (double[]){-inf, nan, -inf});
}

/* NaN at each place of a vector, of either sign, quiet and signalling, with a payload. */
static void nans(vector_writer *w) {
    static const uint64_t f32[] = {0x7fc00000, 0xffc00000, 0x7fc12345, 0x7f800001, 0xff812345};
    static const uint64_t f64[] = {0x7ff8000000000000, 0xfff8000000000000, 0x7ff8123456789abc, 0x7ff0000000000001,
                                   0xfff0123456789abc};
    for (size_t k = 0; k < 20; k++) {
        golden_case c = vectors_case(w, GOLDEN_SOFTMAX, "nan", 20);
        for (size_t i = 0; i < 20; i++)
            golden_set(&c, GOLDEN_X, i, vectors_normal(w));
        vectors_set_bits(&c, GOLDEN_X, k, w->f64 ? f64[k % 5] : f32[k % 5]);
        vectors_put(w, &c);
    }
}

static void finite(vector_writer *w) {
    double least = w->f64 ? 0x1p-1074 : 0x1p-149;
    double normal = w->f64 ? DBL_MIN : (double)FLT_MIN;
    double most = w->f64 ? DBL_MAX : (double)FLT_MAX;
    put(w, "one-zero", 1, (double[]){0});
    put(w, "one-large", 1, (double[]){most});
    put(w, "one-lowest", 1, (double[]){-most});
    put(w, "one-subnormal", 1, (double[]){least});
    put(w, "zeros", 4, (double[]){0.0, -0.0, -0.0, 0.0});
    put(w, "minus-zeros", 3, (double[]){-0.0, -0.0, -0.0});
    put(w, "zero-and-minus-one", 3, (double[]){-0.0, -1, 0.0});
    put(w, "subnormal", 6, (double[]){least, -least, 0, normal, -normal, normal - least});
    put(w, "extreme", 5, (double[]){most, -most, 0, most, most / 2});
    put(w, "lowest", 3, (double[]){-most, -most, -most});
    put(w, "lowest-and-less", 2, (double[]){-most, -most / 2});
    put(w, "equal", 3, (double[]){0.1, 0.1, 0.1});
    put(w, "equal", 7, (double[]){-777, -777, -777, -777, -777, -777, -777});
    put(w, "ln2-apart", 4, (double[]){0x1.62e43p-1, 0, -0x1.62e43p-1, -0x1.62e43p+0});
    put(w, "half-way", 2, (double[]){0x1.62e43p-2, -0x1.62e43p-2});
}

void vectors_softmax_special(vector_writer *w) {
    finite(w);
    infinities(w);
    nans(w);
}
