/* Each function of the family: the tool gives the bits of the library, along every axis, in both orders, with
 * scale and masks, and whether the arrays are in memory whole or in tiles. */
#include "array.h"
#include "tool.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL(t, name, ...) ((t) == &dtype_f32 ? name##_f32(__VA_ARGS__) : name##_f64(__VA_ARGS__))

enum { INPUTS = 3 };

/* What an input is filled with. */
typedef enum kind { NOTHING, LOGITS, PROBABILITIES, LOGARITHMS, ONE_A_ROW } kind;

/* A command, and what it must compute: rows of n from inputs with stride n. */
typedef struct function {
    const char *command;
    kind in[INPUTS];
    int one_a_row; /* so is the result */
    smx_status (*library)(const dtype *t, size_t rows, size_t n, void *const *in, void *out, const smx_options *opt);
} function;

#define LIBRARY(function_name, library_name, ...)                                                      \
    static smx_status function_name(const dtype *t, size_t rows, size_t n, void *const *in, void *out, \
                                    const smx_options *opt) {                                          \
        return CALL(t, library_name, rows, n, __VA_ARGS__, opt);                                       \
    }
LIBRARY(softmax, smx_softmax, in[0], n, out, n)
LIBRARY(log_softmax, smx_log_softmax, in[0], n, out, n)
LIBRARY(log_softmax_backward, smx_log_softmax_backward, in[0], n, in[1], n, out, n)
LIBRARY(log_softmax_jvp, smx_log_softmax_jvp, in[0], n, in[1], n, out, n)
LIBRARY(logsumexp, smx_logsumexp, in[0], n, out)
LIBRARY(logsumexp_backward, smx_logsumexp_backward, in[0], n, in[1], out, n)
LIBRARY(jvp, smx_softmax_jvp, in[0], n, in[1], n, out, n)
LIBRARY(hessian_product, smx_cross_entropy_hessian_product, in[0], n, in[1], n, out, n)

