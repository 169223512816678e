/* Scale, masks, lengths and the causal rule: the tool gives the bits of the library, in every layout and broadcast. */
#include "operations.h"
#include "sampled.h"
#include "tool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MATRICES = 4, QUERIES = 6, KEYS = 40, BATCH = MATRICES * QUERIES };

static const char *descr_of(const dtype *t) { return t == &dtype_f32 ? "<f4" : "<f8"; }

/* A case: what the tool is told, and what the library is. */
typedef struct logits_case {
    const char *options;
    smx_options opt;
    uint64_t takes; /* beside SETS_LOGITS */
} logits_case;

/* Every command that takes these options; in a quick run, with each fourth of these cases in turn. */
static void check_cases(const dtype *t, const logits_case *cases, size_t count, rng *r) {
    const array shape = {.ndim = 3, .shape = {MATRICES, QUERIES, KEYS}};
    const command *cmd;
    const size_t step = sample_step(4);
    for (size_t i = 0; (cmd = row_command(i)) != NULL; i++) {
        for (size_t k = i % step; k < count; k += step) {
            uint64_t needs = SETS_LOGITS | cases[k].takes;
            if ((cmd->settings & needs) != needs)
                continue;
            trial run = {.cmd = cmd, .t = t, .axis = 2, .all = (needs & SET(SET_SINK)) == 0};
            run.set.text[SET_SCALE_FILE] = strstr(cases[k].options, "--scale-file");
            assert_true(trial_make(&run, shape, r));
            trial_run(&run, cases[k].options, &cases[k].opt);
            trial_free(&run);
        }
    }
}

static void test_logits(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(2);
    static uint8_t keep[QUERIES * KEYS];
    static int64_t lengths[MATRICES];
    int32_t short_lengths[MATRICES];
    void *add = elements(t, KEYS), *scales = elements(t, BATCH), *scale = elements(t, 1);
    for (size_t i = 0; i < sizeof keep; i++)
        keep[i] = rng_below(&r, 4) != 0;
    for (size_t i = 0; i < MATRICES; i++)
        short_lengths[i] = (int32_t)(lengths[i] = (int64_t)rng_below(&r, KEYS + 1));
    for (size_t i = 0; i < KEYS; i++)
        t->store(add, i, i % 7 == 0 ? -(double)INFINITY : rng_uniform(&r, -2, 2));
    for (size_t i = 0; i < BATCH; i++)
        t->store(scales, i, rng_uniform(&r, 0.5, 2));
    t->store(scale, 0, 1 / 0.7);
    npy_write_as("keep.npy", "|b1", "(6, 40)", keep, sizeof keep);
    npy_write_as("keep-u1.npy", "|u1", "(1, 6, 40)", keep, sizeof keep);
    npy_write_as("lengths.npy", "<i8", "(4, 1)", lengths, sizeof lengths);
    npy_write_as("lengths-i4.npy", "<i4", "(4, 1)", short_lengths, sizeof short_lengths);
    npy_write_as("add.npy", descr_of(t), "(40,)", add, KEYS * t->size);
    npy_write_as("scales.npy", descr_of(t), "(4, 6)", scales, BATCH * t->size);
    npy_write_as("slopes.npy", descr_of(t), "(4, 1)", scales, MATRICES * t->size);
    const smx_options none = {.size = sizeof none, .threads = 1};
    logits_case cases[] = {{"--temperature 0.7", none, 0},
                           {"--scale-file scales.npy", none, 0},
                           {"--mask keep.npy", none, 0},
                           {"--mask keep-u1.npy", none, 0},
                           {"--mask add.npy", none, 0},
                           {"--lengths lengths.npy", none, 0},
                           {"--causal top-left", none, 0},
                           {"--causal bottom-right --lengths lengths-i4.npy", none, 0},
                           {"--mask keep.npy --scale-file scales.npy --causal bottom-right", none, 0},
                           {"--causal bottom-right --window 3,1", none, 0},
                           {"--alibi slopes.npy --window -1,4", none, 0},
                           {"--softcap 2 --mask keep.npy", none, SET(SET_SOFTCAP)},
                           {"--sink slopes.npy --causal top-left", none, SET(SET_SINK)}};
    cases[0].opt.scale = scale;
    cases[1].opt.scale = cases[8].opt.scale = scales;
    cases[1].opt.scale_stride = cases[8].opt.scale_stride = 1;
    cases[2].opt.keep = cases[3].opt.keep = cases[8].opt.keep = keep;
    cases[2].opt.keep_ld = cases[3].opt.keep_ld = cases[8].opt.keep_ld = KEYS;
    cases[2].opt.keep_rows = cases[3].opt.keep_rows = cases[8].opt.keep_rows = QUERIES;
    cases[4].opt.add = add, cases[4].opt.add_ld = KEYS, cases[4].opt.add_rows = 1;
    cases[5].opt.lengths = cases[7].opt.lengths = lengths;
    cases[5].opt.lengths_every = cases[7].opt.lengths_every = QUERIES;
    cases[6].opt.causal = SMX_CAUSAL_TOP_LEFT;
    cases[7].opt.causal = cases[8].opt.causal = SMX_CAUSAL_BOTTOM_RIGHT;
    cases[6].opt.queries = cases[7].opt.queries = cases[8].opt.queries = QUERIES;
    cases[9].opt.causal = SMX_CAUSAL_BOTTOM_RIGHT;
    cases[9].opt.use_window = cases[10].opt.use_window = 1;
    cases[9].opt.window_left = 3, cases[9].opt.window_right = 1;
    cases[10].opt.window_left = -1, cases[10].opt.window_right = 4;
    cases[9].opt.queries = cases[10].opt.queries = cases[12].opt.queries = QUERIES;
    cases[10].opt.alibi = scales, cases[10].opt.alibi_rows = MATRICES, cases[10].opt.alibi_every = QUERIES;
    cases[11].opt.softcap = 2;
    cases[11].opt.keep = keep, cases[11].opt.keep_ld = KEYS, cases[11].opt.keep_rows = QUERIES;
    cases[12].opt.sink = scales, cases[12].opt.sink_rows = MATRICES, cases[12].opt.sink_every = QUERIES;
    cases[12].opt.causal = SMX_CAUSAL_TOP_LEFT;
    check_cases(t, cases, sizeof cases / sizeof *cases, &r);
    free(add);
    free(scales);
    free(scale);
}

