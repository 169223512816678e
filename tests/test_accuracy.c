/* The error bounds of smx.h against MPFR: forward below 3.7 ULP, backward within its bound, Jacobian correctly rounded.
 * The search for the worst cases is tools/ulp; this is a sample of every kind of input, quick enough to run each
 * time. */
#include "common/check.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/judged.h"

#include <stdio.h>
#include <stdlib.h>

static const size_t lengths[] = {1, 2, 3, 5, 8, 17, 64, 100, 333, 1000};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

/* Short rows are quick, and their worst cases no rarer. */
static uint64_t repeats(size_t n) { return n > 100 ? 1 : n > 20 ? 5 : 60; }

static void check_forward(const dtype *t, size_t n, size_t kind, uint64_t seed) {
    rng r = rng_seed(seed);
    golden_case c = judged_case(t, GOLDEN_SOFTMAX, n);
    label("%s, seed %#llx", fill_x_name(kind), (unsigned long long)seed);
    fill_x(t, c.array[GOLDEN_X], n, kind, &r);
    judged_check(&c);
}

static void check_backward(const dtype *t, size_t n, size_t kind, uint64_t seed) {
    rng r = rng_seed(seed);
    golden_case c = judged_case(t, GOLDEN_BACKWARD, n);
    label("%s, seed %#llx", fill_backward_name(kind), (unsigned long long)seed);
    fill_backward(t, c.array[GOLDEN_Y], c.array[GOLDEN_DY], n, kind, &r);
    judged_check(&c);
}

static void for_all_lengths(const dtype *t, size_t kinds, uint64_t first_seed,
                            void (*check)(const dtype *t, size_t n, size_t kind, uint64_t seed)) {
    for (size_t i = 0; i < LENGTHS; i++) {
        for (size_t kind = 0; kind < kinds; kind++) {
            for (uint64_t k = 0; k < repeats(lengths[i]); k++) {
                check(t, lengths[i], kind, first_seed + 10000 * i + 80 * kind + k);
            }
        }
    }
}

static void test_forward(void **state) { for_all_lengths(*state, FILL_X_KINDS, 0x1110000, check_forward); }

static void test_backward(void **state) {
    for_all_lengths(*state, FILL_BACKWARD_PLAIN_KINDS, 0x1120000, check_backward);
}

/* Equal entries make the largest sums; the values between powers of two make the largest terms (up to sqrt(2)), at
 * every length where partial sums are put aside. */
static void test_forward_largest_sums(void **state) {
    const dtype *t = *state;
    static const size_t long_lengths[] = {511,  512,   1023,  1024,   2048,   4096,   8191,
                                          8192, 16384, 65536, 131072, 262144, 262145, 1048577};
    static const double values[] = {0x1.62e42ep-2, 0x1.62e43p-2, -0x1.62e42ep-2, 0, 1, 255.99, 256, -2048.5, 2048};
    for (size_t i = 0; i < sizeof long_lengths / sizeof *long_lengths; i++) {
        size_t n = long_lengths[i];
        /* the longest rows only with the largest terms */
        for (size_t k = 0; k < (n > 10000 ? 2 : sizeof values / sizeof *values); k++) {
            golden_case c = judged_case(t, GOLDEN_SOFTMAX, n);
            label("equal entries of %a", values[k]);
            for (size_t j = 0; j < n; j++) {
                golden_set(&c, GOLDEN_X, j, values[k]);
            }
            judged_check(&c);
        }
    }
}

/* All products near the largest one, so that the partial sums are as large as they can be. */
static void test_backward_largest_sums(void **state) {
    const dtype *t = *state;
    static const size_t long_lengths[] = {511, 512, 1024, 2048, 4096, 8192, 65536, 262144, 262145, 524289};
    for (size_t i = 0; i < sizeof long_lengths / sizeof *long_lengths; i++) {
        golden_case c = judged_case(t, GOLDEN_BACKWARD, long_lengths[i]);
        label("products near 2");
        for (size_t j = 0; j < c.n; j++) {
            golden_set(&c, GOLDEN_Y, j, 1 - t->epsilon);
            golden_set(&c, GOLDEN_DY, j, j % 1024 ? 2 - 2 * t->epsilon : -1.25);
        }
        judged_check(&c);
    }
}

static void test_jacobian(void **state) {
    const dtype *t = *state;
    for (uint64_t k = 0; k < 10 * (size_t)FILL_BACKWARD_KINDS; k++) {
        rng r = rng_seed(0x1130000 + k);
        golden_case c = judged_case(t, GOLDEN_JACOBIAN, 1 + rng_below(&r, 12));
        void *unused = elements(t, c.n);
        label("%s, seed %#llx", fill_backward_name(k / 10), 0x1130000 + (unsigned long long)k);
        fill_backward(t, c.array[GOLDEN_Y], unused, c.n, k / 10, &r);
        judged_check(&c);
        free(unused);
    }
}

/* With the other policies, special rows are what the oracle says too. */
static void test_policies(void **state) {
    const dtype *t = *state;
    for (uint64_t seed = 0x1140000; seed < 0x1140000 + 200; seed++) {
        rng r = rng_seed(seed);
        size_t kind = seed % 2 ? FILL_X_KINDS - 1 : 3; /* some +inf, or masked by -inf */
        golden_case c = judged_case(t, GOLDEN_SOFTMAX, 1 + rng_below(&r, 6));
        label("with policies, %s, seed %#llx", fill_x_name(kind), (unsigned long long)seed);
        c.options.plus_inf = SMX_PLUS_INF_LIMIT;
        c.options.minus_inf_row = SMX_MINUS_INF_ROW_ZEROS;
        fill_x(t, c.array[GOLDEN_X], c.n, kind, &r);
        judged_check(&c);
    }
}

static int print(void **state) {
    (void)state;
    judged_print();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_forward),  TEST_BOTH(test_forward_largest_sums),
                                       TEST_BOTH(test_backward), TEST_BOTH(test_backward_largest_sums),
                                       TEST_BOTH(test_jacobian), TEST_BOTH(test_policies)};
    print_isas();
    printf("accuracy is tested on %s alone: the bits are the same on all (test_bits_isa)\n", smx_isa());
    return cmocka_run_group_tests(tests, NULL, print);
}
