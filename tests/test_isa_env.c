/* The environment variables SMX_ISA and SMX_CACHE_BYTES, which are read on first use: each case runs in a child that
 * has not used the library before, and neither has the parent. */
#include "common/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `body` in a child with a variable set to value, or unset if null; it must return true. */
static void in_child_with(const char *name, const char *value, int (*body)(const char *value)) {
    label("%s=%s", name, value ? value : "(unset)");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int done = value ? setenv(name, value, 1) : unsetenv(name);
        _exit(done == 0 && body(value) ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail_msg("%s: the child failed (wait status %#x)", label_text(), (unsigned)status);
    }
}

static void in_child(const char *value, int (*body)(const char *value)) { in_child_with("SMX_ISA", value, body); }

static int same(const char *a, const char *b) { return a && b && strcmp(a, b) == 0; }

static smx_status compute(float *y) {
    static const float x[] = {1, 2, 3};
    return smx_softmax_f32(1, 3, x, 3, y, 3, NULL);
}

static int is_value(const char *value) {
    float y[3];
    return same(smx_isa(), value) && compute(y) == SMX_OK && y[2] > y[1];
}

/* The first use is a computation here, not a question. */
static int is_value_after_computing(const char *value) {
    float y[3];
    return compute(y) == SMX_OK && same(smx_isa(), value);
}

static int is_best(const char *value) {
    (void)value;
    return same(smx_isa(), smx_isa_available(0));
}

/* Every function that computes refuses, and writes nothing; those that only answer still do. */
static int is_refused(const char *value) {
    (void)value;
    float y[] = {7, 8, 9}, jac[9] = {5};
    smx_softmax_stats_f32 stats = {3, {1, 1, 1, 1}};
    smx_softmax_backward_stats back = {3, {1, 1, 1, 1}};
    int refused = smx_isa() == NULL && compute(y) == SMX_ERROR_ISA;
    refused &= smx_softmax_backward_f32(1, 3, y, 3, y, 3, y, 3, NULL) == SMX_ERROR_ISA;
    refused &= smx_softmax_jacobian_f32(1, 3, y, 3, jac, 3, 9, NULL) == SMX_ERROR_ISA;
    refused &= smx_softmax_part_max_f32(3, y, &stats) == SMX_ERROR_ISA;
    refused &= smx_softmax_part_sum_f32(3, y, 3, &stats, NULL) == SMX_ERROR_ISA;
    refused &= smx_softmax_part_finish_f32(3, y, &stats, y, NULL) == SMX_ERROR_ISA;
    refused &= smx_softmax_backward_part_max_f32(3, y, y, &back) == SMX_ERROR_ISA;
    refused &= smx_softmax_backward_part_sum_f32(3, y, y, 3, &back) == SMX_ERROR_ISA;
    refused &= smx_softmax_backward_part_finish_f32(3, y, y, &back, y) == SMX_ERROR_ISA;
    int untouched = y[0] == 7 && y[1] == 8 && y[2] == 9 && jac[0] == 5 && stats.max == 3 && stats.sum[3] == 1 &&
                    back.exponent == 3 && back.sum[0] == 1;
    return refused && untouched && smx_version() != NULL && smx_isa_available(0) != NULL;
}

/* The function to choose overrides the environment, a wrong one too. */
static int can_be_set_all_the_same(const char *value) {
    float y[3];
    (void)value;
    return smx_isa_set("bogus") == SMX_ERROR_ISA && smx_isa_set("scalar") == SMX_OK && same(smx_isa(), "scalar") &&
           compute(y) == SMX_OK && smx_isa_set(NULL) == SMX_OK && is_best(NULL) && compute(y) == SMX_OK;
}

static int is_refused_then_set(const char *value) { return is_refused(value) && can_be_set_all_the_same(value); }

static int keeps_its_first_value(const char *value) {
    int first = same(smx_isa(), value);
    return first && setenv("SMX_ISA", "bogus", 1) == 0 && same(smx_isa(), value);
}

static int computes(const char *value) {
    float y[3];
    (void)value;
    return compute(y) == SMX_OK && y[2] > y[1];
}

/* Functions that compute refuse, and write nothing; the instruction set is what it is. */
static int environment_is_refused(const char *value) {
    (void)value;
    float y[] = {7, 8, 9};
    smx_softmax_stats_f32 stats = {3, {1, 1, 1, 1}};
    int refused = compute(y) == SMX_ERROR_ENVIRONMENT && smx_isa() != NULL;
    refused &= smx_isa_set("scalar") == SMX_OK && compute(y) == SMX_ERROR_ENVIRONMENT;
    refused &= smx_softmax_part_max_f32(3, y, &stats) == SMX_ERROR_ENVIRONMENT;
    return refused && y[0] == 7 && y[1] == 8 && y[2] == 9 && stats.max == 3;
}

static void test_numbers(void **state) {
    (void)state;
    static const char *const good[] = {NULL, "", "1", "0032", "33554432", "4000000000"};
    static const char *const bad[] = {"0", "-1", "+1", " 1", "1 ", "32M", "0x10", "1e6", "x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        in_child_with("SMX_CACHE_BYTES", good[i], computes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        in_child_with("SMX_CACHE_BYTES", bad[i], environment_is_refused);
    }
    for (size_t i = 0; i < 4; i++) {
        in_child_with("SMX_THREADS", good[i], computes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        in_child_with("SMX_THREADS", bad[i], environment_is_refused);
    }
}

static void test_unset(void **state) {
    (void)state;
    in_child(NULL, is_best);
    in_child(NULL, can_be_set_all_the_same);
    in_child("", is_best); /* set to nothing is not set, as the shell's users expect */
}

static void test_named(void **state) {
    (void)state;
    in_child("scalar", is_value);
    in_child("scalar", is_value_after_computing);
    in_child("scalar", can_be_set_all_the_same);
    in_child("scalar", keeps_its_first_value);
}

/* A child lists what there is, since the parent must not use the library: it exits with 0 for an index past the end. */
static int every_available_one(const char *value) {
    (void)value;
    for (size_t i = 0; smx_isa_available(i); i++) {
        if (setenv("SMX_ISA", smx_isa_available(i), 1) != 0) {
            return 0;
        }
        pid_t child = fork();
        if (child == 0) {
            _exit(is_value(smx_isa_available(i)) ? 0 : 1);
        }
        int status;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            return 0;
        }
    }
    return 1;
}

static void test_every_available_one(void **state) {
    (void)state;
    in_child(NULL, every_available_one);
}

static void test_bogus(void **state) {
    (void)state;
    static const char *const names[] = {"bogus", "SCALAR", "scalar,avx2", "avx", " scalar"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        in_child(names[i], is_refused);
        in_child(names[i], is_refused_then_set);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unset), cmocka_unit_test(test_named),   cmocka_unit_test(test_every_available_one),
        cmocka_unit_test(test_bogus), cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
