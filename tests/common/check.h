/* cmocka, and assertions that compare bits. Included by every test first. */
#ifndef SMX_TESTS_CHECK_H
#define SMX_TESTS_CHECK_H

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dtype.h"

/* A cmocka test that gets its dtype as its state, for f32 and for f64. */
#define TEST_BOTH(function)                                                    \
    {#function " f32", function, NULL, NULL, (void *)(uintptr_t)&dtype_f32}, { \
#function " f64", function, NULL, NULL, (void *)(uintptr_t)&dtype_f64  \
    }

/* Says what is being tested now; printed if an assertion fails. */
void label(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *label_text(void);

/* Fails unless the first n elements have equal bits. */
void assert_same_bits(const dtype *t, const void *expected, const void *actual, size_t n);

/* Fails unless the status is the one wanted. */
void assert_status(smx_status wanted, smx_status got);
void assert_ok(smx_status got);

/* Fails unless the status is the one wanted and, if that is no success, smx_refused names `what`. */
void assert_refused_for(smx_status wanted, const char *what, smx_status got);

/* Fails unless all n bytes are the canary; fill_canary sets them. */
void fill_canary(void *a, size_t bytes);
void assert_canary(const void *a, size_t bytes);

/* Fails unless element i has those bits. */
void assert_element_bits(const dtype *t, const void *a, size_t i, uint64_t bits);

/* Memory for n elements, 64-byte aligned, or the test fails. Free with free(). */
void *elements(const dtype *t, size_t n);

#endif
