/* Golden vectors of the backward pass. */
#include "vectors.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "case.h"

static const size_t lengths[] = {1,  2,  3,  4,  5,  7,  8,  9,  15,  16,  17,  31,
                                 32, 33, 48, 49, 63, 64, 65, 97, 100, 127, 129, 1000};

/* y = the library's softmax of normal logits. */
static void set_softmax(vector_writer *w, golden_case *c, double sd) {
    golden_case logits = vectors_case(w, GOLDEN_SOFTMAX, "logits", c->n);
    for (size_t i = 0; i < c->n; i++)
        golden_set(&logits, GOLDEN_X, i, sd * vectors_normal(w));
    void *y = golden_compute(&logits);
    if (!y)
        abort();
    for (size_t i = 0; i < c->n; i++)
        golden_set(c, GOLDEN_Y, i, c->f64 ? ((double *)y)[i] : (double)((float *)y)[i]);
    free(y);
    golden_case_clear(&logits);
}

/* y a softmax of spread sd; dy = scale * (offset + normal). */
static void put_normal(vector_writer *w, const char *name, size_t n, double sd, double scale, double offset) {
    golden_case c = vectors_case(w, GOLDEN_BACKWARD, name, n);
    set_softmax(w, &c, sd);
    for (size_t i = 0; i < n; i++)
        golden_set(&c, GOLDEN_DY, i, scale * (offset + vectors_normal(w)));
    vectors_put(w, &c);
}

static void put_one_hot(vector_writer *w, size_t n, double sd) {
    golden_case c = vectors_case(w, GOLDEN_BACKWARD, "one-hot", n);
    set_softmax(w, &c, sd);
    size_t target = n / 2;
    double y = golden_get(&c, GOLDEN_Y, target);
    golden_set(&c, GOLDEN_DY, target, -1 / y);
    vectors_put(w, &c);
}

/* dy of every magnitude from 2^low to 2^high. */
static void put_mixed(vector_writer *w, size_t n, int low, int high) {
    golden_case c = vectors_case(w, GOLDEN_BACKWARD, "mixed", n);
    set_softmax(w, &c, 3);
    for (size_t i = 0; i < n; i++) {
        int exponent = low + (int)rng_below(&w->random, (uint64_t)(high - low + 1));
        golden_set(&c, GOLDEN_DY, i, rng_sign(&w->random) * ldexp(rng_uniform(&w->random, 1, 2), exponent));
    }
    vectors_put(w, &c);
}

static void ordinary(vector_writer *w) {
    int least = w->f64 ? -1074 : -149;
    int most = w->f64 ? 1023 : 127;
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++)
        put_normal(w, "normal", lengths[k], 3, 1, 0);
    for (int exponent = least + 8; exponent < most; exponent += w->f64 ? 100 : 15)
        put_normal(w, "scale", 12, 2, ldexp(1, exponent), 0);
    for (int exponent = -20; exponent <= 50; exponent += 10)
        put_normal(w, "offset", 12, 2, 1, ldexp(1, exponent));
    for (double sd = 10; sd < 400; sd *= 3)
        put_normal(w, "peaked", 21, sd, 1, 0);
    put_one_hot(w, 10, 1);
    put_one_hot(w, 10, 10);
    put_one_hot(w, 33, 4);
    put_mixed(w, 40, least, most - 2);
    put_mixed(w, 40, -40, 40);
    put_mixed(w, 40, most - 10, most - 2);
    put_mixed(w, 40, least, least + 30);
}

static void put(vector_writer *w, const char *name, size_t n, const double *y, const double *dy) {
    golden_case c = vectors_case(w, GOLDEN_BACKWARD, name, n);
    for (size_t i = 0; i < n; i++) {
        golden_set(&c, GOLDEN_Y, i, y[i]);
        golden_set(&c, GOLDEN_DY, i, dy[i]);
    }
    vectors_put(w, &c);
}