/* A mask of the shape of x, along every axis and in both orders. */
static void test_masks_along_axes(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(10);
    for (int order = 0; order < 4; order++) {
        array x = {.t = t, .fortran = order & 1, .ndim = 3, .shape = {4, 5, 7}}, mask = x, y = x;
        mask.fortran = order >> 1;
        array_allocate(&x);
        array_allocate(&mask);
        array_fill_logits(&x, &r);
        array_fill_logits(&mask, &r);
        array_write(&x, "x.npy", 1, 0);
        array_write(&mask, "mask.npy", 1, 0);
        for (size_t axis = 0; axis < 3; axis++) {
            assert_success(shell("$SMX log-softmax x.npy -o y.npy --axis %zu --mask mask.npy", axis));
            array_read(&y, "y.npy");
            size_t n = x.shape[axis];
            void *row = elements(t, n), *add = elements(t, n), *actual = elements(t, n);
            const smx_options opt = {.size = sizeof opt, .threads = 1, .add = add};
            for (size_t k = 0; k < array_count(&x) / n; k++) {
                array_get_row(&x, axis, k, row);
                array_get_row(&mask, axis, k, add);
                array_get_row(&y, axis, k, actual);
                assert_ok(t == &dtype_f32 ? smx_log_softmax_f32(1, n, row, n, row, n, &opt)
                                          : smx_log_softmax_f64(1, n, row, n, row, n, &opt));
                assert_same_bits(t, row, actual, n);
            }
            free(row);
            free(add);
            free(actual);
            free(y.data);
        }
        free(x.data);
        free(mask.data);
    }
}

