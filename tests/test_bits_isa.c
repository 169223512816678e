/* Every instruction set gives the bits of the scalar one: every function, every length of a row, every kind of input,
 * with and without scale and masks. */
#include "common/check.h"
#include "common/isas.h"
#include "common/problem.h"

#include <string.h>

enum { ROUNDS = 100, ROWS = 3 };

static void compare(problem p) {
    use_isa("scalar");
    call_must_run(&p.c, &p.m.opt);
    call other = call_copy(&p.c, 0, NULL);
    for (size_t i = 0; strcmp(smx_isa_available(i), "scalar") != 0; i++) { /* scalar is the last */
        use_isa(smx_isa_available(i));
        problem_say(&p, "");
        call_must_run(&other, &p.m.opt);
        call_expect_same(&p.c, &other);
    }
    call_free(&other), problem_free(&p);
}

static void check_plain(const function *f, const dtype *t, size_t n, size_t kind, uint64_t seed) {
    compare(problem_plain(f, t, ROWS, n, 0, kind, seed));
}

static void test_short(void **state) { for_all_short_sizes(*state, 0x100000, check_plain); }

static void check_long(const function *f, const dtype *t, size_t n, size_t kind, uint64_t seed) {
    compare(problem_plain(f, t, 1, n, 0, kind, seed));
}

static void test_long(void **state) { for_all_long_sizes(*state, 4, 0x400000, check_long); }

static void check_with_options(const function *f, const dtype *t, uint64_t seed) {
    compare(problem_new(f, t, 0, 0, 0, seed));
}

static void test_options(void **state) { for_all_functions(*state, ROUNDS, 0x2000000, check_with_options); }

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_short), TEST_BOTH(test_long), TEST_BOTH(test_options)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
