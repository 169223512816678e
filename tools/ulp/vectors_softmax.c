/* Golden vectors of the forward pass: ordinary rows, thresholds, underflow, long rows. */
#include "vectors.h"

#include <math.h>

static const size_t lengths[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  15,  16,  17,  31,  32,
                                 33, 47, 48, 49, 63, 64, 65, 95, 97, 100, 127, 129, 1000};

/* offset + sd * normal */
static void put_normal(vector_writer *w, const char *name, size_t n, double sd, double offset) {
    golden_case c = vectors_case(w, GOLDEN_SOFTMAX, name, n);
    for (size_t i = 0; i < n; i++)
        golden_set(&c, GOLDEN_X, i, offset + sd * vectors_normal(w));
    vectors_put(w, &c);
}

static void put_uniform(vector_writer *w, const char *name, size_t n, double low, double high) {
    golden_case c = vectors_case(w, GOLDEN_SOFTMAX, name, n);
    for (size_t i = 0; i < n; i++)
        golden_set(&c, GOLDEN_X, i, rng_uniform(&w->random, low, high));
    vectors_put(w, &c);
}

static void ordinary(vector_writer *w) {
    static const double spreads[] = {0.01, 0.3, 10, 100};
    static const double offsets[] = {1, -17, 200, -200, 1000, -1000, 1e4, -1e4, 1e9, -1e30};
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++)
        put_normal(w, "normal", lengths[k], 3, 0);
    for (size_t k = 0; k < sizeof spreads / sizeof *spreads; k++)
        put_normal(w, "spread", 19, spreads[k], 0);
    for (size_t k = 0; k < sizeof offsets / sizeof *offsets; k++)
        put_normal(w, "offset", 19, 2, offsets[k]);
    for (size_t k = 0; k < 4; k++)
        put_uniform(w, "uniform", 40, w->f64 ? -700 : -100, 0);
    for (double gap = 0.5; gap < (w->f64 ? 800 : 110); gap *= 1.5) {
        golden_case c = vectors_case(w, GOLDEN_SOFTMAX, "margin", 5);
        for (size_t i = 0; i < 5; i++)
            golden_set(&c, GOLDEN_X, i, vectors_normal(w) + (i == 2 ? gap : 0));
        vectors_put(w, &c);
    }
}

/* Rows whose maximum is one step to either side of where terms are taken relative to it, and on it. */
static void thresholds(vector_writer *w) {
    double threshold = w->f64 ? 2048 : 256;
    double step = w->f64 ? 0x1p-42 : 0x1p-16; /* below the threshold; twice that above */
    double reach = w->f64 ? 747 : 106;
    for (int sign = -1; sign <= 1; sign += 2)
        for (int steps = -2; steps <= 2; steps++) {
            golden_case c = vectors_case(w, GOLDEN_SOFTMAX, sign < 0 ? "threshold-negative" : "threshold", 24);
            double max = sign * (threshold + steps * (steps > 0 ? 2 : 1) * step);
            for (size_t i = 0; i < 24; i++)
                golden_set(&c, GOLDEN_X, i,
                           max - (i < 12 ? rng_uniform(&w->random, 0, 4) : reach * (double)(i - 12) / 11));
            golden_set(&c, GOLDEN_X, 5, max);
            vectors_put(w, &c);
        }
}

/* Tails that reach from the normal range through the subnormal one to where terms are cut off. */
static void underflow(vector_writer *w) {
    double first = w->f64 ? 706 : 86;
    double last = w->f64 ? 747 : 106;
    static const double maxima[] = {0, 1.5, 100, -100, 250, -250, 300, -300, 1024};
    for (size_t k = 0; k < sizeof maxima / sizeof *maxima; k++) {
        golden_case c = vectors_case(w, GOLDEN_SOFTMAX, "underflow", 42);
        for (size_t i = 0; i < 42; i++)
            golden_set(&c, GOLDEN_X, i, maxima[k] - (first + (last - first) * (double)i / 40));
        golden_set(&c, GOLDEN_X, 41, maxima[k]);
        vectors_put(w, &c);
    }
    /* The cut-off itself, a step to either side. */
    double cutoff = w->f64 ? 746 : 105;
    double step = w->f64 ? 0x1p-43 : 0x1p-17;
    golden_case c = vectors_case(w, GOLDEN_SOFTMAX, "cutoff", 6);
    for (size_t i = 1; i < 6; i++)
        golden_set(&c, GOLDEN_X, i, -cutoff + ((double)i - 3) * step);
    vectors_put(w, &c);
    /* Where the least subnormal number rounds to 0. */
    double half = w->f64 ? 745.13321910194122 : 103.97207641601562;
    c = vectors_case(w, GOLDEN_SOFTMAX, "vanishing", 9);
    for (size_t i = 1; i < 9; i++)
        golden_set(&c, GOLDEN_X, i, -half + ((double)i - 4) * step);
    vectors_put(w, &c);
}

/* Rows of one maximum and n - 1 entries at one level. */
static void put_level(vector_writer *w, size_t n, double max, double level) {
    golden_case c = vectors_case(w, GOLDEN_SOFTMAX, "level", n);
    for (size_t i = 0; i < n; i++)
        golden_set(&c, GOLDEN_X, i, i == n / 3 ? max : level);
    vectors_put(w, &c);
}

static void long_rows(vector_writer *w) {
    static const size_t sizes[] = {(size_t)1 << 18, ((size_t)1 << 18) + 1, 300000};
    for (size_t k = 0; k < 3; k++) {
        put_level(w, sizes[k], 0, 0);
        put_level(w, sizes[k], 3.25, -9.125);
        put_level(w, sizes[k], 0, w->f64 ? -50.0625 : -28.0625);
        put_level(w, sizes[k], 1000.5, 980.25);
        for (int exponent = k == 2 ? -24 : -17; exponent <= -17; exponent += 7) {
            golden_case c = vectors_case(w, GOLDEN_SOFTMAX, exponent < -20 ? "narrow" : "wide", sizes[k]);
            int bits = w->f64 ? 53 : 24;
            golden_generator g = {rng_below(&w->random, 1000000), true, bits, exponent + 24 - bits};
            vectors_put_generated(w, &c, &g, NULL);
        }
    }
}

void vectors_softmax(vector_writer *w) {
    ordinary(w);
    thresholds(w);
    underflow(w);
    vectors_softmax_special(w);
    long_rows(w);
}
