/* A batch of cross-entropy in pieces: weights first, then losses and gradients, have the bits of one call. */
#include "common/check.h"
#include "common/rng.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { ROWS = 37, N = 19 };

typedef struct batch {
    float x[ROWS][N], weights[N], dloss;
    int64_t labels[ROWS];
} batch;

static void fill(batch *b, rng *r) {
    for (size_t k = 0; k < ROWS; k++) {
        for (size_t i = 0; i < N; i++) {
            b->x[k][i] = (float)(5 * rng_normal(r));
        }
        b->labels[k] = rng_below(r, 5) == 0 ? -100 : (int64_t)rng_below(r, N);
    }
    for (size_t i = 0; i < N; i++) {
        b->weights[i] = (float)rng_uniform(r, 0, 3);
    }
    b->dloss = (float)rng_normal(r);
}

/* Rows [from, to) of the batch, with nothing asked for yet. */
static smx_cross_entropy_args_f32 piece(const batch *b, size_t from) {
    smx_cross_entropy_args_f32 ce = {.size = sizeof ce,
                                     .labels_i64 = b->labels + from,
                                     .use_ignore_index = 1,
                                     .ignore_index = -100,
                                     .class_weights = b->weights,
                                     .reduction = SMX_REDUCTION_MEAN,
                                     .dloss = &b->dloss,
                                     .lddx = N};
    return ce;
}

static void test_pieces(void **state) {
    (void)state;
    rng r = rng_seed(4);
    for (size_t trial = 0; trial < 50; trial++) {
        batch b;
        fill(&b, &r);
        float dx[2][ROWS][N], loss, mean;
        size_t cut = rng_below(&r, ROWS + 1);
        smx_cross_entropy_args_f32 whole = piece(&b, 0);
        whole.dx = dx[0][0];
        whole.reduced = &loss;
        assert_ok(smx_cross_entropy_f32(ROWS, N, b.x[0], N, &whole, NULL));

        const size_t from[2] = {0, cut}, rows[2] = {cut, ROWS - cut};
        smx_exact_sum weight = {.nans = 0}, losses = {.nans = 0};
        for (size_t i = 0; i < 2; i++) {
            smx_cross_entropy_args_f32 ce = piece(&b, from[i]);
            ce.weight_sum = &weight;
            assert_ok(smx_cross_entropy_f32(rows[i], N, b.x[from[i]], N, &ce, NULL));
        }
        for (size_t i = 2; i-- > 0;) {
            smx_cross_entropy_args_f32 ce = piece(&b, from[i]);
            ce.batch_weight = &weight;
            ce.loss_sum = &losses;
            ce.dx = dx[1][from[i]];
            assert_ok(smx_cross_entropy_f32(rows[i], N, b.x[from[i]], N, &ce, NULL));
        }
        assert_ok(smx_exact_sum_ratio_f32(&losses, &weight, &mean));
        assert_memory_equal(&loss, &mean, sizeof loss);
        assert_memory_equal(dx[0], dx[1], sizeof dx[0]);
    }
}

/* A batch whose rows all have weight 0: a piece's gradients are NaN or 0, as the mean is, for labels and for dense
 * targets; those of ignored rows are 0. */
static void test_no_weight(void **state) {
    (void)state;
    rng r = rng_seed(6);
    for (int k = 0; k < 8; k++) {
        batch b;
        fill(&b, &r);
        float dx[ROWS][N], dtargets[ROWS][N];
        const smx_exact_sum weight = {.nans = 0};
        smx_cross_entropy_args_f32 ce = piece(&b, 0);
        bool dense = k & 1, zero = k & 2;
        ce.batch_weight = &weight;
        ce.empty_mean = zero ? SMX_EMPTY_MEAN_ZERO : SMX_EMPTY_MEAN_NAN;
        ce.dx = dx[0];
        ce.class_weights = k & 4 ? b.weights : NULL;
        if (dense) {
            ce.labels_i64 = NULL, ce.use_ignore_index = 0;
            ce.targets = b.x[0], ce.ldt = N;
            ce.dtargets = dtargets[0], ce.lddt = N;
        }
        assert_ok(smx_cross_entropy_f32(ROWS, N, b.x[0], N, &ce, NULL));
        for (size_t i = 0; i < (size_t)ROWS * N; i++) {
            bool ignored = !dense && b.labels[i / N] == -100;
            label("a batch of weight 0, %d, element %zu", k, i);
            assert_true(zero || ignored ? dx[i / N][i % N] == 0 : isnan(dx[i / N][i % N]));
            assert_true(!dense || (zero ? dtargets[i / N][i % N] == 0 : isnan(dtargets[i / N][i % N])));
        }
    }
}

/* A weight for the batch means nothing where nothing is divided by it. */
static void test_refusal(void **state) {
    (void)state;
    rng r = rng_seed(5);
    batch b;
    fill(&b, &r);
    float loss = 7;
    const smx_exact_sum weight = {.nans = 0};
    smx_cross_entropy_args_f32 ce = piece(&b, 0);
    ce.reduction = SMX_REDUCTION_SUM;
    ce.batch_weight = &weight;
    ce.reduced = &loss;
    assert_status(SMX_ERROR_OPTION, smx_cross_entropy_f32(ROWS, N, b.x[0], N, &ce, NULL));
    assert_true(loss == 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pieces), cmocka_unit_test(test_no_weight),
                                       cmocka_unit_test(test_refusal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