static void special(vector_writer *w) {
    double inf = (double)INFINITY;
    double nan = (double)NAN;
    double least = w->f64 ? 0x1p-1074 : 0x1p-149;
    double most = w->f64 ? DBL_MAX : (double)FLT_MAX;
    double y[] = {0.5, 0.25, 0.25};
    put(w, "empty", 0, NULL, NULL);
    put(w, "one", 1, (double[]){1}, (double[]){-3.5});
    put(w, "one-half", 1, (double[]){0.5}, (double[]){-3.5});
    put(w, "one-largest", 1, (double[]){1}, (double[]){most});
    put(w, "nan-in-dy", 3, y, (double[]){1, nan, 2});
    put(w, "inf-in-dy", 3, y, (double[]){1, inf, 2});
    put(w, "minus-inf-in-dy", 3, y, (double[]){-inf, 1, 2});
    put(w, "both-inf-in-dy", 3, y, (double[]){-inf, inf, 2});
    put(w, "nan-in-y", 3, (double[]){nan, nan, nan}, (double[]){1, 2, 3});
    put(w, "inf-in-y", 3, (double[]){0, inf, 0}, (double[]){1, 2, 3});
    put(w, "inf-where-y-is-0", 3, (double[]){1, 0, 0}, (double[]){1, 2, -inf});
    put(w, "nan-where-y-is-0", 3, (double[]){1, 0, 0}, (double[]){1, 2, nan});
    put(w, "zero-dy", 3, y, (double[]){0, -0.0, 0});
    put(w, "zero-y", 3, (double[]){0, 0, -0.0}, (double[]){1, -2, 3});
    put(w, "equal-dy", 3, y, (double[]){-7, -7, -7});
    put(w, "certain", 4, (double[]){0, 1, 0, 0}, (double[]){1, -2, 3, -4});
    put(w, "largest", 3, y, (double[]){most, most, most});
    put(w, "largest-opposed", 3, y, (double[]){most, -most, -most});
    put(w, "overflow", 3, (double[]){1, 1, 1}, (double[]){most, -most, -most});
    put(w, "least-dy", 3, y, (double[]){least, -least, 3 * least});
    put(w, "least-y", 3, (double[]){1, least, 5 * least}, (double[]){1, -2, 0.75});
    put(w, "least-y-large-sum", 2, (double[]){0.15, 3 * least}, (double[]){-ldexp(1.1, w->f64 ? 904 : 64), -1e-17});
    put(w, "least-both", 3, (double[]){least, least, 5 * least}, (double[]){least, -least, least});
    put(w, "negative-underflow", 3, (double[]){1, least, least}, (double[]){0, -0.25, 0.25});
    put(w, "cancelling", 4, (double[]){0.25, 0.25, 0.25, 0.25}, (double[]){1e10, -1e10, 1, -1});
    put(w, "small-beside-huge", 3, (double[]){0.5, 0.5, least}, (double[]){1, 1, most});
}

/* Many equal pairs, and generated rows; the third length needs the third limb of the sum. */
static void long_rows(vector_writer *w) {
    static const size_t sizes[] = {(size_t)1 << 18, ((size_t)1 << 18) + 1, 300000};
    for (size_t k = 0; k < 3; k++) {
        golden_case c = vectors_case(w, GOLDEN_BACKWARD, "level", sizes[k]);
        for (size_t i = 0; i < c.n; i++) {
            golden_set(&c, GOLDEN_Y, i, i == 1000 ? 0.5 : 0x1.8p-20);
            golden_set(&c, GOLDEN_DY, i, i % 100000 == 0 ? -3 : 0x1.2345p-3);
        }
        vectors_put(w, &c);
        int bits = w->f64 ? 53 : 24;
        golden_generator y = {rng_below(&w->random, 1000000), false, bits, -17 - bits};
        golden_generator dy = {rng_below(&w->random, 1000000), true, bits, 4 - bits};
        c = vectors_case(w, GOLDEN_BACKWARD, "generated", sizes[k]);
        vectors_put_generated(w, &c, &y, &dy);
    }
}

void vectors_backward(vector_writer *w) {
    ordinary(w);
    special(w);
    long_rows(w);
}
