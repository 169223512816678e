/* Golden vectors of the Jacobian. */
#include "vectors.h"

#include <math.h>
#include <stdlib.h>

#include "case.h"

static void put_softmax(vector_writer *w, const char *name, size_t n, double sd) {
    golden_case logits = vectors_case(w, GOLDEN_SOFTMAX, "logits", n);
    for (size_t i = 0; i < n; i++)
        golden_set(&logits, GOLDEN_X, i, sd * vectors_normal(w));
    golden_case c = vectors_case(w, GOLDEN_JACOBIAN, name, n);
    void *y = golden_compute(&logits);
    if (!y)
        abort();
    free(c.array[GOLDEN_Y]);
    c.array[GOLDEN_Y] = y;
    vectors_put(w, &c);
    golden_case_clear(&logits);
}

static void put(vector_writer *w, const char *name, size_t n, const double *y) {
    golden_case c = vectors_case(w, GOLDEN_JACOBIAN, name, n);
    for (size_t i = 0; i < n; i++)
        golden_set(&c, GOLDEN_Y, i, y[i]);
    vectors_put(w, &c);
}

void vectors_jacobian(vector_writer *w) {
    static const size_t lengths[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33};
    double inf = (double)INFINITY;
    double nan = (double)NAN;
    double least = w->f64 ? 0x1p-1074 : 0x1p-149;
    double root = w->f64 ? 0x1p-537 : 0x1p-75; /* its square is the least number, or half of it */
    double below = w->f64 ? 0x1p-53 : 0x1p-24; /* 1 - below is the number before 1 */
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++)
        put_softmax(w, "softmax", lengths[k], 2);
    put_softmax(w, "peaked", 6, 40);
    put(w, "certain", 3, (double[]){0, 1, 0});
    put(w, "nearly-certain", 3, (double[]){1 - below, below, least});
    put(w, "thirds", 3, (double[]){1 / 3., 1 / 3., 1 / 3.});
    put(w, "half", 2, (double[]){0.5, 0.5});
    put(w, "underflow", 5, (double[]){root, root * 1.5, root * 0.75, least, 1 - below});
    put(w, "subnormal", 5, (double[]){root * 3, root * 1000.1, root * 77777, 12345 * least, 0.7});
    put(w, "minus-zero", 2, (double[]){-0.0, 1});
    put(w, "nan", 3, (double[]){0.5, nan, 0.5});
    put(w, "inf", 3, (double[]){0.5, inf, 0.5});
    put(w, "minus-inf", 2, (double[]){-inf, 0.5});
}
