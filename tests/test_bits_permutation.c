/* A permutation of a row, of its masks and of what else has an entry for each class permutes the result and leaves the
 * rest as it is, bit for bit. The order of a batch and how it is split do not show in what all its rows add up to. */
#include "common/check.h"
#include "common/isas.h"
#include "common/problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 100 };

static size_t *permutation(size_t n, rng *r) {
    size_t *perm = malloc((n + 1) * sizeof *perm);
    assert_non_null(perm);
    rng_permutation(r, n, perm);
    return perm;
}

static double rounded(const dtype *t, double value) {
    unsigned char memory[sizeof(double)];
    t->store(memory, 0, value);
    return t->load(memory, 0);
}

/* Whether two entries have the same logit: scale x as two numbers of the type, each of which may underflow. */
static int same_logit(const dtype *t, double scale, double x, double other_x) {
    double high = rounded(t, scale * x), other_high = rounded(t, scale * other_x);
    return x == other_x ||
           (high == other_high && rounded(t, fma(scale, x, -high)) == rounded(t, fma(scale, other_x, -high)));
}

/* Ties have another first one in another order, but its logit is the same (seen in x, where nothing is added to it). */
static void check_argmax(const call *one, size_t k, const call *other, const size_t *perm, const masks *m,
                         int other_logits) {
    int64_t a = *(int64_t *)block_element(&one->b[CE_ARGMAX], k, 0);
    int64_t b = *(int64_t *)block_element(&other->b[CE_ARGMAX], 0, 0);
    assert_true((a < 0) == (b < 0));
    if (a < 0 || (int64_t)perm[b] == a) {
        if (one->b[CE_CORRECT].a) {
            assert_int_equal(*(uint8_t *)block_element(&one->b[CE_CORRECT], k, 0),
                             *(uint8_t *)block_element(&other->b[CE_CORRECT], 0, 0));
        }
    } else if (!other_logits) {
        double first = one->t->load(block_element(&one->b[CE_X], k, (size_t)a), 0);
        double second = one->t->load(block_element(&other->b[CE_X], 0, (size_t)b), 0);
        if (!same_logit(one->t, m->scale ? one->t->load(m->scale, 0) : 1, first, second)) {
            fail_msg("%s: the largest is %a and, permuted, %a", label_text(), first, second);
        }
    }
}

/* One row of the problem alone, its entries in another order. */
static void check_entries(problem p) {
    const function *f = p.c.f;
    rng r = rng_seed(p.seed);
    p.m.opt.alibi = NULL; /* slopes are those of places */
    p.m.opt.queries = p.m.opt.causal != SMX_CAUSAL_NONE || p.m.opt.use_window ? p.m.opt.queries : 0;
    call_must_run(&p.c, &p.m.opt);
    size_t k = rng_below(&r, p.c.rows), *perm = permutation(p.c.n, &r);
    call permuted = call_new(f, p.c.t, 1, p.c.n, 5, &r);
    masks m = masks_of_row(&p.m, k, perm);
    call_copy_row(&permuted, 0, &p.c, k, perm);
    call_must_run(&permuted, masks_options(&m, f));
    call_expect_row(&p.c, k, &permuted, 0, perm);
    if (p.c.b[CE_ARGMAX].a) {
        check_argmax(&p.c, k, &permuted, perm, &m, m.add || f->ce.softcap != 0 || m.opt.softcap != 0);
    }
    call_free(&permuted), masks_free(&m), free(perm), problem_free(&p);
}

static void check_plain(const function *f, const dtype *t, size_t n, size_t kind, uint64_t seed) {
    check_entries(problem_plain(f, t, 1, n, 0, kind, seed));
}

static void check_with_options(const function *f, const dtype *t, uint64_t seed) {
    check_entries(problem_new(f, t, 0, 0, 0, seed));
}

static void test_entries(void **state) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for_all_short_sizes(*state, 0x2800000, check_plain);
        for_all_functions(*state, ROUNDS, 0x2600000, check_with_options);
    }
}

static void test_long(void **state) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for_all_long_sizes(*state, 16, 0x2900000, check_plain);
    }
}

/* Rows in another order, with no masks (which repeat by position): everything that has a row moves with it, and sums
 * over rows stay. */
static void check_batch_order(const function *f, const dtype *t, uint64_t seed) {
    if (f->needs) {
        return; /* a scale for each row stands by position too */
    }
    rng r = rng_seed(seed);
    size_t rows = 1 + rng_below(&r, 40), n = 1 + rng_below(&r, 50), *order = permutation(rows, &r);
    call c = call_new(f, t, rows, n, 0, NULL), shuffled = call_new(f, t, rows, n, 3, &r);
    label("%s %s on %s, %zu rows in another order, n = %zu, seed %#llx", f->name, t->name, smx_isa(), rows, n,
          (unsigned long long)seed);
    call_fill(&c, seed % CALL_KINDS, &r);
    for (size_t k = 0; k < rows; k++) {
        call_copy_row(&shuffled, k, &c, order[k], NULL);
    }
    call_must_run(&c, NULL);
    call_must_run(&shuffled, NULL);
    for (size_t k = 0; k < rows; k++) {
        call_expect_row(&c, order[k], &shuffled, k, NULL);
    }
    call_expect_shared(&c, &shuffled);
    call_free(&c), call_free(&shuffled), free(order);
}

static void test_batch_order(void **state) { for_all_functions(*state, ROUNDS, 0x2700000, check_batch_order); }

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_entries), TEST_BOTH(test_long), TEST_BOTH(test_batch_order)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
