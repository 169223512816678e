/* Gradients of gradients against MPFR: differences of cross-entropy and of the backward pass, written down here from
 * their definitions, with so many digits that the differences are good to 2^-150. */
#include "common/check.h"
#include "common/isas.h"
#include "common/rng.h"

#include <math.h>
#include <mpfr.h>
#include <oracle.h>

enum { N = 5, PRECISION = 600, STEP = -100 }; /* steps of 2^STEP: off by 2^-200, and by 2^(200 - PRECISION) */

static void vector_init(mpfr_t a[N], const dtype *t, const void *values) {
    for (size_t i = 0; i < N; i++) {
        mpfr_init2(a[i], PRECISION);
        mpfr_set_d(a[i], t->load(values, i), MPFR_RNDN);
    }
}

static void vector_clear(mpfr_t a[N]) {
    for (size_t i = 0; i < N; i++) {
        mpfr_clear(a[i]);
    }
}

/* a += steps 2^STEP */
static void move(mpfr_t a, long steps) {
    mpfr_t step;
    mpfr_init2(step, 64);
    mpfr_set_si_2exp(step, steps, STEP, MPFR_RNDN);
    mpfr_add(a, a, step, MPFR_RNDN);
    mpfr_clear(step);
}

/* Cross-entropy of label 0 with a scale: log sum_j exp(scale x_j) - scale x_0 */
static void cross_entropy(mpfr_t x[N], double scale, mpfr_t loss) {
    mpfr_t term;
    mpfr_init2(term, PRECISION);
    mpfr_set_zero(loss, 1);
    for (size_t i = 0; i < N; i++) {
        mpfr_mul_d(term, x[i], scale, MPFR_RNDN);
        mpfr_exp(term, term, MPFR_RNDN);
        mpfr_add(loss, loss, term, MPFR_RNDN);
    }
    mpfr_log(loss, loss, MPFR_RNDN);
    mpfr_mul_d(term, x[0], scale, MPFR_RNDN);
    mpfr_sub(loss, loss, term, MPFR_RNDN);
    mpfr_clear(term);
}

/* d2 loss / dx_i dx_j by (f(+,+) - f(+,-) - f(-,+) + f(-,-)) / 4 h^2 */
static void second_difference(mpfr_t x[N], double scale, size_t i, size_t j, mpfr_t result) {
    mpfr_t loss;
    mpfr_init2(loss, PRECISION);
    mpfr_set_zero(result, 1);
    for (int signs = 0; signs < 4; signs++) {
        long a = signs & 1 ? -1 : 1, b = signs & 2 ? -1 : 1;
        move(x[i], a);
        move(x[j], b);
        cross_entropy(x, scale, loss);
        mpfr_mul_si(loss, loss, a * b, MPFR_RNDN);
        mpfr_add(result, result, loss, MPFR_RNDN);
        move(x[i], -a);
        move(x[j], -b);
    }
    mpfr_mul_2si(result, result, -2 * STEP - 2, MPFR_RNDN);
    mpfr_clear(loss);
}

static oracle_type type_of(const dtype *t) { return t->size == sizeof(float) ? ORACLE_F32 : ORACLE_F64; }

static void hessian(const dtype *t, const void *x, const void *v, void *hess, void *hv, const smx_options *opt) {
    if (t->size == sizeof(float)) {
        assert_ok(smx_cross_entropy_hessian_f32(1, N, x, N, hess, N, N * N, opt));
        assert_ok(smx_cross_entropy_hessian_product_f32(1, N, x, N, v, N, hv, N, opt));
    } else {
        assert_ok(smx_cross_entropy_hessian_f64(1, N, x, N, hess, N, N * N, opt));
        assert_ok(smx_cross_entropy_hessian_product_f64(1, N, x, N, v, N, hv, N, opt));
    }
}

static void fill(const dtype *t, void *a, double range, rng *r) {
    for (size_t i = 0; i < N; i++) {
        t->store(a, i, rng_uniform(r, -range, range));
    }
}

/* The bound of hv as in second_order.h: 2^-20 in f32 is 8 epsilon, 2^-49 in f64 too. p_i <= 1, and all |v| <= 2. */
static void check_hessian(const dtype *t, uint64_t seed) {
    rng r = rng_seed(seed);
    double x[N], v[N], hess[N * N], hv[N], scale_memory;
    t->store(&scale_memory, 0, seed % 2 ? 1 : -0.75);
    double scale = t->load(&scale_memory, 0);
    smx_options opt = {.size = sizeof opt, .scale = &scale_memory};
    fill(t, x, 8, &r);
    fill(t, v, 2, &r);
    hessian(t, x, v, hess, hv, &opt);
    mpfr_t exact[N], entry, product;
    vector_init(exact, t, x);
    mpfr_inits2(PRECISION, entry, product, (mpfr_ptr)0);
    for (size_t i = 0; i < N; i++) {
        mpfr_set_zero(product, 1);
        for (size_t j = 0; j < N; j++) {
            second_difference(exact, scale, i, j, entry);
            double error = fabs(oracle_ulp_error(type_of(t), t->load(hess, i * N + j), entry));
            if (!(error < 8)) {
                fail_msg("Hessian %s, seed %#llx: entry %zu, %zu off by %g ULP", t->name, (unsigned long long)seed, i,
                         j, error);
            }
            mpfr_mul_d(entry, entry, t->load(v, j), MPFR_RNDN);
            mpfr_add(product, product, entry, MPFR_RNDN);
        }
        mpfr_sub_d(product, product, t->load(hv, i), MPFR_RNDN);
        assert_true(fabs(mpfr_get_d(product, MPFR_RNDN)) <= 8 * t->epsilon * scale * scale * 4);
    }
    mpfr_clears(entry, product, (mpfr_ptr)0);
    vector_clear(exact);
}

