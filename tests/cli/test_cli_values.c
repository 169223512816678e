/* Each command that computes on rows gives the bits of the library: along every axis, in both orders, for every dtype
 * and shape, and whether an array is in memory whole, in blocks, a row in parts or its matrix in strips. */
#include "fill.h"
#include "operations.h"
#include "sampled.h"
#include "tool.h"

#include <math.h>
#include <stdlib.h>

static const smx_options one_thread = {.size = sizeof one_thread, .threads = 1};

static void run(trial r, array shape, const char *options, rng *random) {
    if (trial_make(&r, shape, random))
        trial_run(&r, options, &one_thread);
    trial_free(&r);
}

/* Every command (in a quick run, each fourth) on one shape, every other one in Fortran order, and in the other order
 * for f64, along every axis; or, if they are not many, along one of them, but those all that compute long rows
 * otherwise. */
static void run_all(const dtype *t, array shape, size_t which, bool many, const char *options, rng *random) {
    const command *cmd;
    const size_t step = sample_step(4);
    for (size_t i = which % step; (cmd = row_command(i)) != NULL; i += step) {
        bool all = many || cmd->operation->parts != NULL || (cmd->settings & SET(SET_AXIS)) == 0;
        shape.fortran = (int)((i + which + (t == &dtype_f64)) & 1);
        for (size_t axis = 0; axis < shape.ndim; axis++) {
            if (!all && axis != (i / 2 + which) % shape.ndim)
                continue;
            run((trial){.cmd = cmd, .t = t, .axis = axis}, shape, options, random);
            if (has_optional(cmd))
                run((trial){.cmd = cmd, .t = t, .axis = axis, .all = true}, shape, options, random);
        }
    }
}

static void test_shapes(void **state) {
    static const array shapes[] = {
        {.ndim = 1, .shape = {1}},       {.ndim = 1, .shape = {17}},         {.ndim = 2, .shape = {3, 4}},
        {.ndim = 2, .shape = {65, 33}},  {.ndim = 3, .shape = {4, 3, 5}},    {.ndim = 3, .shape = {1, 7, 1}},
        {.ndim = 1, .shape = {0}},       {.ndim = 2, .shape = {0, 3}},       {.ndim = 2, .shape = {70000, 0}},
        {.ndim = 3, .shape = {2, 0, 3}}, {.ndim = 4, .shape = {2, 3, 4, 5}}, {.ndim = 5, .shape = {3, 1, 2, 1, 2}}};
    rng r = rng_seed(1);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        run_all(*state, shapes[i], i, true, "", &r);
}

/* With a block of a MiB or less: whole rows in several blocks; columns in several strips; a row in parts, alone, with
 * others beside it, and both; a matrix in strips; and many small ones. */
