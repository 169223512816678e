/* Rows and arrays of over 2^31 elements: no size anywhere is a 32-bit one. Each test uses one array in place (8.6 GB),
 * makes its inputs again chunk by chunk to check every element, and says how far it is. */
#include "common/check.h"
#include "common/isas.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const size_t LONG_ROW = ((size_t)1 << 31) + 4099;
static const size_t CHUNK = (size_t)1 << 20;
enum { SAMPLE = 64 }; /* every so many chunks (or rows), scalar code does the check, and so does it on the last */

static void progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void progress(const char *format, ...) {
    static time_t start;
    va_list args;
    start = start ? start : time(NULL);
    printf("%4.0f s  ", difftime(time(NULL), start));
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
}

static float *map(size_t n) {
    size_t bytes = n * sizeof(float);
    size_t memory = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    if (memory < bytes + ((size_t)1 << 30)) {
        fail_msg("this test needs %zu GB of memory, the machine has %zu", (bytes >> 30) + 1, memory >> 30);
    }
    void *a = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (a == MAP_FAILED) {
        fail_msg("no memory for %zu bytes", bytes);
    }
    return a;
}

static void unmap(float *a, size_t n) { assert_int_equal(munmap(a, n * sizeof *a), 0); }

/* Input number i of a test: a hash of i, uniform on [-8, 8). */
static float input(uint64_t i) {
    uint32_t h = (uint32_t)i ^ (uint32_t)(i >> 32) * 0x85ebca6bu;
    h = (h ^ (h >> 16)) * 0x21f0aaadu;
    h = (h ^ (h >> 15)) * 0x735a2d97u;
    return (float)(h >> 9) * 0x1p-19f - 8;
}

static void fill(size_t first, size_t n, float *x) {
    for (size_t i = 0; i < n; i++) {
        x[i] = input(first + i);
    }
}

static size_t chunk_at(size_t first) { return LONG_ROW - first < CHUNK ? LONG_ROW - first : CHUNK; }

static int sampled(size_t first) { return first / CHUNK % SAMPLE == 0 || chunk_at(first) < CHUNK; }

/* The statistics of the long row, from inputs made again. */
static smx_softmax_stats_f32 stats_by_chunks(float *x) {
    smx_softmax_stats_f32 row, part;
    assert_ok(smx_softmax_part_max_f32(0, NULL, &row));
    for (size_t first = 0; first < LONG_ROW; first += CHUNK) {
        fill(first, chunk_at(first), x);
        assert_ok(smx_softmax_part_max_f32(chunk_at(first), x, &part));
        assert_ok(smx_softmax_stats_merge_f32(&row, &part));
    }
    progress("maximum by chunks: %g", (double)row.max);
    part = row;
    for (size_t first = 0; first < LONG_ROW; first += CHUNK) {
        fill(first, chunk_at(first), x);
        part.max = row.max;
        assert_ok(smx_softmax_part_sum_f32(chunk_at(first), x, LONG_ROW, &part, NULL));
        assert_ok(smx_softmax_stats_merge_f32(&row, &part));
    }
    progress("sum by chunks");
    return row;
}

static void test_long_row(void **state) {
    (void)state;
    float *y = map(LONG_ROW), *chunk = elements(&dtype_f32, CHUNK);
    fill(0, LONG_ROW, y);
    progress("softmax of a row of %zu on %s", LONG_ROW, smx_isa());
    assert_ok(smx_softmax_f32(1, LONG_ROW, y, LONG_ROW, y, LONG_ROW, NULL));
    progress("done; the same in chunks");
    smx_softmax_stats_f32 row = stats_by_chunks(chunk);
    double sum = 0;
    for (size_t first = 0; first < LONG_ROW; first += CHUNK) {
        size_t n = chunk_at(first);
        fill(first, n, chunk);
        label("softmax of a long row, from %zu on", first);
        assert_ok(smx_isa_set(sampled(first) ? "scalar" : NULL));
        assert_ok(smx_softmax_part_finish_f32(n, chunk, &row, chunk, NULL));
        assert_same_bits(&dtype_f32, chunk, y + first, n);
        double part = 0;
        for (size_t i = 0; i < n; i++) {
            part += (double)y[first + i];
        }
        sum += part;
    }
    assert_ok(smx_isa_set(NULL));
    progress("every element checked; they sum to 1 %+g", sum - 1);
    assert_true(fabs(sum - 1) < 3 * 0x1p-23 + 0x1p-30); /* 3.7 2^-24 of each, and the additions here */
    free(chunk);
    unmap(y, LONG_ROW);
}

