/* smx_refused: the name of what a call was refused for, where test_refusals_* and test_tensor_refusals do not look, and
 * for each thread by itself. */
#include "common/check.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

enum { ROWS = 2, N = 3 };

static float x[ROWS * N], y[ROWS * N * N];

/* Every field of the options, spoiled. */
static void test_options(void **state) {
    (void)state;
    const int64_t length = N + 1;
    const float zero = 0;
    const uint8_t keep[ROWS * N] = {0};
    smx_options opt[16];
    for (size_t i = 0; i < 16; i++) {
        opt[i] = (smx_options)SMX_OPTIONS_INIT;
    }
    opt[0].size = 1;
    opt[1].plus_inf = (smx_plus_inf)2;
    opt[2].minus_inf_row = (smx_minus_inf_row)2;
    opt[3].parallel_for = (smx_parallel_for)1;
    opt[4].scale = &zero;
    opt[5].scale_stride = 1;
    opt[6].add = x, opt[6].add_ld = N - 1;
    opt[7].keep = keep, opt[7].keep_ld = N - 1;
    opt[8].lengths = &length, opt[8].lengths_rows = 1;
    opt[9].causal = (smx_causal)3, opt[9].queries = 1;
    opt[10].causal = SMX_CAUSAL_TOP_LEFT;
    opt[11].queries = 1;
    static const struct {
        smx_status status;
        const char *what;
    } wanted[] = {{SMX_ERROR_OPTION, "options.size"},          {SMX_ERROR_OPTION, "options.plus_inf"},
                  {SMX_ERROR_OPTION, "options.minus_inf_row"}, {SMX_ERROR_OPTION, "options.threads"},
                  {SMX_ERROR_SCALE, "options.scale"},          {SMX_ERROR_OPTION, "options.scale_stride"},
                  {SMX_ERROR_STRIDE, "options.add_ld"},        {SMX_ERROR_STRIDE, "options.keep_ld"},
                  {SMX_ERROR_LENGTH, "options.lengths"},       {SMX_ERROR_OPTION, "options.causal"},
                  {SMX_ERROR_OPTION, "options.queries"},       {SMX_ERROR_OPTION, "options.queries"}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        label("%s", wanted[i].what);
        assert_refused_for(wanted[i].status, wanted[i].what, smx_softmax_f32(ROWS, N, x, N, y, N, &opt[i]));
        assert_refused_for(wanted[i].status, wanted[i].what, smx_logsumexp_f32(ROWS, N, x, N, y, &opt[i]));
    }
    const size_t huge = SIZE_MAX / 2;
    label("sizes");
    assert_refused_for(SMX_ERROR_SIZE, "x", smx_softmax_f32(2, huge, x, huge, y, huge, NULL));
    opt[12].add = x, opt[12].add_ld = SIZE_MAX / 2;
    assert_refused_for(SMX_ERROR_SIZE, "options.add", smx_softmax_f32(ROWS, N, x, N, y, N, &opt[12]));
}

/* Functions of which the table knows nothing. */
static void test_functions(void **state) {
    (void)state;
    label("softmax_jacobian");
    assert_refused_for(SMX_ERROR_NULL, "y", smx_softmax_jacobian_f32(ROWS, N, NULL, N, y, N, (size_t)N * N, NULL));
    assert_refused_for(SMX_ERROR_NULL, "jac", smx_softmax_jacobian_f32(ROWS, N, x, N, NULL, N, (size_t)N * N, NULL));
    assert_refused_for(SMX_ERROR_STRIDE, "ldy", smx_softmax_jacobian_f32(ROWS, N, x, 2, y, N, (size_t)N * N, NULL));
    assert_refused_for(SMX_ERROR_STRIDE, "ldj", smx_softmax_jacobian_f32(ROWS, N, x, N, y, 2, (size_t)N * N, NULL));
    assert_refused_for(SMX_ERROR_STRIDE, "matrix_stride", smx_softmax_jacobian_f32(ROWS, N, x, N, y, N, 8, NULL));
    assert_refused_for(SMX_ERROR_SIZE, "ldj", smx_softmax_jacobian_f32(ROWS, N, x, N, y, SIZE_MAX, SIZE_MAX, NULL));
    assert_refused_for(SMX_ERROR_OVERLAP, "jac", smx_softmax_jacobian_f32(ROWS, N, x, N, x, N, (size_t)N * N, NULL));
    assert_refused_for(SMX_ERROR_STRIDE, "matrix_stride",
                       smx_cross_entropy_hessian_f32(ROWS, N, x, N, y, N, (size_t)N * N - 1, NULL));
    label("columns");
    assert_refused_for(SMX_ERROR_NULL, "x", smx_softmax_columns_f32(N, ROWS, NULL, N, y, N, NULL));
    assert_refused_for(SMX_ERROR_NULL, "y", smx_log_softmax_columns_f32(N, ROWS, x, N, NULL, N, NULL));
    assert_refused_for(SMX_ERROR_STRIDE, "ldx", smx_softmax_columns_f32(N, ROWS, x, N - 1, y, N, NULL));
    assert_refused_for(SMX_ERROR_STRIDE, "ldy", smx_log_softmax_columns_f32(N, ROWS, x, N, y, N - 1, NULL));
    assert_refused_for(SMX_ERROR_OVERLAP, "y", smx_softmax_columns_f32(N, ROWS, x, N, x + 1, N, NULL));
    label("softmax_jacobian_product");
    assert_refused_for(SMX_ERROR_SIZE, "count",
                       smx_softmax_jacobian_product_f32(ROWS, N, x, N, SIZE_MAX, x, N, y, N, NULL));
    label("isa_set");
    assert_refused_for(SMX_ERROR_ISA, "name", smx_isa_set("abacus"));
}