static void test_blocks(void **state) {
    static const array shapes[] = {{.ndim = 2, .shape = {300, 1000}},   {.ndim = 2, .shape = {100, 4000}},
                                   {.ndim = 1, .shape = {300000}},      {.ndim = 2, .shape = {2, 150000}},
                                   {.ndim = 3, .shape = {2, 60000, 3}}, {.ndim = 3, .shape = {1, 3, 700}},
                                   {.ndim = 2, .shape = {100000, 1}}};
    rng r = rng_seed(2);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        run_all(*state, shapes[i], i, false, i & 2 ? "--memory 1 --threads 2" : "--memory 1", &r);
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* All kinds of numbers, and the policies for infinities, for whole rows and for rows in parts. */
static void test_special(void **state) {
    const dtype *t = *state;
    const array shape = {.ndim = 2, .shape = {FILL_X_KINDS + 1, 140000}};
    const smx_options opt = {
        .size = sizeof opt, .threads = 1, .plus_inf = SMX_PLUS_INF_LIMIT, .minus_inf_row = SMX_MINUS_INF_ROW_ZEROS};
    rng random = rng_seed(5);
    trial r = {.cmd = command_named("softmax"), .t = t, .axis = 1};
    assert_true(trial_make(&r, shape, &random));
    size_t n = shape.shape[1];
    for (size_t k = 0; k < FILL_X_KINDS; k++)
        fill_x(t, at(t, r.source[0].data, k * n), n, k, &random);
    for (size_t i = 0; i < n; i++)
        t->store(r.source[0].data, FILL_X_KINDS * n + i, -(double)INFINITY);
    trial_write(&r, 1, 0);
    trial_run(&r, "", &one_thread);
    trial_run(&r, "--memory 1 --plus-inf nan --minus-inf-row nan", &one_thread);
    trial_run(&r, "--plus-inf limit --minus-inf-row zeros", &opt);
    trial_run(&r, "--memory 1 --plus-inf limit --minus-inf-row zeros", &opt);
    trial_free(&r);
}

/* A number that is not finite spoils its own matrix and no other, however the matrix is cut. */
static void test_jacobian_not_finite(void **state) {
    const dtype *t = *state;
    rng random = rng_seed(4);
    trial r = {.cmd = command_named("jacobian"), .t = t, .axis = 1};
    assert_true(trial_make(&r, (array){.ndim = 2, .shape = {3, 600}}, &random));
    t->store(r.source[0].data, 600 + 599, (double)INFINITY);
    trial_write(&r, 1, 0);
    trial_run(&r, "", &one_thread);
    trial_run(&r, "--memory 1", &one_thread);
    trial_free(&r);
}

/* Many small terms beside a few large ones: their sum shows that a part of a row is rounded to the unit of the whole
 * row's length, as if it were not cut. */
static void test_length_of_row(void **state) {
    const dtype *t = *state;
    static const char *const names[] = {"softmax", "backward"};
    rng random = rng_seed(9);
    for (int k = 0; k < 2; k++) {
        trial r = {.cmd = command_named(names[k]), .t = t};
        assert_true(trial_make(&r, (array){.ndim = 1, .shape = {300000}}, &random));
        for (size_t i = 0; i < r.source[0].shape[0]; i++) {
            if (k == 0) {
                t->store(r.source[0].data, i, i < 3 ? -0.3 * (double)i : rng_uniform(&random, -33, -31));
            } else {
                t->store(r.source[0].data, i, i == 0 ? 1 : rng_uniform(&random, 0x1p-48, 0x1p-45));
                t->store(r.source[1].data, i, 1);
            }
        }
        trial_write(&r, 1, 0);
        trial_run(&r, "--memory 1", &one_thread);
        trial_free(&r);
    }
}

/* ---- Files and threads ------------------------------------------------------------------------------------------- */

/* Headers of the later versions, and numbers at odd addresses. */
static void test_headers(void **state) {
    rng random = rng_seed(6);
    const command *cmd;
    for (size_t i = 0; (cmd = row_command(i)) != NULL; i++) {
        trial r = {.cmd = cmd, .t = *state, .axis = 2, .all = true};
        assert_true(trial_make(&r, (array){.ndim = 3, .shape = {4, 3, 5}}, &random));
        for (int version = 1; version <= 3; version++) {
            for (size_t extra = 0; extra < 6; extra += 3) {
                trial_write(&r, version, extra);
                trial_run(&r, "", &one_thread);
            }
        }
        trial_free(&r);
    }
}

static void test_threads(void **state) {
    static const char *const options[] = {"--threads 1", "-t 2", "--threads 3", "-t 4"};
    rng random = rng_seed(8);
    trial r = {.cmd = command_named("softmax"), .t = *state, .axis = 1};
    assert_true(trial_make(&r, (array){.ndim = 2, .shape = {300, 1000}}, &random));
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        trial_run(&r, options[i], &one_thread);
    trial_free(&r);
}

/* Against the formula itself, so that this does not rest on the library's own word alone. */
static void test_formula(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(7);
    array x = array_make(t, "x.npy", (array){.ndim = 2, .shape = {20, 30}}, -8, 8, &r), y = x;
    assert_success(shell("$SMX softmax x.npy -o y.npy --axis 0"));
    array_read(&y, "y.npy");
    for (size_t column = 0; column < 30; column++) {
        long double sum = 0;
        for (size_t i = 0; i < 20; i++)
            sum += expl((long double)t->load(x.data, i * 30 + column));
        for (size_t i = 0; i < 20; i++) {
            long double exact = expl((long double)t->load(x.data, i * 30 + column)) / sum;
            long double error = fabsl((long double)t->load(y.data, i * 30 + column) - exact);
            assert_true(error <= 3 * (long double)t->epsilon * exact);
        }
    }
    free(x.data);
    free(y.data);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_shapes),        TEST_BOTH(test_blocks),
                                       TEST_BOTH(test_special),       TEST_BOTH(test_jacobian_not_finite),
                                       TEST_BOTH(test_length_of_row), TEST_BOTH(test_headers),
                                       TEST_BOTH(test_threads),       TEST_BOTH(test_formula)};
    return RUN_CLI_TESTS(argc, argv, tests);
}