/* small, broadcast to the shape of full as NumPy does it, is written as full.npy. */
static void write_broadcast(const array *small, array full) {
    array_allocate(&full);
    for (size_t i = 0; i < array_count(&full); i++) {
        size_t at = 0, rest = i;
        for (size_t d = full.ndim; d-- > 0;) {
            size_t index = rest % full.shape[d], missing = full.ndim - small->ndim;
            rest /= full.shape[d];
            if (d >= missing && small->shape[d - missing] > 1)
                at += index * array_stride(small, d - missing);
        }
        full.t->store_bits(full.data, i, small->t->bits(small->data, at));
    }
    array_write(&full, "full.npy", 1, 0);
    free(full.data);
}

/* What broadcasts gives the bits of what was broadcast, along every axis; in a quick run, along one of them in turn. */
static void test_broadcast(void **state) {
    const dtype *t = *state;
    static const array shapes[] = {
        {.ndim = 0},
        {.ndim = 1, .shape = {7}},
        {.ndim = 1, .shape = {1}},
        {.ndim = 2, .shape = {1, 7}},
        {.ndim = 2, .shape = {5, 1}},
        {.ndim = 2, .shape = {5, 7}},
        {.fortran = 1, .ndim = 2, .shape = {5, 7}},
        {.ndim = 3, .shape = {4, 1, 1}},
        {.ndim = 3, .shape = {4, 1, 7}},
        {.fortran = 1, .ndim = 3, .shape = {4, 1, 7}},
    };
    const array full = {.t = t, .ndim = 3, .shape = {4, 5, 7}};
    const array wide = {.t = t, .ndim = 4, .shape = {4, 5, 7, 6}};
    rng r = rng_seed(11);
    free(array_make(t, "x.npy", full, -8, 8, &r).data);
    free(array_make(t, "wide.npy", wide, -8, 8, &r).data);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        array small = array_make(t, "small.npy", shapes[i], 0, 1, &r);
        write_broadcast(&small, full);
        const size_t step = sample_step(3);
        for (size_t axis = i % step; axis < 3; axis += step) {
            assert_success(shell("$SMX softmax x.npy -o a.npy --axis %zu --mask small.npy", axis));
            assert_success(shell("$SMX softmax x.npy -o b.npy --axis %zu --mask full.npy", axis));
            assert_true(same_files("a.npy", "b.npy"));
            assert_success(shell("$SMX logsumexp x.npy -o a.npy --axis %zu --weights small.npy", axis));
            assert_success(shell("$SMX logsumexp x.npy -o b.npy --axis %zu --weights full.npy", axis));
            assert_true(same_files("a.npy", "b.npy"));
        }
        /* A scale for each row of (4, 5, 7, 6). */
        assert_success(shell("$SMX softmax wide.npy -o a.npy --scale-file small.npy"));
        assert_success(shell("$SMX softmax wide.npy -o b.npy --scale-file full.npy"));
        assert_true(same_files("a.npy", "b.npy"));
        free(small.data);
    }
}

static void test_masks_in_tiles(void **state) {
    (void)state;
    rng r = rng_seed(4);
    free(array_make(&dtype_f32, "x.npy", (array){.ndim = 3, .shape = {8, 100, 700}}, -8, 8, &r).data);
    free(array_make(&dtype_f32, "mask.npy", (array){.ndim = 2, .shape = {100, 700}}, -8, 8, &r).data);
    free(array_make(&dtype_f32, "slopes.npy", (array){.ndim = 2, .shape = {8, 1}}, 0, 1, &r).data);
    static const char *const options[] = {"--mask mask.npy", "--causal top-left", "--scale -1",
                                          "--causal top-left --window 20", "--window 5,-1 --alibi slopes.npy"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        assert_success(shell("$SMX log-softmax x.npy -o out.npy %s", options[i]));
        assert_success(shell("cat x.npy | $SMX log-softmax - -o - %s --memory 1 | cat > tiles.npy", options[i]));
        assert_true(same_files("out.npy", "tiles.npy"));
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_logits),
        TEST_BOTH(test_masks_along_axes),
        TEST_BOTH(test_broadcast),
        cmocka_unit_test(test_masks_in_tiles),
    };
    return RUN_CLI_TESTS(argc, argv, tests);
}
