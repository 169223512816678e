/* Rows of halves that go through kernels of their own have the bits of the row function, rounded once: at every length
 * and number of rows where those change their way, whatever the layout and the threads, in place or not, with
 * rows among them that have a NaN or an infinity. */
#include "common/check.h"
#include "common/isas.h"
#include "common/sampled.h"
#include "common/tensor_call.h"

#include <math.h>
#include <string.h>

/* Around 64, 128 and 256, multiples of two vectors, blocks of 4096 (of 2048 for two inputs, 1024 for two rows of
 * these), blocks of a sum, and where sums of f32 take a third limb. */
static const int64_t lengths[] = {1,    2,    3,    8,    15,   16,   17,    31,     32,    33,   63,   64,
                                  65,   79,   80,   95,   96,   97,   127,   128,    129,   255,  256,  257,
                                  300,  511,  513,  999,  1000, 1023, 1024,  1025,   2047,  2048, 2049, 4095,
                                  4096, 4097, 8127, 8128, 8129, 8193, 16385, 262144, 262145};
static const int64_t counts[] = {1, 2, 3, 4, 7, 15, 17, 33, 64, 70, 140};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Rows of up to so many elements in all, or tests would take long. */
enum { ELEMENTS_MOST = 20000 };

/* Some rows get something special. */
static void make_special(tensor_call *c, rng *r) {
    static const double specials[] = {NAN, INFINITY, -INFINITY, -0.0};
    size_t n = c->s.n;
    for (int a = 0; a < c->o->inputs; a++) {
        size_t row = rng_below(r, c->s.rows), kind = rng_below(r, COUNT(specials));
        for (size_t j = 0; j < n; j++) {
            if (kind > 1 || j == n - 1) {
                tensor_set(&c->t[a], row * n + j, specials[kind]);
            }
        }
    }
}

static void check_call(const op *o, element e, int64_t rows, int64_t n, int layout, bool special, uint64_t seed) {
    const smx_options one = {.size = sizeof one, .threads = 1};
    const int64_t shape[] = {rows, n};
    element types[OP_ARGUMENTS_MAX];
    int layouts[OP_ARGUMENTS_MAX];
    for (int i = 0; i < OP_ARGUMENTS_MAX; i++) {
        types[i] = e;
        layouts[i] = layout;
    }
    for (int output_is = -1; output_is < o->inputs; output_is++) {
        rng r = rng_seed(seed);
        const smx_tensor_options opt = {.size = sizeof opt, .threads = 1 + (unsigned)rng_below(&r, 3)};
        label("%s of %s on %s, %lld x %lld, layout %d, in place of %d", o->name, element_names[e], smx_isa(),
              (long long)rows, (long long)n, layout, output_is);
        tensor_call c = tensor_call_new(o, op_shape_of(2, shape, 1), types, layouts, &r);
        if (special) {
            make_special(&c, &r);
        }
        assert_ok(tensor_call_expect(&c, &one));
        assert_ok(tensor_call_run(&c, 1, output_is, &opt));
        tensor_call_check(&c, output_is);
        tensor_call_free(&c);
    }
}

static void check_all(const op *o, uint64_t seed) {
    for (size_t i = 0; i < COUNT(lengths); i++) {
        for (size_t k = 0; k < COUNT(counts); k++) {
            if (k > 1 && lengths[i] * counts[k] > ELEMENTS_MOST) {
                continue;
            }
            static const int layouts[] = {LAYOUT_C, LAYOUT_GAPS | LAYOUT_NEGATIVE, LAYOUT_MISALIGNED};
            for (int e = F16; e <= BF16; e++, seed++) {
                if (seed / 2 % 12 >= sampled(12)) {
                    continue;
                }
                int layout = layouts[seed % 4 < 2 ? 0 : 1 + seed % 2];
                check_call(o, (element)e, counts[k], lengths[i], layout, seed % 3 == 0, seed);
            }
        }
    }
}

static void test_rows(void **state) {
    (void)state;
    for (size_t isa = 0; smx_isa_available(isa); isa++) {
        use_isa(smx_isa_available(isa));
        for (size_t i = 0; i < TENSOR_OPS; i++) {
            const op *o = tensor_op(i);
            if (strcmp(o->name, "softmax") == 0 || strcmp(o->name, "softmax_backward") == 0) {
                check_all(o, 0x90000000 + 0x10000 * isa);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