/* y, dy and dx are one array. */
static void test_long_row_backward(void **state) {
    (void)state;
    float *y = map(LONG_ROW), *chunk = elements(&dtype_f32, CHUNK);
    fill(0, LONG_ROW, y);
    progress("backward of a row of %zu on %s", LONG_ROW, smx_isa());
    assert_ok(smx_softmax_backward_f32(1, LONG_ROW, y, LONG_ROW, y, LONG_ROW, y, LONG_ROW, NULL));
    progress("done; the same in chunks");
    smx_softmax_backward_stats row, part;
    assert_ok(smx_softmax_backward_part_max_f32(0, NULL, NULL, &row));
    for (size_t first = 0; first < LONG_ROW; first += CHUNK) {
        fill(first, chunk_at(first), chunk);
        assert_ok(smx_softmax_backward_part_max_f32(chunk_at(first), chunk, chunk, &part));
        assert_ok(smx_softmax_backward_stats_merge(&row, &part));
    }
    progress("largest exponent by chunks: %d", (int)row.exponent);
    part.exponent = row.exponent;
    for (size_t first = 0; first < LONG_ROW; first += CHUNK) {
        fill(first, chunk_at(first), chunk);
        assert_ok(smx_softmax_backward_part_sum_f32(chunk_at(first), chunk, chunk, LONG_ROW, &part));
        assert_ok(smx_softmax_backward_stats_merge(&row, &part));
    }
    progress("sum by chunks");
    for (size_t first = 0; first < LONG_ROW; first += CHUNK) {
        fill(first, chunk_at(first), chunk);
        label("backward of a long row, from %zu on", first);
        assert_ok(smx_isa_set(sampled(first) ? "scalar" : NULL));
        assert_ok(smx_softmax_backward_part_finish_f32(chunk_at(first), chunk, chunk, &row, chunk));
        assert_same_bits(&dtype_f32, chunk, y + first, chunk_at(first));
    }
    assert_ok(smx_isa_set(NULL));
    progress("every element checked");
    free(chunk);
    unmap(y, LONG_ROW);
}

static void test_many_rows(void **state) {
    (void)state;
    const size_t n = 1000, rows = LONG_ROW / n + 1000;
    float *y = map(rows * n), row[1000];
    fill(0, rows * n, y);
    progress("softmax of %zu rows of %zu on %s", rows, n, smx_isa());
    assert_ok(smx_softmax_f32(rows, n, y, n, y, n, NULL));
    progress("done; the same row by row");
    for (size_t k = 0; k < rows; k++) {
        label("softmax, row %zu of %zu", k, rows);
        fill(k * n, n, row);
        assert_ok(smx_isa_set(k % SAMPLE == 0 || k == rows - 1 ? "scalar" : NULL));
        assert_ok(smx_softmax_f32(1, n, row, n, row, n, NULL));
        assert_same_bits(&dtype_f32, row, y + k * n, n);
    }
    assert_ok(smx_isa_set(NULL));
    progress("every row checked");
    unmap(y, rows * n);
}

/* Each entry is one operation, so it is checked against the C library's fma. */
static void test_large_jacobian(void **state) {
    (void)state;
    const size_t n = 46400;
    float *jac = map(n * n), *y = elements(&dtype_f32, n);
    fill(0, n, y);
    assert_ok(smx_softmax_f32(1, n, y, n, y, n, NULL));
    progress("jacobian of %zu x %zu on %s", n, n, smx_isa());
    assert_ok(smx_softmax_jacobian_f32(1, n, y, n, jac, n, n * n, NULL));
    progress("done; entry by entry");
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            float expected = fmaf(-y[i], y[j], i == j ? y[i] : 0);
            if (jac[i * n + j] != expected) {
                fail_msg("J[%zu][%zu] is %a, not %a", i, j, (double)jac[i * n + j], (double)expected);
            }
        }
    }
    progress("every entry checked");
    free(y);
    unmap(jac, n * n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_row),
        cmocka_unit_test(test_long_row_backward),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_large_jacobian),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
