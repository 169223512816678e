#include "differences.h"

#include "check.h"

#include <math.h>

static const double STEP = 0x1p-10;

static void value_at(vector_function f, const void *context, size_t n, const double *x, const double *v, double steps,
                     double *out) {
    double moved[DIFFERENCES_MAX];
    for (size_t j = 0; j < n; j++) {
        moved[j] = x[j] + steps * STEP * v[j];
    }
    f(context, n, moved, out);
}

void derivative_along(vector_function f, const void *context, size_t n, const double *x, const double *v, size_t m,
                      double *out) {
    double ahead[DIFFERENCES_MAX], behind[DIFFERENCES_MAX], far_ahead[DIFFERENCES_MAX], far_behind[DIFFERENCES_MAX];
    assert_true(n <= DIFFERENCES_MAX && m <= DIFFERENCES_MAX);
    value_at(f, context, n, x, v, 1, ahead);
    value_at(f, context, n, x, v, -1, behind);
    value_at(f, context, n, x, v, 2, far_ahead);
    value_at(f, context, n, x, v, -2, far_behind);
    for (size_t i = 0; i < m; i++) {
        out[i] = (8 * (ahead[i] - behind[i]) - (far_ahead[i] - far_behind[i])) / (12 * STEP);
    }
}

void gradient_of(vector_function f, const void *context, size_t n, const double *x, double *out) {
    double unit[DIFFERENCES_MAX] = {0};
    for (size_t j = 0; j < n; j++) {
        unit[j] = 1;
        derivative_along(f, context, n, x, unit, 1, &out[j]);
        unit[j] = 0;
    }
}

void assert_near(size_t n, const double *expected, const double *actual, double tolerance) {
    for (size_t i = 0; i < n; i++) {
        if (!(fabs(expected[i] - actual[i]) <= tolerance)) {
            fail_msg("%s: element %zu is %.17g, by differences %.17g", label_text(), i, actual[i], expected[i]);
        }
    }
}

void fill_uniform(double *a, size_t n, double range, rng *r) {
    for (size_t j = 0; j < n; j++) {
        a[j] = rng_uniform(r, -range, range);
    }
}
