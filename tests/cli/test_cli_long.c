/* Long rows of equal numbers through the tool, along either axis, whole and streamed in parts: results are those of the
 * closed form, and equal. */
#include "array.h"
#include "tool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 3 };
static const double LEVEL = 0.3;

static void make_flat(const dtype *t, const char *path, size_t rows, size_t columns) {
    array a = {.t = t, .ndim = 2, .shape = {rows, columns}};
    array_allocate(&a);
    for (size_t i = 0; i < rows * columns; i++) {
        t->store(a.data, i, LEVEL);
    }
    array_write(&a, path, 1, 0);
    free(a.data);
}

static void expect_all(const dtype *t, const char *path, size_t ndim, const size_t *shape, double expected) {
    array a = {.t = t, .ndim = ndim};
    memcpy(a.shape, shape, ndim * sizeof *shape);
    array_read(&a, path);
    double first = t->load(a.data, 0);
    if (fabs(first - expected) > 4 * t->epsilon * fabs(expected)) {
        fail_msg("%s: expected %.17g, got %.17g", label_text(), expected, first);
    }
    for (size_t i = 1; i < array_count(&a); i++) {
        if (t->bits(a.data, i) != t->bits(a.data, 0)) {
            fail_msg("%s: element %zu is %.17g, its equals are %.17g", label_text(), i, t->load(a.data, i), first);
        }
    }
    free(a.data);
}

static void check(const dtype *t, size_t n) {
    const size_t wide[] = {COLUMNS, n}, tall[] = {n, COLUMNS}, rows[] = {COLUMNS};
    unsigned char level[sizeof(double)];
    t->store(level, 0, LEVEL);
    double logarithm = log((double)n), lse = t->load(level, 0) + logarithm;
    make_flat(t, "wide.npy", COLUMNS, n);
    make_flat(t, "tall.npy", n, COLUMNS);
    label("rows of %zu, %s", n, t->name);
    assert_success(shell("$SMX softmax wide.npy -o y.npy"));
    expect_all(t, "y.npy", 2, wide, 1 / (double)n);
    assert_success(shell("$SMX softmax wide.npy -o y.npy --memory 1")); /* no row fits: they go in parts */
    expect_all(t, "y.npy", 2, wide, 1 / (double)n);
    assert_success(shell("$SMX log-softmax wide.npy -o y.npy"));
    expect_all(t, "y.npy", 2, wide, -logarithm);
    assert_success(shell("$SMX logsumexp wide.npy -o lse.npy"));
    expect_all(t, "lse.npy", 1, rows, lse);
    label("columns of %zu, %s", n, t->name);
    assert_success(shell("$SMX softmax tall.npy -o y.npy --axis 0"));
    expect_all(t, "y.npy", 2, tall, 1 / (double)n);
    assert_success(shell("$SMX log-softmax tall.npy -o y.npy --axis 0"));
    expect_all(t, "y.npy", 2, tall, -logarithm);
    assert_success(shell("$SMX logsumexp tall.npy -o lse.npy --axis 0"));
    expect_all(t, "lse.npy", 1, rows, lse);
    array labels = {.t = &dtype_f32, .ndim = 1, .shape = {COLUMNS}};
    array_write_sparse(&labels, "labels.npy");
    assert_success(shell("sed -i 's/<f4/<i4/' labels.npy"));
    assert_success(shell("$SMX cross-entropy wide.npy labels.npy --reduction none -o loss.npy > /dev/null"));
    expect_all(t, "loss.npy", 1, rows, logarithm);
}

static void test_lengths(void **state) {
    static const size_t lengths[] = {(1 << 18) + 1, 1 << 19, 1000000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        check(*state, lengths[i]);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_lengths)};
    return RUN_CLI_TESTS(argc, argv, tests);
}
