/* f2 and bf16 files: the arithmetic is that of f4 (or f8), with one rounding at the end. And --dtype, every mixture. */
#include "array.h"
#include "tool.h"

#include "smx/tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 30, N = 77, COUNT = ROWS * N };

/* As DLPack has it. */
typedef struct type {
    const char *option, *descr;
    uint8_t code, bits;
} type;

/* numpy.save writes an array of ml_dtypes.bfloat16 as <V2. */
static const type types[] = {{"f2", "<f2", kDLFloat, 16},
                             {"bf16", "<V2", kDLBfloat, 16},
                             {"f4", "<f4", kDLFloat, 32},
                             {"f8", "<f8", kDLFloat, 64}};
enum { F4 = 2, F8 = 3, TYPES = 4 };

static void round_to(const type *to, void *out, const type *from, const void *in) {
    int64_t shape = COUNT;
    const DLTensor source = {.data = (void *)(uintptr_t)in,
                             .device = {kDLCPU, 0},
                             .ndim = 1,
                             .dtype = {from->code, from->bits, 1},
                             .shape = &shape};
    DLTensor target = source;
    target.data = out;
    target.dtype = (DLDataType){to->code, to->bits, 1};
    assert_ok(smx_tensor_copy(&source, &target, NULL));
}

static size_t bytes_of(const type *t) { return (size_t)COUNT * t->bits / 8; }

static void write_typed(const char *path, const type *t, const void *numbers) {
    npy_write_as(path, t->descr, "(30, 77)", numbers, bytes_of(t));
}

static void assert_typed(const char *path, const type *t, const void *numbers) {
    npy_expect(path, t->descr, "(30, 77)", numbers, bytes_of(t));
}

/* log-softmax of x in the arithmetic that the types ask for. */
static void compute(const type *in, const type *out, const void *x, void *y) {
    const type *real = in == &types[F8] || out == &types[F8] ? &types[F8] : &types[F4];
    void *wide = elements(&dtype_f64, COUNT);
    round_to(real, wide, in, x);
    assert_ok(real == &types[F8] ? smx_log_softmax_f64(ROWS, N, wide, N, wide, N, NULL)
                                 : smx_log_softmax_f32(ROWS, N, wide, N, wide, N, NULL));
    round_to(out, y, real, wide);
    free(wide);
}

static void test_types(void **state) {
    (void)state;
    rng r = rng_seed(1);
    double numbers[COUNT];
    void *x = elements(&dtype_f64, COUNT), *y = elements(&dtype_f64, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        numbers[i] = rng_uniform(&r, -12, 12);
    for (int i = 0; i < TYPES; i++) {
        const type *in = &types[i];
        round_to(in, x, &types[F8], numbers);
        write_typed("x.npy", in, x);
        compute(in, in, x, y);
        assert_success(shell("$SMX log-softmax x.npy -o y.npy"));
        assert_typed("y.npy", in, y);
        for (int k = 0; k < TYPES; k++) {
            compute(in, &types[k], x, y);
            assert_success(shell("$SMX log-softmax x.npy -o y.npy --dtype %s", types[k].option));
            assert_typed("y.npy", &types[k], y);
            assert_success(
                shell("cat x.npy | $SMX log-softmax - -o - --dtype %s --memory 1 | cat > z.npy", types[k].option));
            assert_true(same_files("y.npy", "z.npy"));
        }
    }
    free(x);
    free(y);
}

/* The other paths that numbers take: transposed, in parts, and the matrices of a Jacobian. */
static void test_paths(void **state) {
    (void)state;
    array wide = {.t = &dtype_f32, .ndim = 2, .shape = {4, 200000}};
    rng r = rng_seed(2);
    array_allocate(&wide);
    array_fill_logits(&wide, &r);
    array_write(&wide, "wide.npy", 1, 0);
    free(wide.data);
    for (int k = 0; k < 2; k++) {
        const char *half = types[k].option;
        /* x is half; x4 has the same numbers in f4. */
        assert_success(shell("$SMX log-softmax wide.npy -o x.npy --dtype %s", half));
        assert_success(shell("$SMX softmax x.npy -o y.npy && $SMX softmax x.npy -o y1.npy --memory 1"));
        assert_true(same_files("y.npy", "y1.npy"));
        assert_success(
            shell("$SMX softmax x.npy -o y.npy --axis 0 && $SMX softmax x.npy -o y1.npy --axis 0 --memory 1"));
        assert_true(same_files("y.npy", "y1.npy"));
        assert_success(shell("$SMX backward x.npy y.npy -o dx.npy && $SMX backward x.npy y.npy -o dx1.npy --memory 1"));
        assert_true(same_files("dx.npy", "dx1.npy"));
    }
    array y = {.t = &dtype_f32, .ndim = 2, .shape = {3, 600}};
    array_allocate(&y);
    array_fill_probabilities(&y, &r);
    array_write(&y, "y.npy", 1, 0);
    free(y.data);
    assert_success(shell("$SMX jacobian y.npy -o j.npy --dtype bf16"));
    assert_success(shell("$SMX jacobian y.npy -o j1.npy --dtype bf16 --memory 1"));
    assert_true(same_files("j.npy", "j1.npy"));
}

/* Masks, scales and weights may have another type than x; what stands beside it may be another short one. */
static void test_mixtures(void **state) {
    (void)state;
    array x = {.t = &dtype_f32, .ndim = 2, .shape = {ROWS, N}}, mask = {.t = &dtype_f32, .ndim = 1, .shape = {N}};
    rng r = rng_seed(3);
    array_allocate(&x);
    array_allocate(&mask);
    for (size_t i = 0; i < N; i++)
        mask.t->store(mask.data, i, (double)rng_below(&r, 16) - 8);
    array_fill_logits(&x, &r);
    array_write(&x, "x.npy", 1, 0);
    array_write(&mask, "mask.npy", 1, 0);
    double wide[N];
    uint16_t bf16[N];
    for (size_t i = 0; i < N; i++) {
        uint32_t bits = (uint32_t)mask.t->bits(mask.data, i); /* whole numbers: bf16 has them */
        wide[i] = mask.t->load(mask.data, i);
        bf16[i] = (uint16_t)(bits >> 16);
    }
    npy_write_as("mask-f8.npy", "<f8", "(77,)", wide, sizeof wide);
    npy_write_as("mask-v2.npy", "|V2", "(77,)", bf16, sizeof bf16);
    assert_success(shell("$SMX softmax x.npy --mask mask.npy -o y.npy"));
    assert_success(shell("$SMX softmax x.npy --mask mask-f8.npy -o z.npy && cmp y.npy z.npy"));
    assert_success(shell("$SMX softmax x.npy --mask mask-v2.npy -o z.npy && cmp y.npy z.npy"));
    assert_success(shell("$SMX softmax x.npy -o half.npy --dtype f2 && $SMX softmax half.npy -o back.npy --dtype f4"));
    assert_success(shell("$SMX backward half.npy x.npy -o dx.npy --dtype f4"));
    assert_success(shell("$SMX softmax x.npy -o wide.npy --dtype f8"));
    assert_refused(shell("$SMX backward wide.npy x.npy -o out.npy"), 1,
                   "smx: x.npy: ", "its dtype '<f4' is not that of wide.npy, '<f8'");
    free(x.data);
    free(mask.data);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_mixtures),
    };
    return RUN_CLI_TESTS(argc, argv, tests);
}
