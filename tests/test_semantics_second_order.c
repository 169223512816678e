/* The special cases of second-order products, as smx/second_order.h defines them, on every instruction set. */
#include "common/apply.h"
#include "common/check.h"
#include "common/isas.h"

#include <math.h>
#include <string.h>

static const double not_finite[] = {NAN, INFINITY, -INFINITY};

/* Every output NaN, in full. */
static void expect_nan(const char *name, int outputs, const row *a, const row *b, const row *c) {
    for (int output = 0; output < outputs; output++) {
        row got = apply(name, NULL, output, a, b, c);
        assert_row_bits(&got, canonical_nan(a->t));
    }
}

/* NaN or infinity in any input, and y of magnitude 2 or more, spoil the row. */
static void test_not_finite(void **state) {
    const dtype *t = *state;
    for (size_t n = 1; n <= 30; n++) {
        for (size_t i = 0; i < 4 * n; i++) {
            row y = row_filled(t, n, 1 / (double)n), v = row_filled(t, n, 3), bad_y = y, bad_v = v;
            t->store(bad_y.storage, i / 4, i % 4 == 3 ? 2 : not_finite[i % 4]);
            t->store(bad_v.storage, i / 4, not_finite[i % 3]);
            label("second order: %g in y or %g in v at %zu of %zu", t->load(bad_y.storage, i / 4), not_finite[i % 3],
                  i / 4, n);
            expect_nan("softmax_jvp", 1, &bad_y, &v, NULL);
            expect_nan("softmax_jvp", 1, &y, &bad_v, NULL);
            expect_nan("softmax_double_backward", 2, &bad_y, &v, &v);
            expect_nan("softmax_double_backward", 1, &y, &bad_v, &v); /* gdy does not depend on dy */
            expect_nan("softmax_double_backward", 2, &y, &v, &bad_v);
            expect_nan("cross_entropy_hessian_product", 1, &y, &bad_v, NULL);
        }
    }
}

/* Rows that softmax makes NaN, by policy or always. */
static void test_hessian_rows(void **state) {
    const dtype *t = *state;
    smx_options policies = policy(SMX_PLUS_INF_LIMIT, SMX_MINUS_INF_ROW_ZEROS);
    for (size_t n = 1; n <= 8; n++) {
        row v = row_filled(t, n, 2), x = row_filled(t, n, 1);
        for (size_t k = 0; k < 2; k++) {
            t->store(x.storage, n / 2, not_finite[k]);
            label("Hessian: %g at %zu of %zu", not_finite[k], n / 2, n);
            expect_nan("cross_entropy_hessian_product", 1, &x, &v, NULL);
            expect_nan("cross_entropy_hessian", 1, &x, NULL, NULL);
        }
        row hess = apply("cross_entropy_hessian", &policies, 0, &x, NULL, NULL); /* certain by the limit */
        assert_row_bits(&hess, 0);
        x = row_filled(t, n, -INFINITY);
        label("Hessian: all of %zu entries are -inf", n);
        expect_nan("cross_entropy_hessian_product", 1, &x, &v, NULL);
        expect_nan("cross_entropy_hessian", 1, &x, NULL, NULL);
        hess = apply("cross_entropy_hessian", &policies, 0, &x, NULL, NULL);
        assert_row_bits(&hess, 0);
    }
}

/* A constant tangent goes to 0, and a certain row sends everything there. */
static void test_zeros(void **state) {
    const dtype *t = *state;
    for (size_t n = 1; n <= 32; n *= 2) {
        row y = row_filled(t, n, 1 / (double)n), logs = row_filled(t, n, 0), constant = row_filled(t, n, -7);
        label("second order: a constant tangent, n = %zu", n);
        row jv = apply("softmax_jvp", NULL, 0, &y, &constant, NULL);
        assert_row_bits(&jv, 0);
        jv = apply("cross_entropy_hessian_product", NULL, 0, &logs, &constant, NULL);
        assert_row_bits(&jv, 0);
        jv = apply("softmax_double_backward", NULL, 1, &y, &constant, &constant);
        assert_row_bits(&jv, 0);
    }
    row certain = row_of(t, 3, 0.0, 1.0, 0.0), v = row_of(t, 3, 5.0, -3.0, 1e30);
    label("second order: a certain row");
    row jv = apply("softmax_jvp", NULL, 0, &certain, &v, NULL);
    assert_row_bits(&jv, 0);
}

/* A row of NaN leaves its neighbours alone. */
static void test_other_rows(void **state) {
    const dtype *t = *state;
    static const char *const names[] = {"softmax_jvp", "softmax_double_backward", "cross_entropy_hessian_product",
                                        "log_softmax_jvp", "softmax_jacobian_product"};
    enum { ROWS = 5, N = 9 };
    for (size_t f = 0; f < sizeof names / sizeof *names; f++) {
        rng r = rng_seed(0x7300000);
        call c = call_new(function_named(names[f]), t, ROWS, N, 0, NULL), spoilt = call_new(c.f, t, ROWS, N, 0, NULL);
        call_fill(&c, 0, &r);
        for (size_t k = 0; k < ROWS; k++) {
            call_copy_row(&spoilt, k, &c, k, NULL);
        }
        t->store(block_element(&spoilt.b[0], 2, 3), 0, NAN);
        label("%s: a row of NaN among others", names[f]);
        call_must_run(&c, NULL);
        call_must_run(&spoilt, NULL);
        for (size_t k = 0; k < ROWS; k++) {
            if (k != 2) {
                call_expect_row(&c, k, &spoilt, k, NULL);
            }
        }
        call_free(&c), call_free(&spoilt);
    }
}

/* Nothing to do is done, without any memory. */
static void test_empty(void **state) {
    const dtype *t = *state;
    for (size_t i = 0; i < functions_count; i++) {
        if (functions[i].arguments[CE_LOSS].form != FORM_NONE) {
            continue; /* cross-entropy has sums of nothing to write */
        }
        double one;
        t->store(&one, 0, 1);
        smx_options opt = {.size = sizeof opt};
        opt.scale = functions[i].needs ? &one : NULL;
        opt.scale_stride = functions[i].needs != 0;
        call none = {.f = &functions[i], .t = t, .rows = 0, .n = 3};
        label("%s of no rows", functions[i].name);
        if (functions[i].arguments[2].form != FORM_TOTAL) {
            assert_ok(call_run(&none, &opt));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_not_finite), TEST_BOTH(test_hessian_rows), TEST_BOTH(test_zeros),
        TEST_BOTH(test_other_rows), TEST_BOTH(test_empty),
    };
    print_isas();
    int failures = 0;
    for (size_t i = 0; smx_isa_available(i); i++) {
        failures += smx_isa_set(smx_isa_available(i)) != SMX_OK;
        failures += cmocka_run_group_tests_name(smx_isa_available(i), tests, NULL, NULL);
    }
    return failures;
}
