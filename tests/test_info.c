/* Version, statuses, instruction sets and threads. */
#include "common/check.h"
#include "common/isas.h"

#include <stdio.h>
#include <string.h>

static void test_version(void **state) {
    (void)state;
    char expected[40];
    snprintf(expected, sizeof expected, "%d.%d.%d", SMX_VERSION_MAJOR, SMX_VERSION_MINOR, SMX_VERSION_PATCH);
    assert_string_equal(smx_version(), expected);
    assert_int_equal(smx_version_number(), SMX_VERSION_NUMBER);
    int major = SMX_VERSION_NUMBER / 10000, minor = SMX_VERSION_NUMBER / 100 % 100, patch = SMX_VERSION_NUMBER % 100;
    snprintf(expected, sizeof expected, "%d.%d.%d", major, minor, patch);
    assert_string_equal(smx_version(), expected);
}

/* Also of objects that live for the whole program. */
static const smx_options defaults = SMX_OPTIONS_INIT;
static const smx_cross_entropy_args_f32 nothing_f32 = SMX_CROSS_ENTROPY_ARGS_F32_INIT;
static const smx_cross_entropy_args_f64 nothing_f64 = SMX_CROSS_ENTROPY_ARGS_F64_INIT;

static void check_only_size(const void *sized, size_t size) {
    const unsigned char *bytes = sized;
    assert_memory_equal(bytes, &size, sizeof size);
    for (size_t i = sizeof size; i < size; i++) {
        assert_int_equal(bytes[i], 0);
    }
}

static void test_initialisers(void **state) {
    (void)state;
    check_only_size(&defaults, sizeof defaults);
    check_only_size(&nothing_f32, sizeof nothing_f32);
    check_only_size(&nothing_f64, sizeof nothing_f64);
}

/* The numbers are part of the binary interface. Each has a line of its own, and so has what is no status. */
static void test_status(void **state) {
    (void)state;
    static const smx_status all[] = {SMX_OK,           SMX_ERROR_NULL,    SMX_ERROR_SIZE,
                                     SMX_ERROR_STRIDE, SMX_ERROR_OVERLAP, SMX_ERROR_OPTION,
                                     SMX_ERROR_ISA,    SMX_ERROR_STATS};
    enum { STATUSES = sizeof all / sizeof *all };
    for (int i = 0; i < STATUSES; i++) {
        assert_int_equal(all[i], i);
        const char *text = smx_status_str(all[i]);
        assert_non_null(text);
        assert_in_range(strlen(text), 1, 100);
        assert_null(strchr(text, '\n'));
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(text, smx_status_str(all[k]));
        }
        assert_string_not_equal(text, smx_status_str((smx_status)STATUSES));
    }
    static const int bogus[] = {STATUSES, 1000, -1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof bogus / sizeof *bogus; i++) {
        assert_non_null(smx_status_str((smx_status)bogus[i]));
        assert_in_range(strlen(smx_status_str((smx_status)bogus[i])), 1, 100);
    }
}

static void test_isa_list(void **state) {
    (void)state;
    size_t count = 0, scalar = 0;
    for (; smx_isa_available(count); count++) {
        size_t found = 0;
        for (size_t k = 0; k < KNOWN_ISAS; k++) {
            found += strcmp(smx_isa_available(count), known_isas[k]) == 0;
        }
        assert_int_equal(found, 1);
        for (size_t k = 0; k < count; k++) {
            assert_string_not_equal(smx_isa_available(count), smx_isa_available(k));
        }
        scalar += strcmp(smx_isa_available(count), "scalar") == 0;
    }
    assert_int_equal(scalar, 1);
    assert_string_equal(smx_isa_available(count - 1), "scalar"); /* best first, so this is the last */
    assert_null(smx_isa_available(count + 1));
    assert_null(smx_isa_available(SIZE_MAX));
}

static void test_isa_set(void **state) {
    (void)state;
    float x[] = {1, 2, 3}, y[3];
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        static const char *const bogus[] = {"bogus", "", "SCALAR", "scalar ", "avx", "best", "avx5120"};
        for (size_t k = 0; k < sizeof bogus / sizeof *bogus; k++) {
            label("smx_isa_set(\"%s\")", bogus[k]);
            assert_status(SMX_ERROR_ISA, smx_isa_set(bogus[k]));
            assert_string_equal(smx_isa(), smx_isa_available(i));
        }
        assert_ok(smx_softmax_f32(1, 3, x, 3, y, 3, NULL));
    }
    use_isa("scalar");
    for (size_t k = 0; k < KNOWN_ISAS; k++) {
        if (!isa_is_available(known_isas[k])) {
            label("smx_isa_set(\"%s\"), which is not available", known_isas[k]);
            assert_status(SMX_ERROR_ISA, smx_isa_set(known_isas[k]));
            assert_string_equal(smx_isa(), "scalar");
        }
    }
    assert_ok(smx_isa_set(NULL));
    assert_string_equal(smx_isa(), smx_isa_available(0));
}

static void test_threads(void **state) {
    (void)state;
    assert_in_range(smx_threads(), 1, 100000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version),  cmocka_unit_test(test_initialisers), cmocka_unit_test(test_status),
        cmocka_unit_test(test_isa_list), cmocka_unit_test(test_isa_set),      cmocka_unit_test(test_threads),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
