/* The error bounds of log.h and second_order.h, and of softmax with scale and masks, against MPFR, on a sample of every
 * kind of input. Softmax and its derivatives without options: test_accuracy.c; cross-entropy:
 * test_accuracy_cross_entropy.c. The search for the worst cases is tools/ulp. */
#include "common/check.h"
#include "common/isas.h"
#include "common/judged.h"

#include <math.h>
#include <stdio.h>

static const size_t lengths[] = {1, 2, 3, 8, 33};
enum { LENGTHS = sizeof lengths / sizeof *lengths, SQUARE = 12 };

/* ---- Logits ------------------------------------------------------------------------------------------------------ */

/* What a case of logits needs besides x. */
static void others(golden_case *c, rng *r) {
    if (c->function == GOLDEN_LOGSUMEXP_BACKWARD) {
        golden_set(c, GOLDEN_DLSE, 0, 3 * rng_normal(r));
    }
    for (size_t k = 1; k < golden_signatures[c->function].input_count; k++) {
        golden_array a = golden_signatures[c->function].inputs[k];
        for (size_t j = 0; j < c->n && a != GOLDEN_DLSE; j++) {
            golden_set(c, a, j, a == GOLDEN_Y ? rng_uniform(r, 0, 1) : rng_normal(r));
        }
    }
}

static void check_logits(const dtype *t, golden_function function, size_t n, size_t kind, size_t options,
                         uint64_t seed) {
    rng r = rng_seed(seed);
    golden_case c = judged_case(t, function, n);
    label("%s, %s, seed %#llx", judged_x_name(kind), judged_options_name(options), (unsigned long long)seed);
    judged_x(t, c.array[GOLDEN_X], n, kind, &r);
    others(&c, &r);
    judged_policies(&c, &r);
    judged_options(&c, options, &r);
    judged_check(&c);
}

static void test_logits(void **state) {
    static const golden_function functions[] = {
        GOLDEN_SOFTMAX,         GOLDEN_LOG_SOFTMAX, GOLDEN_LOGSUMEXP,        GOLDEN_LOGSUMEXP_BACKWARD,
        GOLDEN_HESSIAN_PRODUCT, GOLDEN_HESSIAN,     GOLDEN_SOFTCAP_BACKWARD, GOLDEN_SINK_GRADIENT,
        GOLDEN_ARGMAX};
    uint64_t seed = 0x1310000;
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        for (size_t kind = 0; kind < JUDGED_X_KINDS; kind++) {
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
    judged_x(t, forward.array[GOLDEN_X], c->n, rng_below(r, 2) ? 0 : FILL_X_KINDS, r);
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
        size_t kind = rng_below(&r, JUDGED_X_KINDS), options = rng_below(&r, JUDGED_OPTIONS);
        label("%s, %s, seed %#llx", judged_x_name(kind), judged_options_name(options), (unsigned long long)seed);
        judged_x(t, c.array[GOLDEN_X], c.n, kind, &r);
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

static int print(void **state) {
    (void)state;
    judged_print();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), TEST_BOTH(test_logits),
                                       TEST_BOTH(test_margins),      TEST_BOTH(test_backward),
                                       TEST_BOTH(test_weighted),     TEST_BOTH(test_scale_gradient)};
    print_isas();
    printf("accuracy is tested on %s alone: the bits are the same on all (test_bits_isa)\n", smx_isa());
    return cmocka_run_group_tests(tests, NULL, print);
}