static void test_hessian(void **state) {
    for (uint64_t seed = 0x1430000; seed < 0x1430000 + 100; seed++) {
        check_hessian(*state, seed);
    }
}

/* ---- Double backward --------------------------------------------------------------------------------------------- */

/* sum_i ddx_i scale y_i (dy_i - sum_j y_j dy_j) */
static void backward_loss(mpfr_t y[N], mpfr_t dy[N], mpfr_t ddx[N], double scale, mpfr_t loss) {
    mpfr_t sum, term;
    mpfr_inits2(PRECISION, sum, term, (mpfr_ptr)0);
    mpfr_set_zero(sum, 1);
    mpfr_set_zero(loss, 1);
    for (size_t j = 0; j < N; j++) {
        mpfr_mul(term, y[j], dy[j], MPFR_RNDN);
        mpfr_add(sum, sum, term, MPFR_RNDN);
    }
    for (size_t i = 0; i < N; i++) {
        mpfr_sub(term, dy[i], sum, MPFR_RNDN);
        mpfr_mul(term, term, y[i], MPFR_RNDN);
        mpfr_mul(term, term, ddx[i], MPFR_RNDN);
        mpfr_add(loss, loss, term, MPFR_RNDN);
    }
    mpfr_mul_d(loss, loss, scale, MPFR_RNDN);
    mpfr_clears(sum, term, (mpfr_ptr)0);
}

/* Derivative of it with respect to `moved`, an element of y or of dy, less `result`. */
static double difference(mpfr_t y[N], mpfr_t dy[N], mpfr_t ddx[N], double scale, mpfr_t moved, double result) {
    mpfr_t ahead, behind;
    mpfr_inits2(PRECISION, ahead, behind, (mpfr_ptr)0);
    move(moved, 1);
    backward_loss(y, dy, ddx, scale, ahead);
    move(moved, -2);
    backward_loss(y, dy, ddx, scale, behind);
    move(moved, 1);
    mpfr_sub(ahead, ahead, behind, MPFR_RNDN);
    mpfr_mul_2si(ahead, ahead, -STEP - 1, MPFR_RNDN);
    mpfr_sub_d(ahead, ahead, result, MPFR_RNDN);
    double error = mpfr_get_d(ahead, MPFR_RNDN);
    mpfr_clears(ahead, behind, (mpfr_ptr)0);
    return fabs(error);
}

/* As second_order.h bounds them: gy within 2 epsilon of the sum of the magnitudes of its terms, gdy within epsilon. */
static void check_double_backward(const dtype *t, uint64_t seed) {
    rng r = rng_seed(seed);
    double x[N], y[N], dy[N], ddx[N], gy[N], gdy[N], scale_memory, abs_s = 0, abs_t = 0;
    t->store(&scale_memory, 0, seed % 2 ? 1 : -0.75);
    double scale = t->load(&scale_memory, 0);
    smx_options opt = {.size = sizeof opt, .scale = &scale_memory};
    fill(t, x, 4, &r);
    fill(t, dy, 2, &r);
    fill(t, ddx, 2, &r);
    assert_ok(t->softmax(1, N, x, N, y, N, NULL));
    assert_ok(t->size == sizeof(float)
                  ? smx_softmax_double_backward_f32(1, N, (float *)y, N, (float *)dy, N, (float *)ddx, N, (float *)gy,
                                                    N, (float *)gdy, N, &opt)
                  : smx_softmax_double_backward_f64(1, N, y, N, dy, N, ddx, N, gy, N, gdy, N, &opt));
    mpfr_t Y[N], DY[N], DDX[N];
    vector_init(Y, t, y);
    vector_init(DY, t, dy);
    vector_init(DDX, t, ddx);
    for (size_t j = 0; j < N; j++) {
        abs_s += fabs(t->load(y, j) * t->load(dy, j));
        abs_t += fabs(t->load(y, j) * t->load(ddx, j));
    }
    for (size_t i = 0; i < N; i++) {
        double g = fabs(t->load(dy, i)), h = fabs(t->load(ddx, i)), p = t->load(y, i);
        double bound_y = 2 * t->epsilon * fabs(scale) * (h * (g + abs_s) + g * abs_t);
        double bound_dy = t->epsilon * fabs(scale) * p * (h + abs_t);
        label("double backward %s, seed %#llx, element %zu", t->name, (unsigned long long)seed, i);
        assert_true(difference(Y, DY, DDX, scale, Y[i], t->load(gy, i)) <= bound_y);
        assert_true(difference(Y, DY, DDX, scale, DY[i], t->load(gdy, i)) <= bound_dy);
    }
    vector_clear(Y);
    vector_clear(DY);
    vector_clear(DDX);
}

static void test_double_backward(void **state) {
    for (uint64_t seed = 0x1440000; seed < 0x1440000 + 300; seed++) {
        check_double_backward(*state, seed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_hessian), TEST_BOTH(test_double_backward)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
