/* Every function of the family gives the bits of its scalar version on every instruction set; those of a row alone in
 * any batch; the same at any stride and alignment, and in place; and with masks and scales written out row by row. */
#include "common/check.h"
#include "common/isas.h"
#include "common/problem.h"
#include "common/sizes.h"

#include <string.h>

enum { ROUNDS = 100, SPREAD = 17 };

static void check_isas(const function *f, const dtype *t, uint64_t seed) {
    use_isa("scalar");
    problem expected = problem_new(f, t, 0, 0, 0, seed);
    call_must_run(&expected.c, &expected.m.opt);
    for (size_t i = 0; strcmp(smx_isa_available(i), "scalar") != 0; i++) { /* scalar is the last */
        use_isa(smx_isa_available(i));
        problem p = problem_new(f, t, 0, 0, 0, seed);
        call_must_run(&p.c, &p.m.opt);
        call_expect_same(&expected.c, &p.c);
        problem_free(&p);
    }
    problem_free(&expected);
}

static void test_isas(void **state) { for_all_functions(*state, ROUNDS, 0x2000000, check_isas); }

/* Around the length where the sum takes another unit. */
static void check_isas_long(const function *f, const dtype *t, uint64_t seed) {
    if (f->arguments[1].form == FORM_MATRICES) {
        return;
    }
    use_isa("scalar");
    problem expected = problem_new(f, t, 1, long_size(seed % long_sizes_count()), 0, seed);
    call_must_run(&expected.c, &expected.m.opt);
    use_isa(smx_isa_available(0));
    problem p = problem_new(f, t, 1, long_size(seed % long_sizes_count()), 0, seed);
    call_must_run(&p.c, &p.m.opt);
    call_expect_same(&expected.c, &p.c);
    problem_free(&p), problem_free(&expected);
}

static void test_isas_long(void **state) { for_all_functions(*state, 2, 0x2100000, check_isas_long); }

static void check_layouts(const function *f, const dtype *t, uint64_t seed) {
    rng r = rng_seed(seed);
    use_isa(smx_isa_available(rng_below(&r, 2)));
    problem packed = problem_new(f, t, 0, 0, 0, seed);
    call_must_run(&packed.c, &packed.m.opt);
    for (int i = 0; i < 3; i++) {
        call moved = call_copy(&packed.c, SPREAD, &r);
        call_must_run(&moved, &packed.m.opt);
        call_expect_same(&packed.c, &moved);
        call_free(&moved);
    }
    problem_free(&packed);
}

/* An input's place, with its stride, for the output's. */
static void check_in_place(const function *f, const dtype *t, uint64_t seed) {
    problem p = problem_new(f, t, 0, 0, SPREAD, seed);
    call_must_run(&p.c, &p.m.opt);
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        int output = f->arguments[i].in_place;
        if (output) {
            call copy = call_copy(&p.c, 0, NULL);
            block own = copy.b[output];
            copy.b[output] = copy.b[i];
            assert_ok(call_run(&copy, &p.m.opt));
            call_expect_same(&p.c, &copy);
            copy.b[output] = own;
            call_free(&copy);
        }
    }
    problem_free(&p);
}

static void test_layouts(void **state) {
    for_all_functions(*state, ROUNDS / 3, 0x2200000, check_layouts);
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for_all_functions(*state, ROUNDS / 3, 0x2300000, check_in_place);
    }
}

/* Each row alone, its masks written out for it: they say the same, so the bits are the same. */
static void check_rows_alone(const function *f, const dtype *t, uint64_t seed) {
    problem p = problem_new(f, t, 0, 0, SPREAD, seed);
    call_must_run(&p.c, &p.m.opt);
    for (size_t k = 0; k < p.c.rows; k++) {
        call alone = call_new(f, t, 1, p.c.n, 0, NULL);
        masks m = masks_of_row(&p.m, k, NULL);
        call_copy_row(&alone, 0, &p.c, k, NULL);
        call_must_run(&alone, &m.opt);
        call_expect_row(&alone, 0, &p.c, k, NULL);
        call_free(&alone), masks_free(&m);
    }
    problem_free(&p);
}

static void test_rows_alone(void **state) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for_all_functions(*state, ROUNDS / 3, 0x2400000, check_rows_alone);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_isas),
        TEST_BOTH(test_isas_long),
        TEST_BOTH(test_layouts),
        TEST_BOTH(test_rows_alone),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