static const function functions[] = {
    {"softmax", {LOGITS}, 0, softmax},
    {"log-softmax", {LOGITS}, 0, log_softmax},
    {"log-softmax-backward", {LOGARITHMS, LOGITS}, 0, log_softmax_backward},
    {"log-softmax-jvp", {LOGARITHMS, LOGITS}, 0, log_softmax_jvp},
    {"logsumexp", {LOGITS}, 1, logsumexp},
    {"logsumexp-backward", {LOGITS, ONE_A_ROW}, 0, logsumexp_backward},
    {"jvp", {PROBABILITIES, LOGITS}, 0, jvp},
    {"hessian-product", {LOGITS, LOGITS}, 0, hessian_product},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static array like(const dtype *t, const array *shape) {
    array a = *shape;
    a.t = t;
    array_allocate(&a);
    return a;
}

static array without_axis(const array *a, size_t axis) {
    array rows = *a;
    rows.ndim--;
    for (size_t i = axis; i < rows.ndim; i++)
        rows.shape[i] = rows.shape[i + 1];
    return rows;
}

static void fill(array *a, kind what, rng *r) {
    for (size_t i = 0, n = array_count(a); i < n; i++)
        a->t->store(a->data, i,
                    what == PROBABILITIES ? rng_uniform(r, 0, 1)
                    : what == LOGARITHMS  ? rng_uniform(r, -8, 0)
                                          : rng_uniform(r, -8, 8));
}

/* Makes in0.npy, in1.npy, ... for a function. */
static void make_inputs(const function *f, const dtype *t, const array *shape, size_t axis, array *in, rng *r) {
    for (int i = 0; i < INPUTS && f->in[i] != NOTHING; i++) {
        array rows = without_axis(shape, axis);
        char path[16];
        snprintf(path, sizeof path, "in%d.npy", i);
        in[i] = like(t, f->in[i] == ONE_A_ROW ? &rows : shape);
        fill(&in[i], f->in[i], r);
        array_write(&in[i], path, 1, 0);
    }
}

static const char *names_of(const function *f) { return f->in[1] == NOTHING ? "in0.npy" : "in0.npy in1.npy"; }

static void free_inputs(array *in) {
    for (int i = 0; i < INPUTS; i++)
        free(in[i].data);
}

/* Row by row along the axis. The result of the tool is in out.npy. */
static void check_rows(const function *f, const dtype *t, const array *in, size_t axis, const smx_options *opt) {
    size_t n = in[0].shape[axis], rows = array_count(&in[0]) / n;
    array shape = f->one_a_row ? without_axis(&in[0], axis) : in[0];
    array out = {.t = t, .fortran = shape.fortran, .ndim = shape.ndim};
    memcpy(out.shape, shape.shape, sizeof out.shape);
    array_read(&out, "out.npy");
    void *row[INPUTS] = {elements(t, n), elements(t, n), NULL};
    void *expected = elements(t, n), *actual = elements(t, n);
    for (size_t k = 0; k < rows; k++) {
        for (int i = 0; i < INPUTS && f->in[i] != NOTHING; i++) {
            if (f->in[i] == ONE_A_ROW)
                t->store_bits(row[i], 0, t->bits(in[i].data, array_row_start(&in[i], in[i].ndim, k)));
            else
                array_get_row(&in[i], axis, k, row[i]);
        }
        if (f->one_a_row)
            t->store_bits(actual, 0, t->bits(out.data, array_row_start(&out, out.ndim, k)));
        else
            array_get_row(&out, axis, k, actual);
        assert_ok(f->library(t, 1, n, row, expected, opt));
        assert_same_bits(t, expected, actual, f->one_a_row ? 1 : n);
    }
    free(row[0]);
    free(row[1]);
    free(expected);
    free(actual);
    free(out.data);
}

static void test_axes(void **state) {
    const dtype *t = *state;
    static const array shapes[] = {{.ndim = 1, .shape = {17}},
                                   {.ndim = 2, .shape = {7, 33}},
                                   {.ndim = 3, .shape = {4, 3, 5}},
                                   {.fortran = 1, .ndim = 3, .shape = {4, 3, 5}}};
    const smx_options opt = {.size = sizeof opt, .threads = 1};
    rng r = rng_seed(1);
    for (size_t i = 0; i < FUNCTIONS * sizeof shapes / sizeof *shapes; i++) {
        const function *f = &functions[i % FUNCTIONS];
        const array *shape = &shapes[i / FUNCTIONS];
        for (size_t axis = 0; axis < shape->ndim; axis++) {
            array in[INPUTS] = {{0}};
            make_inputs(f, t, shape, axis, in, &r);
            assert_success(shell("$SMX %s %s -o out.npy --axis %zu", f->command, names_of(f), axis));
            check_rows(f, t, in, axis, &opt);
            free_inputs(in);
        }
    }
}

/* ---- Scale and masks, against one call of the library ----------------------------------------------------------- */

enum { MATRICES = 4, QUERIES = 6, KEYS = 40, BATCH = MATRICES * QUERIES };

static void write_numbers(const char *path, const char *descr, const char *shape, const void *numbers, size_t bytes) {
    char header[200];
    int length =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", descr, shape);
    npy_write(path, 1, 0, header, (size_t)length, numbers, bytes);
}

static const char *descr_of(const dtype *t) { return t == &dtype_f32 ? "<f4" : "<f8"; }

/* A case: what the tool is told, and what the library is. */
typedef struct logits_case {
    const char *options;
    smx_options opt;
} logits_case;

static void check_cases(const dtype *t, const logits_case *cases, size_t count, rng *r) {
    const array shape = {.ndim = 3, .shape = {MATRICES, QUERIES, KEYS}};
    for (size_t i = 0; i < count * FUNCTIONS; i++) {
        const function *f = &functions[i % FUNCTIONS];
        const logits_case *c = &cases[i / FUNCTIONS];
        array in[INPUTS] = {{0}}, rows = {.t = t, .ndim = 2, .shape = {MATRICES, QUERIES}};
        array out = f->one_a_row ? rows : like(t, &shape), expected = like(t, &out);
        if (!f->one_a_row)
            free(out.data);
        make_inputs(f, t, &shape, 2, in, r);
        void *data[INPUTS] = {in[0].data, in[1].data, in[2].data};
        assert_success(shell("$SMX %s %s -o out.npy %s", f->command, names_of(f), c->options));
        array_read(&out, "out.npy");
        assert_ok(f->library(t, BATCH, KEYS, data, expected.data, &c->opt));
        assert_same_bits(t, expected.data, out.data, array_count(&out));
        free(out.data);
        free(expected.data);
        free_inputs(in);
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
    write_numbers("keep.npy", "|b1", "(6, 40)", keep, sizeof keep);
    write_numbers("keep-u1.npy", "|u1", "(1, 6, 40)", keep, sizeof keep);
    write_numbers("lengths.npy", "<i8", "(4, 1)", lengths, sizeof lengths);
    write_numbers("lengths-i4.npy", "<i4", "(4, 1)", short_lengths, sizeof short_lengths);
    write_numbers("add.npy", descr_of(t), "(40,)", add, KEYS * t->size);
    write_numbers("scales.npy", descr_of(t), "(4, 6)", scales, BATCH * t->size);
    const smx_options none = {.size = sizeof none, .threads = 1};
    logits_case cases[] = {{"--temperature 0.7", none},
                           {"--scale-file scales.npy", none},
                           {"--mask keep.npy", none},
                           {"--mask keep-u1.npy", none},
                           {"--mask add.npy", none},
                           {"--lengths lengths.npy", none},
                           {"--causal top-left", none},
                           {"--causal bottom-right --lengths lengths-i4.npy", none},
                           {"--mask keep.npy --scale-file scales.npy --causal bottom-right", none}};
    cases[0].opt.scale = scale;
    cases[1].opt.scale = cases[8].opt.scale = scales;
    cases[1].opt.scale_stride = cases[8].opt.scale_stride = 1;
    cases[2].opt.keep = cases[3].opt.keep = cases[8].opt.keep =
        (smx_mask_keep){.data = keep, .ld = KEYS, .rows = QUERIES};
    cases[4].opt.add = (smx_mask_add){.data = add, .ld = KEYS, .rows = 1};
    cases[5].opt.lengths = cases[7].opt.lengths = (smx_lengths){.data = lengths, .every = QUERIES};
    cases[6].opt.causal = SMX_CAUSAL_TOP_LEFT;
    cases[7].opt.causal = cases[8].opt.causal = SMX_CAUSAL_BOTTOM_RIGHT;
    cases[6].opt.queries = cases[7].opt.queries = cases[8].opt.queries = QUERIES;
    check_cases(t, cases, sizeof cases / sizeof *cases, &r);
    free(add);
    free(scales);
    free(scale);
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------- */

/* Many rows, strips of columns, and rows longer than the memory that is allowed. */
static void test_memory(void **state) {
    const dtype *t = *state;
    static const array shapes[] = {{.ndim = 2, .shape = {600, 1000}}, {.ndim = 2, .shape = {3, 200000}}};
    rng r = rng_seed(3);
    for (size_t i = 0; i < FUNCTIONS * sizeof shapes / sizeof *shapes; i++) {
        const function *f = &functions[i % FUNCTIONS];
        for (size_t axis = 0; axis < 2; axis++) {
            array in[INPUTS] = {{0}};
            make_inputs(f, t, &shapes[i / FUNCTIONS], axis, in, &r);
            assert_success(shell("$SMX %s %s -o out.npy --axis %zu", f->command, names_of(f), axis));
            assert_success(
                shell("$SMX %s %s -o tiles.npy --axis %zu --memory 1 --threads 2", f->command, names_of(f), axis));
            assert_true(same_files("out.npy", "tiles.npy"));
            free_inputs(in);
        }
    }
}

static void test_masks_in_tiles(void **state) {
    (void)state;
    const array x = {.t = &dtype_f32, .ndim = 3, .shape = {8, 100, 700}},
                mask = {.t = &dtype_f32, .ndim = 2, .shape = {100, 700}};
    array filled_x = like(&dtype_f32, &x), filled_mask = like(&dtype_f32, &mask);
    rng r = rng_seed(4);
    array_fill_logits(&filled_x, &r);
    array_fill_logits(&filled_mask, &r);
    array_write(&filled_x, "x.npy", 1, 0);
    array_write(&filled_mask, "mask.npy", 1, 0);
    static const char *const options[] = {"--mask mask.npy", "--causal top-left", "--scale -1"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        assert_success(shell("$SMX log-softmax x.npy -o out.npy %s", options[i]));
        assert_success(shell("cat x.npy | $SMX log-softmax - -o - %s --memory 1 | cat > tiles.npy", options[i]));
        assert_true(same_files("out.npy", "tiles.npy"));
    }
    free(filled_x.data);
    free(filled_mask.data);
}

/* ---- Those of another shape -------------------------------------------------------------------------------------- */

static array make(const dtype *t, const char *path, kind what, array shape, rng *r) {
    array a = like(t, &shape);
    fill(&a, what, r);
    array_write(&a, path, 1, 0);
    return a;
}

static void assert_file(const dtype *t, const char *path, array shape, const void *expected) {
    shape.t = t;
    array_read(&shape, path);
    assert_same_bits(t, expected, shape.data, array_count(&shape));
    free(shape.data);
}

static void test_weighted(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(5);
    const array shape = {.ndim = 2, .shape = {9, 31}}, rows = {.ndim = 1, .shape = {9}};
    array x = make(t, "x.npy", LOGITS, shape, &r), b = make(t, "b.npy", LOGITS, shape, &r);
    array one = make(t, "one.npy", LOGITS, (array){.ndim = 1, .shape = {31}}, &r);
    void *lse = elements(t, 9), *sign = elements(t, 9);
    assert_success(shell("$SMX logsumexp x.npy --weights b.npy -o lse.npy --sign sign.npy"));
    assert_ok(CALL(t, smx_logsumexp_weighted, 9, 31, x.data, 31, b.data, 31, lse, sign, NULL));
    assert_file(t, "lse.npy", rows, lse);
    assert_file(t, "sign.npy", rows, sign);
    assert_success(shell("$SMX logsumexp x.npy --weights one.npy --sign sign.npy"));
    assert_ok(CALL(t, smx_logsumexp_weighted, 9, 31, x.data, 31, one.data, 0, lse, sign, NULL));
    assert_file(t, "sign.npy", rows, sign);
    free(x.data);
    free(b.data);
    free(one.data);
    free(lse);
    free(sign);
}

static void test_jacobian_product(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(6);
    const array shape = {.ndim = 3, .shape = {2, 3, 20}}, vectors = {.ndim = 4, .shape = {2, 3, 5, 20}};
    array y = make(t, "y.npy", PROBABILITIES, shape, &r), v = make(t, "v.npy", LOGITS, vectors, &r);
    void *out = elements(t, array_count(&v));
    assert_success(shell("$SMX jacobian-product y.npy v.npy -o out.npy"));
    assert_ok(CALL(t, smx_softmax_jacobian_product, 6, 20, y.data, 20, 5, v.data, 20, out, 20, NULL));
    assert_file(t, "out.npy", vectors, out);
    free(y.data);
    free(v.data);
    free(out);
    const array long_shape = {.ndim = 2, .shape = {50, 900}}, long_vectors = {.ndim = 3, .shape = {50, 11, 900}};
    free(make(t, "y.npy", PROBABILITIES, long_shape, &r).data);
    free(make(t, "v.npy", LOGITS, long_vectors, &r).data);
    assert_success(shell("$SMX jacobian-product y.npy v.npy -o out.npy"));
    assert_success(shell("$SMX jacobian-product y.npy v.npy -o tiles.npy --memory 1"));
    assert_true(same_files("out.npy", "tiles.npy"));
}

static void test_double_backward(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(7);
    const array shape = {.ndim = 2, .shape = {400, 500}};
    array y = make(t, "y.npy", PROBABILITIES, shape, &r), dy = make(t, "dy.npy", LOGITS, shape, &r);
    array ddx = make(t, "ddx.npy", LOGITS, shape, &r);
    void *gy = elements(t, array_count(&y)), *gdy = elements(t, array_count(&y));
    assert_success(shell("$SMX double-backward y.npy dy.npy ddx.npy --grad-y gy.npy --grad-dy gdy.npy --memory 1"));
    assert_ok(CALL(t, smx_softmax_double_backward, 400, 500, y.data, 500, dy.data, 500, ddx.data, 500, gy, 500, gdy,
                   500, NULL));
    assert_file(t, "gy.npy", shape, gy);
    assert_file(t, "gdy.npy", shape, gdy);
    assert_success(shell("$SMX double-backward y.npy dy.npy ddx.npy --grad-dy gdy2.npy"));
    assert_true(same_files("gdy.npy", "gdy2.npy"));
    free(y.data);
    free(dy.data);
    free(ddx.data);
    free(gy);
    free(gdy);
}

static void test_hessian(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(8);
    const array shape = {.ndim = 3, .shape = {2, 3, 300}}, matrices = {.ndim = 4, .shape = {2, 3, 300, 300}};
    array x = make(t, "x.npy", LOGITS, shape, &r);
    void *hess = elements(t, array_count(&x) * 300), *scale = elements(t, 1);
    t->store(scale, 0, -0.5);
    const smx_options opt = {.size = sizeof opt, .scale = scale};
    assert_success(shell("$SMX hessian x.npy -o h.npy --scale -0.5"));
    assert_ok(CALL(t, smx_cross_entropy_hessian, 6, 300, x.data, 300, hess, 300, 90000, &opt));
    assert_file(t, "h.npy", matrices, hess);
    assert_success(shell("$SMX hessian x.npy -o tiles.npy --scale -0.5 --memory 1"));
    assert_true(same_files("h.npy", "tiles.npy"));
    free(x.data);
    free(hess);
    /* Rows in Fortran order; the matrices are in C order all the same. */
    array f = {.t = t, .fortran = 1, .ndim = 3, .shape = {2, 3, 7}};
    array_allocate(&f);
    array_fill_logits(&f, &r);
    array_write(&f, "x.npy", 1, 0);
    assert_success(shell("$SMX hessian x.npy -o h.npy --scale -0.5"));
    void *ordered = elements(t, 42);
    hess = elements(t, 42 * 7);
    for (size_t k = 0; k < 6; k++)
        array_get_row(&f, 2, k, at(t, ordered, k * 7));
    assert_ok(CALL(t, smx_cross_entropy_hessian, 6, 7, ordered, 7, hess, 7, 49, &opt));
    assert_file(t, "h.npy", (array){.ndim = 4, .shape = {2, 3, 7, 7}}, hess);
    free(f.data);
    free(ordered);
    free(hess);
    free(scale);
}

static void test_scale_gradient(void **state) {
    const dtype *t = *state;
    rng r = rng_seed(9);
    const array shape = {.ndim = 2, .shape = {900, 400}}, rows = {.ndim = 1, .shape = {900}};
    array x = make(t, "x.npy", LOGITS, shape, &r), dx = make(t, "dx.npy", LOGITS, shape, &r);
    array scales = make(t, "scales.npy", PROBABILITIES, rows, &r);
    void *each = elements(t, 900), *all = elements(t, 1), *scale = elements(t, 1);
    t->store(scale, 0, 0.5);
    const smx_options one = {.size = sizeof one, .scale = scale};
    const smx_options one_a_row = {.size = sizeof one_a_row, .scale = scales.data, .scale_stride = 1};
    assert_success(shell("$SMX scale-gradient x.npy dx.npy -o all.npy --scale 0.5 --memory 1"));
    assert_ok(CALL(t, smx_scale_gradient, 900, 400, x.data, 400, dx.data, 400, all, &one));
    assert_file(t, "all.npy", (array){.ndim = 0}, all);
    assert_success(shell("$SMX scale-gradient x.npy dx.npy -o each.npy --scale-file scales.npy --memory 1"));
    assert_ok(CALL(t, smx_scale_gradient, 900, 400, x.data, 400, dx.data, 400, each, &one_a_row));
    assert_file(t, "each.npy", rows, each);
    free(x.data);
    free(dx.data);
    free(scales.data);
    free(each);
    free(all);
    free(scale);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_axes),     TEST_BOTH(test_logits),           TEST_BOTH(test_memory),
        TEST_BOTH(test_weighted), TEST_BOTH(test_jacobian_product), TEST_BOTH(test_double_backward),
        TEST_BOTH(test_hessian),  TEST_BOTH(test_scale_gradient),   cmocka_unit_test(test_masks_in_tiles),
    };
    return RUN_CLI_TESTS(argc, argv, tests);
}