static void test_parts(void **state) {
    (void)state;
    smx_softmax_stats_f32 stats = {.max = 0}, other = {.max = 1, .sum = {1}};
    smx_softmax_backward_stats back = {.exponent = 0}, far = {.exponent = 12345, .sum = {1}};
    label("softmax in parts");
    assert_refused_for(SMX_ERROR_NULL, "x", smx_softmax_part_max_f32(N, NULL, &stats));
    assert_refused_for(SMX_ERROR_NULL, "stats", smx_softmax_part_max_f32(N, x, NULL));
    assert_refused_for(SMX_ERROR_NULL, "x", smx_softmax_part_sum_f32(N, NULL, N, &stats, NULL));
    assert_refused_for(SMX_ERROR_NULL, "stats", smx_softmax_part_sum_f32(N, x, N, NULL, NULL));
    assert_refused_for(SMX_ERROR_SIZE, "row_n", smx_softmax_part_sum_f32(N, x, N - 1, &stats, NULL));
    assert_refused_for(SMX_ERROR_NULL, "stats", smx_softmax_part_finish_f32(N, x, NULL, y, NULL));
    assert_refused_for(SMX_ERROR_STATS, "stats", smx_softmax_part_finish_f32(N, x, &stats, y, NULL));
    stats.max = NAN;
    assert_refused_for(SMX_ERROR_NULL, "y", smx_softmax_part_finish_f32(N, x, &stats, NULL, NULL));
    assert_refused_for(SMX_ERROR_OVERLAP, "y", smx_softmax_part_finish_f32(N, x, &stats, x + 1, NULL));
    assert_refused_for(SMX_ERROR_NULL, "into", smx_softmax_stats_merge_f32(NULL, &stats));
    assert_refused_for(SMX_ERROR_NULL, "from", smx_softmax_stats_merge_f32(&stats, NULL));
    assert_refused_for(SMX_ERROR_STATS, "from", smx_softmax_stats_merge_f32(&stats, &other));
    label("softmax_backward in parts");
    assert_refused_for(SMX_ERROR_NULL, "y", smx_softmax_backward_part_max_f32(N, NULL, x, &back));
    assert_refused_for(SMX_ERROR_NULL, "dy", smx_softmax_backward_part_max_f32(N, x, NULL, &back));
    assert_refused_for(SMX_ERROR_NULL, "stats", smx_softmax_backward_part_sum_f32(N, x, x, N, NULL));
    assert_refused_for(SMX_ERROR_SIZE, "row_n", smx_softmax_backward_part_sum_f32(N, x, x, N - 1, &back));
    assert_refused_for(SMX_ERROR_STATS, "stats", smx_softmax_backward_part_sum_f32(N, x, x, N, &far));
    assert_refused_for(SMX_ERROR_STATS, "stats", smx_softmax_backward_part_finish_f32(N, x, x, &far, y));
    assert_refused_for(SMX_ERROR_NULL, "dx", smx_softmax_backward_part_finish_f32(N, x, x, &back, NULL));
    assert_refused_for(SMX_ERROR_OVERLAP, "dx", smx_softmax_backward_part_finish_f32(N, x, x, &back, x + 1));
    assert_refused_for(SMX_ERROR_NULL, "into", smx_softmax_backward_stats_merge(NULL, &back));
    assert_refused_for(SMX_ERROR_NULL, "from", smx_softmax_backward_stats_merge(&back, NULL));
    assert_refused_for(SMX_ERROR_STATS, "from", smx_softmax_backward_stats_merge(&back, &far));
}

static void test_exact_sums(void **state) {
    (void)state;
    smx_exact_sum sum;
    memset(&sum, 0, sizeof sum);
    float value;
    double wide;
    label("exact sums");
    assert_refused_for(SMX_ERROR_NULL, "sum", smx_exact_sum_add_f32(NULL, N, x));
    assert_refused_for(SMX_ERROR_NULL, "values", smx_exact_sum_add_f32(&sum, N, NULL));
    assert_refused_for(SMX_ERROR_SIZE, "values", smx_exact_sum_add_f32(&sum, SIZE_MAX, x));
    assert_refused_for(SMX_ERROR_NULL, "into", smx_exact_sum_merge(NULL, &sum));
    assert_refused_for(SMX_ERROR_NULL, "from", smx_exact_sum_merge(&sum, NULL));
    assert_refused_for(SMX_ERROR_NULL, "sum", smx_exact_sum_value_f32(NULL, &value));
    assert_refused_for(SMX_ERROR_NULL, "value", smx_exact_sum_value_f64(&sum, NULL));
    assert_refused_for(SMX_ERROR_NULL, "sum", smx_exact_sum_ratio_f32(NULL, &sum, &value));
    assert_refused_for(SMX_ERROR_NULL, "divisor", smx_exact_sum_ratio_f64(&sum, NULL, &wide));
    assert_refused_for(SMX_ERROR_NULL, "value", smx_exact_sum_ratio_f32(&sum, &sum, NULL));
}

