/* A row cut anywhere, its parts merged in any order and grouping, has the bits of the whole row; so it has when the
 * parts are done by different instruction sets. */
#include "common/check.h"
#include "common/cuts.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/sizes.h"

#include <stdlib.h>
#include <string.h>

static void any_isa(rng *r) {
    size_t count = 0;
    while (smx_isa_available(count)) {
        count++;
    }
    assert_ok(smx_isa_set(smx_isa_available(rng_below(r, count))));
}

static void label_case(const char *op, size_t n, const cut *c, merging how, const char *kind, uint64_t seed) {
    label("%s, n = %zu in %zu parts, %s, %s, seed %#llx", op, n, c->parts,
          how == MERGE_TREE ? "merged as a tree" : "limbs added", kind, (unsigned long long)seed);
}

static smx_options policies(rng *r) {
    smx_options opt = {.size = sizeof opt};
    opt.plus_inf = rng_below(r, 2) ? SMX_PLUS_INF_LIMIT : SMX_PLUS_INF_NAN;
    opt.minus_inf_row = rng_below(r, 2) ? SMX_MINUS_INF_ROW_ZEROS : SMX_MINUS_INF_ROW_NAN;
    return opt;
}

/* Both ways to merge, the second in place. */
static void check_forward(const dtype *t, size_t n, size_t kind, size_t parts, uint64_t seed) {
    rng r = rng_seed(seed);
    void *x = elements(t, n), *expected = elements(t, n), *y = elements(t, n);
    fill_x(t, x, n, kind, &r);
    smx_options opt = policies(&r);
    assert_ok(smx_isa_set(NULL));
    assert_ok(t->softmax(1, n, x, n, expected, n, &opt));
    for (merging how = MERGE_TREE; how <= MERGE_SUMS; how++) {
        cut c = cut_random(&r, n, parts);
        label_case("softmax", n, &c, how, fill_x_name(kind), seed);
        void *out = how == MERGE_TREE ? y : x;
        softmax_in_parts(t, n, x, &c, how, any_isa, &opt, &r, out);
        assert_same_bits(t, expected, out, n);
        cut_free(&c);
    }
    free(x), free(expected), free(y);
}

/* Both ways to merge, the second in the place of dy. */
static void check_backward(const dtype *t, size_t n, size_t kind, size_t parts, uint64_t seed) {
    rng r = rng_seed(seed);
    void *y = elements(t, n), *dy = elements(t, n), *expected = elements(t, n), *dx = elements(t, n);
    fill_backward(t, y, dy, n, kind, &r);
    assert_ok(smx_isa_set(NULL));
    assert_ok(t->backward(1, n, y, n, dy, n, expected, n, NULL));
    for (merging how = MERGE_TREE; how <= MERGE_SUMS; how++) {
        cut c = cut_random(&r, n, parts);
        label_case("backward", n, &c, how, fill_backward_name(kind), seed);
        void *out = how == MERGE_TREE ? dx : dy;
        backward_in_parts(t, n, y, dy, &c, how, any_isa, &r, out);
        assert_same_bits(t, expected, out, n);
        cut_free(&c);
    }
    free(y), free(dy), free(expected), free(dx);
}

static size_t some_parts(uint64_t seed) {
    rng r = rng_seed(~seed);
    return 1 + rng_below(&r, 30);
}

static void test_short_forward(void **state) {
    for (size_t i = 0; i < short_sizes_count(); i++) {
        for (size_t kind = 0; kind < FILL_X_KINDS; kind++) {
            for (uint64_t seed = 0xa10000 + 1000 * i + 10 * kind, end = seed + 5; seed < end; seed++) {
                check_forward(*state, short_size(i), kind, some_parts(seed), seed);
            }
        }
    }
}

static void test_short_backward(void **state) {
    for (size_t i = 0; i < short_sizes_count(); i++) {
        for (size_t kind = 0; kind < FILL_BACKWARD_KINDS; kind++) {
            for (uint64_t seed = 0xa20000 + 1000 * i + 10 * kind, end = seed + 3; seed < end; seed++) {
                check_backward(*state, short_size(i), kind, some_parts(seed), seed);
            }
        }
    }
}

/* Parts shorter than 2^18 of a row longer than that: the row's length decides on the sum, not the part's. */
static void test_long(void **state) {
    for (size_t i = 0; i < long_sizes_count(); i++) {
        for (size_t kind = i % 2; kind < FILL_X_KINDS; kind += 2) {
            check_forward(*state, long_size(i), kind, 3 + 20 * (i % 4), 0xa30000 + 100 * i + kind);
        }
        for (size_t kind = i; kind < FILL_BACKWARD_KINDS; kind += long_sizes_count()) {
            check_backward(*state, long_size(i), kind, 3 + 20 * (i % 4), 0xa40000 + 100 * i + kind);
        }
    }
}

/* Every element a part of its own. */
static void test_parts_of_one(void **state) {
    const dtype *t = *state;
    enum { N = 777 };
    rng r = rng_seed(0xa50000);
    void *x = elements(t, N), *expected = elements(t, N), *y = elements(t, N);
    size_t begin[N + 1];
    cut c = {N, begin};
    for (size_t i = 0; i <= N; i++) {
        begin[i] = i;
    }
    for (size_t kind = 0; kind < FILL_X_KINDS; kind++) {
        fill_x(t, x, N, kind, &r);
        assert_ok(t->softmax(1, N, x, N, expected, N, NULL));
        label("softmax in parts of one, %s", fill_x_name(kind));
        softmax_in_parts(t, N, x, &c, MERGE_TREE, any_isa, NULL, &r, y);
        assert_same_bits(t, expected, y, N);
    }
    free(x), free(expected), free(y);
}

static uint64_t minus_infinity(const dtype *t) { return t->size == sizeof(float) ? 0xff800000u : 0xfff0000000000000u; }

/* Step 1 sets every field, and the statistics of no entries change nothing that they are merged with. */
static void test_stats_of_nothing(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(0xa60000);
    void *x = elements(t, 50);
    fill_x(t, x, 50, 0, &r);
    softmax_stats none, some, merged;
    fill_canary(&none, sizeof none);
    assert_ok(t->part_max(0, NULL, &none));
    assert_ok(t->part_max(50, x, &some));
    for (int k = 0; k < 4; k++) {
        assert_int_equal(t->stats_sum(&none)[k], 0);
        assert_int_equal(t->stats_sum(&some)[k], 0);
    }
    assert_element_bits(t, &none, 0, minus_infinity(t)); /* the maximum is the first member */
    merged = none;
    assert_ok(t->stats_merge(&merged, &some));
    assert_same_bits(t, &some, &merged, 1);
    merged = some;
    assert_ok(t->stats_merge(&merged, &none));
    assert_same_bits(t, &some, &merged, 1);
    free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_short_forward), TEST_BOTH(test_short_backward),   TEST_BOTH(test_long),
        TEST_BOTH(test_parts_of_one),  TEST_BOTH(test_stats_of_nothing),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
