/* The error bounds of cross_entropy.h against MPFR, on a sample of every kind of input, and reductions, which are exact
 * sums rounded once. The search for the worst cases is tools/ulp. */
#include "common/check.h"
#include "common/isas.h"
#include "common/judged.h"

#include <math.h>
#include <oracle.h>
#include <stdio.h>

static const size_t lengths[] = {1, 2, 3, 8, 33};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

static void loss_options(golden_case *c, rng *r) {
    bool weighted = rng_below(r, 2);
    for (size_t j = 0; j < c->n && weighted; j++) {
        golden_set(c, GOLDEN_CLASS_WEIGHTS, j, rng_below(r, 5) ? rng_uniform(r, 0.1, 3) : 0);
    }
    if (rng_below(r, 3) == 0) {
        golden_set(c, GOLDEN_SMOOTHING, 0, 0.1);
    }
    if (rng_below(r, 3) == 0 && c->options.plus_inf == SMX_PLUS_INF_NAN) {
        golden_set(c, GOLDEN_Z_LOSS, 0, 1e-4);
    }
    if (rng_below(r, 4) == 0 && c->options.plus_inf == SMX_PLUS_INF_NAN) {
        golden_set(c, GOLDEN_SOFTCAP, 0, 30);
    }
    if (rng_below(r, 2)) {
        golden_set(c, GOLDEN_DLOSS, 0, rng_uniform(r, -2, 2));
    }
}

static void fill_targets(golden_case *c, rng *r) {
    double total = 0;
    for (size_t j = 0; j < c->n; j++) {
        total += golden_get(c, GOLDEN_X, j) == 0;
    }
    for (size_t j = 0; j < c->n; j++) {
        double certain = j == c->n / 2, even = 1 / (double)c->n;
        golden_set(c, GOLDEN_TARGETS, j, total > 1 ? certain : rng_below(r, 3) ? even * rng_uniform(r, 0, 2) : 0);
    }
}

static void check_cross_entropy(const dtype *t, golden_function f, size_t n, size_t kind, bool plain, uint64_t seed) {
    rng r = rng_seed(seed);
    golden_case c = judged_case(t, f, n);
    size_t options = rng_below(&r, JUDGED_OPTIONS);
    label("%s, %s, seed %#llx", judged_x_name(kind), judged_options_name(options), (unsigned long long)seed);
    judged_x(t, c.array[GOLDEN_X], n, kind, &r);
    judged_policies(&c, &r);
    if (!plain) {
        loss_options(&c, &r);
    }
    if (f == GOLDEN_CROSS_ENTROPY) {
        golden_set(&c, GOLDEN_LABEL, 0, (double)rng_below(&r, n));
    } else {
        fill_targets(&c, &r);
    }
    judged_options(&c, options, &r);
    judged_check(&c);
}

static void test_cross_entropy(void **state) {
    uint64_t seed = 0x1350000;
    for (size_t kind = 0; kind < JUDGED_X_KINDS; kind++) {
        for (size_t k = 0; k < LENGTHS * 8; k++) {
            check_cross_entropy(*state, GOLDEN_CROSS_ENTROPY, lengths[k % LENGTHS], kind, k % 2, seed++);
            check_cross_entropy(*state, GOLDEN_CROSS_ENTROPY_DENSE, lengths[k % LENGTHS], kind, k % 4 == 0, seed++);
        }
        check_cross_entropy(*state, GOLDEN_CROSS_ENTROPY, 1000, kind, false, seed++);
    }
}

/* The reduced loss is the sum of the rows' losses, rounded once; the mean that sum divided by the weight, each rounded
 * once. */
static void check_reduction(smx_reduction reduction, uint64_t seed) {
    enum { ROWS = 50, N = 6 };
    rng r = rng_seed(seed);
    double x[ROWS * N], loss[ROWS], reduced, weight, weights[N];
    int64_t labels[ROWS];
    smx_cross_entropy_args_f64 ce = {
        .size = sizeof ce, .labels_i64 = labels, .use_ignore_index = 1, .ignore_index = -1};
    mpfr_t sum, total;
    mpfr_inits2(2400, sum, total, (mpfr_ptr)0); /* no addition is rounded */
    mpfr_set_zero(sum, 1);
    mpfr_set_zero(total, 1);
    for (size_t j = 0; j < N; j++) {
        weights[j] = rng_uniform(&r, 0, 2);
    }
    for (size_t k = 0; k < ROWS; k++) {
        labels[k] = (int64_t)rng_below(&r, N + 1) - 1;
        for (size_t j = 0; j < N; j++) {
            x[k * N + j] = rng_normal(&r) * (k % 3 ? 1 : 100);
        }
    }
    ce.class_weights = weights;
    ce.reduction = reduction;
    ce.loss = loss;
    ce.reduced = &reduced;
    ce.weight = &weight;
    label("reduction %d, seed %#llx", (int)reduction, (unsigned long long)seed);
    assert_ok(smx_cross_entropy_f64(ROWS, N, x, N, &ce, NULL));
    for (size_t k = 0; k < ROWS; k++) {
        mpfr_add_d(sum, sum, loss[k], MPFR_RNDN);
        mpfr_add_d(total, total, labels[k] < 0 ? 0 : weights[labels[k]], MPFR_RNDN);
    }
    double rounded = mpfr_get_d(sum, MPFR_RNDN);
    assert_true(weight == mpfr_get_d(total, MPFR_RNDN));
    if (reduction == SMX_REDUCTION_SUM) {
        assert_true(reduced == rounded);
    } else { /* the exact mean, to an ULP: half for the division, half for what is divided */
        mpfr_div(sum, sum, total, MPFR_RNDN);
        assert_true(fabs(oracle_ulp_error(ORACLE_F64, reduced, sum)) <= 1.01);
    }
    mpfr_clears(sum, total, (mpfr_ptr)0);
}

static void test_reduction(void **state) {
    (void)state;
    for (uint64_t seed = 0x1360000; seed < 0x1360000 + 50; seed++) {
        check_reduction(SMX_REDUCTION_SUM, seed);
        check_reduction(SMX_REDUCTION_MEAN, seed);
    }
}

static int print(void **state) {
    (void)state;
    judged_print();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_cross_entropy), cmocka_unit_test(test_reduction)};
    print_isas();
    printf("accuracy is tested on %s alone: the bits are the same on all (test_bits_isa)\n", smx_isa());
    return cmocka_run_group_tests(tests, NULL, print);
}
