/* A row's bits do not depend on the batch it stands in, its stride, its alignment, or whether it is done in place; and
 * nothing outside the rows is read or written. */
#include "common/check.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/matrix.h"
#include "common/sizes.h"
#include "common/thresholds.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENTS = 16, LONGEST_JACOBIAN = 40 };

static const smx_options one_thread = {.size = sizeof one_thread, .threads = 1};

/* Where the matrices of one call lie: number 0 and 1 are inputs, 2 is the output. */
typedef struct layout {
    size_t rows, n;
    size_t ld[3], offset[3];
} layout;

static layout packed(size_t rows, size_t n) {
    layout l = {rows, n, {n, n, n}, {0, 0, 0}};
    return l;
}

static matrix matrix_of(const dtype *t, const layout *l, size_t which) {
    return matrix_new(t, l->rows, l->n, l->ld[which], l->offset[which]);
}

static void label_layout(const char *op, const layout *l, uint64_t seed) {
    label("%s on %s, %zu rows, n = %zu, strides %zu %zu %zu, offsets %zu %zu %zu, seed %#llx", op, smx_isa(), l->rows,
          l->n, l->ld[0], l->ld[1], l->ld[2], l->offset[0], l->offset[1], l->offset[2], (unsigned long long)seed);
}

/* Out of place and in place: each row as when it is alone and packed. */
static void check_forward(const dtype *t, const layout *l, uint64_t seed) {
    label_layout("softmax", l, seed);
    rng r = rng_seed(seed);
    matrix x = matrix_of(t, l, 0), y = matrix_of(t, l, 2);
    void *row = elements(t, l->n), *expected = elements(t, l->rows * l->n);
    for (size_t k = 0; k < l->rows; k++) {
        fill_x(t, row, l->n, rng_below(&r, FILL_X_KINDS), &r);
        memcpy(matrix_row(&x, k), row, l->n * t->size);
        assert_ok(t->softmax(1, l->n, row, l->n, at(t, expected, k * l->n), l->n, &one_thread));
    }
    assert_ok(t->softmax(l->rows, l->n, x.a, x.ld, y.a, y.ld, &one_thread));
    assert_ok(t->softmax(l->rows, l->n, x.a, x.ld, x.a, x.ld, &one_thread));
    for (size_t k = 0; k < l->rows; k++) {
        assert_same_bits(t, at(t, expected, k * l->n), matrix_row(&y, k), l->n);
        assert_same_bits(t, at(t, expected, k * l->n), matrix_row(&x, k), l->n);
    }
    matrix_check_gaps(&x);
    matrix_check_gaps(&y);
    matrix_free(&x), matrix_free(&y), free(row), free(expected);
}

/* dx out of place, in the place of dy, and in the place of y. */
static void check_backward(const dtype *t, const layout *l, uint64_t seed) {
    label_layout("backward", l, seed);
    rng r = rng_seed(seed);
    matrix y = matrix_of(t, l, 0), dy = matrix_of(t, l, 1), dx = matrix_of(t, l, 2), dy2 = matrix_of(t, l, 1);
    void *y_row = elements(t, l->n), *dy_row = elements(t, l->n), *expected = elements(t, l->rows * l->n);
    for (size_t k = 0; k < l->rows; k++) {
        fill_backward(t, y_row, dy_row, l->n, rng_below(&r, FILL_BACKWARD_KINDS), &r);
        memcpy(matrix_row(&y, k), y_row, l->n * t->size);
        memcpy(matrix_row(&dy, k), dy_row, l->n * t->size);
        memcpy(matrix_row(&dy2, k), dy_row, l->n * t->size);
        assert_ok(t->backward(1, l->n, y_row, l->n, dy_row, l->n, at(t, expected, k * l->n), l->n, &one_thread));
    }
    assert_ok(t->backward(l->rows, l->n, y.a, y.ld, dy.a, dy.ld, dx.a, dx.ld, &one_thread));
    assert_ok(t->backward(l->rows, l->n, y.a, y.ld, dy2.a, dy2.ld, dy2.a, dy2.ld, &one_thread));
    assert_ok(t->backward(l->rows, l->n, y.a, y.ld, dy.a, dy.ld, y.a, y.ld, &one_thread));
    for (size_t k = 0; k < l->rows; k++) {
        assert_same_bits(t, at(t, expected, k * l->n), matrix_row(&dx, k), l->n);
        assert_same_bits(t, at(t, expected, k * l->n), matrix_row(&dy2, k), l->n);
        assert_same_bits(t, at(t, expected, k * l->n), matrix_row(&y, k), l->n);
    }
    matrix *const all[] = {&y, &dy, &dx, &dy2};
    for (size_t i = 0; i < 4; i++) {
        matrix_check_gaps(all[i]);
        matrix_free(all[i]);
    }
    free(y_row), free(dy_row), free(expected);
}

