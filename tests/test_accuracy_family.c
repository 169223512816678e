/* The error bounds of log.h, cross_entropy.h and second_order.h, and of softmax with scale and masks, against MPFR, on
 * a sample of every kind of input. The search for the worst cases is tools/ulp. */
#include "common/check.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/judged.h"

#include <math.h>
#include <oracle.h>
#include <stdio.h>
#include <stdlib.h>

static const size_t lengths[] = {1, 2, 3, 8, 33};
enum { LENGTHS = sizeof lengths / sizeof *lengths, SQUARE = 12 };

/* ---- Logits ------------------------------------------------------------------------------------------------------ */

/* Rows that fill.h does not have. */
enum { OWN_KINDS = 4, X_KINDS = FILL_X_KINDS + OWN_KINDS };

static void own_x(const dtype *t, void *x, size_t n, size_t kind, rng *r) {
    static const double offsets[] = {1e4, -1e4, 1e6, -1e6};
    double offset = kind == 3 ? offsets[rng_below(r, 4)] : 0;
    double margin = rng_uniform(r, 0, t->underflow + 2);
    double sum = 0;
    for (size_t j = 0; j < n; j++) {
        double v = rng_normal(r);
        sum += exp(v);
        t->store(x, j, kind == 0 ? (j ? v - margin : v) : kind == 1 ? -fabs(v) * (double)rng_below(r, 2) : v + offset);
    }
    for (size_t j = 0; j < n && kind == 2; j++) { /* a logsumexp of about 0 */
        t->store(x, j, t->load(x, j) - log(sum));
    }
}

static const char *x_name(size_t kind) {
    static const char *const names[OWN_KINDS] = {"margin", "ties", "logsumexp near 0", "large offset"};
    return kind < FILL_X_KINDS ? fill_x_name(kind) : names[kind - FILL_X_KINDS];
}

static void any_x(const dtype *t, void *x, size_t n, size_t kind, rng *r) {
    if (kind < FILL_X_KINDS) {
        fill_x(t, x, n, kind, r);
    } else {
        own_x(t, x, n, kind - FILL_X_KINDS, r);
    }
}

static void policies(golden_case *c, rng *r) {
    c->options.plus_inf = rng_below(r, 2) ? SMX_PLUS_INF_LIMIT : SMX_PLUS_INF_NAN;
    c->options.minus_inf_row = rng_below(r, 2) ? SMX_MINUS_INF_ROW_ZEROS : SMX_MINUS_INF_ROW_NAN;
}

/* What a case of logits needs besides x. */
static void others(golden_case *c, rng *r) {
    if (c->function == GOLDEN_LOGSUMEXP_BACKWARD) {
        golden_set(c, GOLDEN_DLSE, 0, 3 * rng_normal(r));
    }
    for (size_t j = 0; j < c->n && c->function == GOLDEN_HESSIAN_PRODUCT; j++) {
        golden_set(c, GOLDEN_V, j, rng_normal(r));
    }
}

static void check_logits(const dtype *t, golden_function function, size_t n, size_t kind, size_t options,
                         uint64_t seed) {
    rng r = rng_seed(seed);
    golden_case c = judged_case(t, function, n);
    label("%s, %s, seed %#llx", x_name(kind), judged_options_name(options), (unsigned long long)seed);
    any_x(t, c.array[GOLDEN_X], n, kind, &r);
    others(&c, &r);
    policies(&c, &r);
    judged_options(&c, options, &r);
    judged_check(&c);
}

static void test_logits(void **state) {
    static const golden_function functions[] = {GOLDEN_SOFTMAX,         GOLDEN_LOG_SOFTMAX,
                                                GOLDEN_LOGSUMEXP,       GOLDEN_LOGSUMEXP_BACKWARD,
                                                GOLDEN_HESSIAN_PRODUCT, GOLDEN_HESSIAN};
    uint64_t seed = 0x1310000;
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        for (size_t kind = 0; kind < X_KINDS; kind++) {
            for (size_t k = 0; k < LENGTHS * JUDGED_OPTIONS; k++) {
                size_t n = lengths[k / JUDGED_OPTIONS];
                if (functions[f] != GOLDEN_HESSIAN || n <= SQUARE) {
                    check_logits(*state, functions[f], n, kind, k % JUDGED_OPTIONS, seed++);
                }
            }
            if (functions[f] != GOLDEN_HESSIAN) {
                check_logits(*state, functions[f], 1000, kind, kind % JUDGED_OPTIONS, seed++);
            }
        }
    }
}

/* ---- Near certainty ---------------------------------------------------------------------------------------------- */

static void test_known(void **state) {
    (void)state;
    float x[2] = {0, -60}, y[2];
    assert_ok(smx_log_softmax_f32(1, 2, x, 2, y, 2, NULL));
    label("log_softmax([0, -60])");
    assert_true(y[0] == -8.7565109e-27F);
    assert_true(y[1] == -60);
}

/* Every margin up to where it leaves nothing, as loss, log-probability and gradient. */
static void test_margins(void **state) {
    const dtype *t = *state;
    static const golden_function functions[] = {GOLDEN_LOG_SOFTMAX, GOLDEN_LOGSUMEXP, GOLDEN_CROSS_ENTROPY,
                                                GOLDEN_HESSIAN};
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        for (size_t n = 2; n <= 5; n += 3) {
            for (double margin = 0; margin < t->underflow + 5; margin += t->underflow / 200) {
                golden_case c = judged_case(t, functions[f], n);
                label("margin %a", margin);
                for (size_t j = 1; j < n; j++) {
                    golden_set(&c, GOLDEN_X, j, -margin - (double)j / 8);
                }
                judged_check(&c);
            }
        }
    }
}