/* Fields of cross-entropy that test_refusals_cross_entropy leaves out: arrays that overlap, one after the other. */
static void test_cross_entropy_outputs(void **state) {
    (void)state;
    static int64_t labels[ROWS];
    static smx_exact_sum sums[2];
    const smx_cross_entropy_args_f32 plain = {.size = sizeof plain, .labels_i64 = labels};
    void *const place = labels; /* an input */
    label("cross-entropy");
#define OVER_LABELS(field)                                                                              \
    do {                                                                                                \
        smx_cross_entropy_args_f32 ce = plain;                                                          \
        ce.reduction = strcmp(#field, "reduced") == 0 ? SMX_REDUCTION_SUM : SMX_REDUCTION_NONE;         \
        ce.lddx = N;                                                                                    \
        ce.field = place;                                                                               \
        assert_refused_for(SMX_ERROR_OVERLAP, #field, smx_cross_entropy_f32(ROWS, N, x, N, &ce, NULL)); \
    } while (0)
    OVER_LABELS(loss);
    OVER_LABELS(reduced);
    OVER_LABELS(lse);
    OVER_LABELS(target_log_prob);
    OVER_LABELS(argmax);
    OVER_LABELS(correct);
    OVER_LABELS(count);
    OVER_LABELS(weight);
    OVER_LABELS(dx);
    OVER_LABELS(weight_sum);
    OVER_LABELS(loss_sum);
#undef OVER_LABELS
    smx_cross_entropy_args_f32 ce = plain;
    ce.weight_sum = ce.loss_sum = &sums[0];
    assert_refused_for(SMX_ERROR_OVERLAP, "loss_sum", smx_cross_entropy_f32(ROWS, N, x, N, &ce, NULL));
    ce = plain;
    ce.batch_weight = &sums[0];
    assert_refused_for(SMX_ERROR_OPTION, "batch_weight", smx_cross_entropy_f32(ROWS, N, x, N, &ce, NULL));
    assert_refused_for(SMX_ERROR_NULL, "x", smx_cross_entropy_f32(ROWS, N, NULL, N, &plain, NULL));
    assert_refused_for(SMX_ERROR_STRIDE, "ldx", smx_cross_entropy_f32(ROWS, N, x, N - 1, &plain, NULL));
    ce = plain;
    ce.labels_i64 = NULL, ce.targets = x, ce.ldt = N, ce.dtargets = y, ce.lddt = N - 1;
    assert_refused_for(SMX_ERROR_STRIDE, "lddt", smx_cross_entropy_f32(ROWS, N, x, N, &ce, NULL));
}

/* ---- Threads ---- */

enum { ROUNDS = 2000 };

typedef struct refused_thread {
    pthread_t thread;
    pthread_barrier_t *together;
    bool second, sound;
} refused_thread;

/* Refusals of one thread while the other has others; a call that succeeds changes nothing. */
static void *refuse_and_look(void *data) {
    refused_thread *t = data;
    const smx_options opt = {.size = sizeof opt, .threads = 2};
    const char *what = t->second ? "ldx" : "y";
    float out[N];
    t->sound = smx_refused()[0] == '\0';
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(t->together);
        smx_status status =
            t->second ? smx_softmax_f32(1, N, x, 1, out, N, &opt) : smx_softmax_f32(1, N, x, N, NULL, N, &opt);
        t->sound &= status == (t->second ? SMX_ERROR_STRIDE : SMX_ERROR_NULL) && strcmp(smx_refused(), what) == 0;
        pthread_barrier_wait(t->together);
        t->sound &= smx_softmax_f32(1, N, x, N, out, N, &opt) == SMX_OK && strcmp(smx_refused(), what) == 0;
    }
    return NULL;
}

static void test_threads(void **state) {
    (void)state;
    pthread_barrier_t together;
    assert_int_equal(pthread_barrier_init(&together, NULL, 2), 0);
    refused_thread threads[2] = {{.together = &together}, {.together = &together, .second = true}};
    label("two threads");
    assert_refused_for(SMX_ERROR_NULL, "into", smx_exact_sum_merge(NULL, NULL));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i].thread, NULL, refuse_and_look, &threads[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i].thread, NULL), 0);
        assert_true(threads[i].sound);
    }
    assert_string_equal(smx_refused(), "into");
    pthread_barrier_destroy(&together);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_exact_sums),
        cmocka_unit_test(test_cross_entropy_outputs),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
