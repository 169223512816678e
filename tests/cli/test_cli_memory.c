/* Arrays far larger than what the tool may hold stream through: the largest resident set stays below a limit that the
 * arrays exceed several times. They are sparse files, so they take no disk. */
#include "array.h"
#include "sanitizers.h"
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>

enum { MIB = 1 << 20 };

/* The program itself and its threads take some 10 MiB; sanitizers take more, and more for each page that was mapped. */
#if ANY_SANITIZER
enum { ARRAY = 256 * MIB, SELF = 150 };
#else
enum { ARRAY = 256 * MIB, SELF = 30 };
#endif
enum { MEMORY = 16 }; /* what --memory allows, in MiB */

/* An array of zeros. */
static void make_sparse(const char *path, size_t rows, size_t columns, int fortran) {
    array a = {.t = &dtype_f32, .fortran = fortran, .ndim = 2, .shape = {rows, columns}};
    assert_int_equal(array_bytes(&a), ARRAY);
    array_write_sparse(&a, path);
}

static void assert_in_memory(outcome o) {
    assert_success(o);
    if (o.rss_kib > 1024 * (MEMORY + SELF))
        fail_msg("%s: took %ld KiB, not at most %d", label_text(), o.rss_kib, 1024 * (MEMORY + SELF));
}

static void test_rows(void **state) {
    (void)state;
    make_sparse("x.npy", ARRAY / 4 / 1024, 1024, 0);
    assert_in_memory(shell("$SMX softmax x.npy -o /dev/null --memory %d", MEMORY));
    assert_in_memory(shell("$SMX backward x.npy x.npy -o /dev/null --memory %d", MEMORY));
    assert_in_memory(shell("cat x.npy | $SMX softmax - -o - --memory %d | tail -c 1 > /dev/null", MEMORY));
}

static void test_one_row(void **state) {
    (void)state;
    make_sparse("x.npy", 1, ARRAY / 4, 0);
    assert_in_memory(shell("$SMX softmax x.npy -o /dev/null --memory %d", MEMORY));
    assert_in_memory(shell("$SMX backward x.npy x.npy -o /dev/null --memory %d", MEMORY));
}

/* The rest of the family streams too: inputs beside X, and several results. */
static void test_family(void **state) {
    (void)state;
    enum { N = 1024, ROWS = ARRAY / 4 / N };
    make_sparse("x.npy", ROWS, N, 0);
    const array labels = {.t = &dtype_f32, .ndim = 1, .shape = {ROWS}},
                mask = {.t = &dtype_f32, .ndim = 1, .shape = {N}};
    array_write_sparse(&labels, "lengths.npy");
    array_write_sparse(&mask, "mask.npy");
    /* The same bytes as labels: all 0. */
    assert_success(shell("sed -i 's/<f4/<i4/' lengths.npy"));
    assert_in_memory(shell("$SMX log-softmax x.npy -o /dev/null --mask mask.npy --dtype f2 --memory %d", MEMORY));
    assert_in_memory(shell("$SMX log-softmax x.npy -o /dev/null --mask x.npy --memory %d", MEMORY));
    assert_in_memory(shell("$SMX logsumexp x.npy -o lse.npy --lengths lengths.npy --axis 1 --memory %d", MEMORY));
    assert_in_memory(
        shell("$SMX cross-entropy x.npy lengths.npy --grad /dev/null --lse lse.npy --memory %d > /dev/null", MEMORY));
    assert_in_memory(shell("$SMX cross-entropy x.npy x.npy --grad-targets /dev/null --memory %d > /dev/null", MEMORY));
    assert_in_memory(shell("$SMX double-backward x.npy x.npy x.npy --grad-y /dev/null --memory %d", MEMORY));
    assert_in_memory(shell("$SMX log-softmax x.npy -o y.npy --axis 0 --memory %d", MEMORY));
}

/* A row that lies all over the file: whole rows of a strip at a time, or parts of them. */
static void test_columns(void **state) {
    (void)state;
    make_sparse("x.npy", 512, ARRAY / 4 / 512, 0);
    assert_in_memory(shell("$SMX softmax x.npy -o y.npy --axis 0 --memory %d", MEMORY));
    make_sparse("x.npy", ARRAY / 4 / 16384, 16384, 0);
    assert_in_memory(shell("$SMX backward x.npy x.npy -o y.npy --axis 0 --memory %d", MEMORY));
}

/* A few rows whose matrices are as large as the arrays above, and many small ones out of an array in Fortran order. */
static void test_jacobian(void **state) {
    (void)state;
    array y = {.t = &dtype_f32, .ndim = 1, .shape = {8192}}; /* its square is 2^26 */
    rng r = rng_seed(1);
    array_allocate(&y);
    array_fill_probabilities(&y, &r);
    array_write(&y, "y.npy", 1, 0);
    free(y.data);
    assert_in_memory(shell("$SMX jacobian y.npy -o /dev/null --memory %d", MEMORY));
    make_sparse("x.npy", ARRAY / 4 / 2, 2, 1);
    assert_in_memory(shell("$SMX jacobian x.npy -o /dev/null --memory %d", MEMORY));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),    cmocka_unit_test(test_one_row),  cmocka_unit_test(test_family),
        cmocka_unit_test(test_columns), cmocka_unit_test(test_jacobian),
    };
    return RUN_CLI_TESTS(argc, argv, tests);
}