/* l->ld[2] is the stride in a matrix; two more rows of it lie between the matrices. */
static void check_jacobian(const dtype *t, const layout *l, uint64_t seed) {
    label_layout("jacobian", l, seed);
    rng r = rng_seed(seed);
    size_t n = l->n, gap = l->ld[2] > n ? 2 : 0;
    matrix y = matrix_of(t, l, 0);
    matrix jac = matrix_new(t, l->rows * (n + gap), n, l->ld[2], l->offset[2]);
    void *row = elements(t, n), *unused = elements(t, n), *expected = elements(t, n * n);
    for (size_t k = 0; k < l->rows; k++) {
        fill_backward(t, matrix_row(&y, k), unused, n, rng_below(&r, FILL_BACKWARD_KINDS), &r);
    }
    assert_ok(t->jacobian(l->rows, n, y.a, y.ld, jac.a, jac.ld, (n + gap) * jac.ld, &one_thread));
    for (size_t k = 0; k < l->rows; k++) {
        memcpy(row, matrix_row(&y, k), n * t->size);
        assert_ok(t->jacobian(1, n, row, n, expected, n, n * n, &one_thread));
        for (size_t i = 0; i < n; i++) {
            assert_same_bits(t, at(t, expected, i * n), matrix_row(&jac, k * (n + gap) + i), n);
        }
    }
    matrix_check_gaps(&jac);
    matrix_free(&y), matrix_free(&jac), free(row), free(unused), free(expected);
}

static void check_all(const dtype *t, const layout *l, uint64_t seed) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        check_forward(t, l, seed);
        check_backward(t, l, seed);
        if (l->n <= LONGEST_JACOBIAN) {
            check_jacobian(t, l, seed);
        }
    }
}

static void test_batches(void **state) {
    static const size_t lengths[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,  16,
                                     17, 24, 31, 32, 33, 40, 48, 63, 64, 65, 80, 95, 96, 97, 127, 128};
    for (size_t b = 0; threshold_rows(b) != 0; b++) {
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            layout l = packed(threshold_rows(b), lengths[k]);
            check_all(*state, &l, 0x710000 + 200 * b + lengths[k]);
        }
    }
}

static void test_strides(void **state) {
    for (size_t i = 0; i < short_sizes_count(); i++) {
        size_t n = short_size(i);
        rng r = rng_seed(0x720000 + i);
        layout l = {1 + rng_below(&r, 6), n, {0}, {0}};
        for (size_t k = 0; k < 3; k++) {
            l.ld[k] = n + 1 + rng_below(&r, 20);
        }
        check_all(*state, &l, 0x720000 + i);
    }
}

/* Each matrix at each offset while the others stay aligned, and all at random ones. */
static void test_alignments(void **state) {
    static const size_t lengths[] = {1, 3, 8, 15, 16, 17, 33, 40, 64, 67, 131, 1000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (size_t offset = 1; offset < ALIGNMENTS; offset++) {
            for (size_t which = 0; which < 3; which++) {
                layout l = packed(2, lengths[i]);
                l.offset[which] = offset;
                check_all(*state, &l, 0x730000 + 100 * i + offset);
            }
            rng r = rng_seed(0x740000 + 100 * i + offset);
            layout l = packed(3, lengths[i]);
            for (size_t k = 0; k < 3; k++) {
                l.offset[k] = rng_below(&r, ALIGNMENTS);
                l.ld[k] += rng_below(&r, 3);
            }
            check_all(*state, &l, 0x740000 + 100 * i + offset);
        }
    }
}

static void test_long_rows(void **state) {
    for (size_t i = 0; i < long_sizes_count(); i++) {
        layout l = {2, long_size(i), {long_size(i) + 3, long_size(i) + 1, long_size(i)}, {1, 2, 3}};
        check_all(*state, &l, 0x750000 + i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_batches),
        TEST_BOTH(test_strides),
        TEST_BOTH(test_alignments),
        TEST_BOTH(test_long_rows),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