/* ---- Backward and products, from results ------------------------------------------------------------------------- */

/* y: softmax of logits, or its logarithm, as the library gives them. */
static void fill_y(const dtype *t, golden_case *c, bool logarithm, rng *r) {
    golden_case forward = judged_case(t, logarithm ? GOLDEN_LOG_SOFTMAX : GOLDEN_SOFTMAX, c->n);
    any_x(t, forward.array[GOLDEN_X], c->n, rng_below(r, 2) ? 0 : FILL_X_KINDS, r);
    assert_ok(golden_run(&forward, c->array[GOLDEN_Y]));
    golden_case_clear(&forward);
}

static double gradient(const dtype *t, size_t kind, rng *r) {
    double v = rng_normal(r);
    switch (kind) {
    case 0:
        return v;
    case 1: /* close to each other, so that differences cancel */
        return 1 + v * t->epsilon * 16;
    case 2:
        return ldexp(v, (int)rng_below(r, 60) - 30);
    default:
        return rng_below(r, 4) ? 0 : v;
    }
}

static void test_backward(void **state) {
    static const golden_function functions[] = {GOLDEN_BACKWARD, GOLDEN_LOG_SOFTMAX_BACKWARD, GOLDEN_SOFTMAX_JVP,
                                                GOLDEN_LOG_SOFTMAX_JVP, GOLDEN_DOUBLE_BACKWARD};
    const dtype *t = *state;
    for (uint64_t seed = 0x1320000; seed < 0x1320000 + 1500; seed++) {
        rng r = rng_seed(seed);
        golden_function f = functions[seed % 5];
        golden_case c = judged_case(t, f, seed % 100 ? lengths[rng_below(&r, LENGTHS)] : 1000);
        fill_y(t, &c, f == GOLDEN_LOG_SOFTMAX_BACKWARD || f == GOLDEN_LOG_SOFTMAX_JVP, &r);
        size_t kind = rng_below(&r, 4), options = rng_below(&r, JUDGED_OPTIONS);
        label("gradients %zu, %s, seed %#llx", kind, judged_options_name(options), (unsigned long long)seed);
        for (size_t k = 1; k < golden_signatures[f].input_count; k++) {
            for (size_t j = 0; j < c.n; j++) {
                golden_set(&c, golden_signatures[f].inputs[k], j, gradient(t, kind, &r));
            }
        }
        judged_options(&c, options, &r);
        judged_check(&c);
    }
}

static void test_weighted(void **state) {
    const dtype *t = *state;
    for (uint64_t seed = 0x1330000; seed < 0x1330000 + 600; seed++) {
        rng r = rng_seed(seed);
        golden_case c = judged_case(t, GOLDEN_LOGSUMEXP_WEIGHTED, lengths[rng_below(&r, LENGTHS)]);
        size_t kind = rng_below(&r, X_KINDS), options = rng_below(&r, JUDGED_OPTIONS);
        label("%s, %s, seed %#llx", x_name(kind), judged_options_name(options), (unsigned long long)seed);
        any_x(t, c.array[GOLDEN_X], c.n, kind, &r);
        for (size_t j = 0; j < c.n; j++) {
            double b = seed % 2 ? (double)rng_below(&r, 3) - 1 : gradient(t, 2, &r);
            golden_set(&c, GOLDEN_B, j, b);
        }
        judged_options(&c, options, &r);
        judged_check(&c);
    }
}

static void test_scale_gradient(void **state) {
    const dtype *t = *state;
    for (uint64_t seed = 0x1340000; seed < 0x1340000 + 400; seed++) {
        rng r = rng_seed(seed);
        golden_case c = judged_case(t, GOLDEN_SCALE_GRADIENT, lengths[rng_below(&r, LENGTHS)]);
        size_t kind = rng_below(&r, 4), options = rng_below(&r, JUDGED_OPTIONS);
        label("x and dx %zu, %s, seed %#llx", kind, judged_options_name(options), (unsigned long long)seed);
        for (size_t j = 0; j < c.n; j++) {
            golden_set(&c, GOLDEN_X, j, gradient(t, kind, &r));
            golden_set(&c, GOLDEN_DX, j, gradient(t, kind, &r));
        }
        judged_options(&c, options, &r);
        judged_check(&c);
    }
}

/* ---- Cross-entropy ----------------------------------------------------------------------------------------------- */

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
    label("%s, %s, seed %#llx", x_name(kind), judged_options_name(options), (unsigned long long)seed);
    any_x(t, c.array[GOLDEN_X], n, kind, &r);
    policies(&c, &r);
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
    for (size_t kind = 0; kind < X_KINDS; kind++) {
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),  TEST_BOTH(test_logits),           TEST_BOTH(test_margins),
        TEST_BOTH(test_backward),      TEST_BOTH(test_weighted),         TEST_BOTH(test_scale_gradient),
        TEST_BOTH(test_cross_entropy), cmocka_unit_test(test_reduction),
    };
    print_isas();
    printf("accuracy is tested on %s alone: the bits are the same on all (test_bits_isa)\n", smx_isa());
    return cmocka_run_group_tests(tests, NULL, print);
}
