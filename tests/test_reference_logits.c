/* Every instruction set gives the bits of docs/bits.md for functions of logits, as tests/reference/bits_logits.h
 * reads that page. */
#include "common/check.h"
#include "common/isas.h"
#include "common/reference_rows.h"
#include "common/sampled.h"

#include <stdlib.h>

/* ---- The functions, and the reference, by number ----------------------------------------------------------------- */

enum {
    SOFTMAX,
    LOG_SOFTMAX,
    LOGSUMEXP,
    LOGSUMEXP_BACKWARD,
    LOG_SOFTMAX_BACKWARD,
    SOFTCAP_BACKWARD,
    SINK_GRADIENT,
    FUNCTIONS
};
static const char *const names[FUNCTIONS] = {
    "softmax",          "log_softmax",  "logsumexp", "logsumexp_backward", "log_softmax_backward",
    "softcap_backward", "sink_gradient"};

/* Of a row each: `extra` is dlse, dy or dz, and p the softmax of the row. */
static void reference_row(const dtype *t, int f, size_t n, const void *x, const void *extra, const void *p, void *y,
                          const reference_options *opt) {
    int is_f32 = t == &dtype_f32;
    switch (f) {
    case SOFTMAX:
        is_f32 ? reference_logits_softmax_f32(n, x, y, opt) : reference_logits_softmax_f64(n, x, y, opt);
        break;
    case LOG_SOFTMAX:
        is_f32 ? reference_log_softmax_f32(n, x, y, opt) : reference_log_softmax_f64(n, x, y, opt);
        break;
    case LOGSUMEXP:
        is_f32 ? reference_logsumexp_f32(n, x, y, opt) : reference_logsumexp_f64(n, x, y, opt);
        break;
    case LOGSUMEXP_BACKWARD:
        is_f32 ? reference_logsumexp_backward_f32(n, x, extra, y, opt)
               : reference_logsumexp_backward_f64(n, x, extra, y, opt);
        break;
    case SOFTCAP_BACKWARD:
        is_f32 ? reference_softcap_backward_f32(n, x, extra, y, opt)
               : reference_softcap_backward_f64(n, x, extra, y, opt);
        break;
    case SINK_GRADIENT:
        is_f32 ? reference_sink_gradient_f32(n, x, p, extra, y, opt)
               : reference_sink_gradient_f64(n, x, p, extra, y, opt);
        break;
    default:
        is_f32 ? reference_log_softmax_backward_f32(n, x, extra, y, opt)
               : reference_log_softmax_backward_f64(n, x, extra, y, opt);
    }
}

static smx_status library(const dtype *t, int f, size_t rows, size_t n, const void *x, const void *extra, const void *p,
                          void *y, const smx_options *opt) {
    int is_f32 = t == &dtype_f32;
    switch (f) {
    case SOFTMAX:
        return t->softmax(rows, n, x, n, y, n, opt);
    case LOG_SOFTMAX:
        return is_f32 ? smx_log_softmax_f32(rows, n, x, n, y, n, opt) : smx_log_softmax_f64(rows, n, x, n, y, n, opt);
    case LOGSUMEXP:
        return is_f32 ? smx_logsumexp_f32(rows, n, x, n, y, opt) : smx_logsumexp_f64(rows, n, x, n, y, opt);
    case LOGSUMEXP_BACKWARD:
        return is_f32 ? smx_logsumexp_backward_f32(rows, n, x, n, extra, y, n, opt)
                      : smx_logsumexp_backward_f64(rows, n, x, n, extra, y, n, opt);
    case SOFTCAP_BACKWARD:
        return is_f32 ? smx_softcap_backward_f32(rows, n, x, n, extra, n, y, n, opt)
                      : smx_softcap_backward_f64(rows, n, x, n, extra, n, y, n, opt);
    case SINK_GRADIENT:
        return is_f32 ? smx_sink_gradient_f32(rows, n, x, n, p, n, extra, n, y, opt)
                      : smx_sink_gradient_f64(rows, n, x, n, p, n, extra, n, y, opt);
    default:
        return is_f32 ? smx_log_softmax_backward_f32(rows, n, x, n, extra, n, y, n, opt)
                      : smx_log_softmax_backward_f64(rows, n, x, n, extra, n, y, n, opt);
    }
}

static size_t width(int f, size_t n) { return f == LOGSUMEXP || f == SINK_GRADIENT ? 1 : n; }

/* ---- Comparisons, on every instruction set ----------------------------------------------------------------------- */

static void compare(const dtype *t, int f, size_t n, size_t kind, uint64_t seed) {
    rng r = rng_seed(seed);
    size_t rows = reference_rows(n), w = width(f, n);
    void *x = elements(t, rows * n), *extra = elements(t, rows * n), *y = elements(t, rows * w);
    void *p = elements(t, rows * n), *expected = elements(t, rows * w);
    masks m = reference_masks(t, rows, n, function_named(names[f])->takes, &r);
    for (size_t k = 0; k < rows; k++) {
        reference_fill(t, at(t, x, k * n), n, kind, &r);
        masks row = masks_of_row(&m, k, NULL);
        reference_options opt = reference_options_of(&row);
        if (f == LOG_SOFTMAX_BACKWARD) {
            reference_row(t, LOG_SOFTMAX, n, at(t, x, k * n), NULL, NULL, at(t, x, k * n), &opt);
        }
        reference_row(t, SOFTMAX, n, at(t, x, k * n), NULL, NULL, at(t, p, k * n), &opt);
        int plain = rng_below(&r, 2) != 0;
        for (size_t j = 0; j < n; j++) {
            t->store(extra, k * n + j, plain ? rng_normal(&r) : reference_gradient(t, &r));
        }
        const void *of_row = at(t, extra, f == LOGSUMEXP_BACKWARD ? k : k * n);
        reference_row(t, f, n, at(t, x, k * n), of_row, at(t, p, k * n), at(t, expected, k * w), &opt);
        masks_free(&row);
    }
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        label("%s on %s, %zu x %zu, %s, seed %#llx", names[f], smx_isa(), rows, n, reference_x_name(kind),
              (unsigned long long)seed);
        fill_canary(y, rows * w * t->size);
        assert_ok(library(t, f, rows, n, x, extra, p, y, &m.opt));
        assert_same_bits(t, expected, y, rows * w);
    }
    masks_free(&m);
    free(x), free(extra), free(p), free(y), free(expected);
}

static void compare_all(const dtype *t, int f) {
    uint64_t seed = 0x1000000 * (uint64_t)(f + 1);
    for (size_t i = 0; i < REFERENCE_SIZES; i++) {
        const size_t step = sample_step(4);
        for (size_t kind = i % step; kind < REFERENCE_X_KINDS; kind += step) {
            compare(t, f, reference_size(i), kind, seed++);
        }
    }
}

static void test_softmax(void **state) { compare_all(*state, SOFTMAX); }
static void test_log_softmax(void **state) { compare_all(*state, LOG_SOFTMAX); }
static void test_logsumexp(void **state) { compare_all(*state, LOGSUMEXP); }
static void test_logsumexp_backward(void **state) { compare_all(*state, LOGSUMEXP_BACKWARD); }
static void test_log_softmax_backward(void **state) { compare_all(*state, LOG_SOFTMAX_BACKWARD); }
static void test_softcap_backward(void **state) { compare_all(*state, SOFTCAP_BACKWARD); }
static void test_sink_gradient(void **state) { compare_all(*state, SINK_GRADIENT); }

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_softmax),
        TEST_BOTH(test_log_softmax),
        TEST_BOTH(test_logsumexp),
        TEST_BOTH(test_logsumexp_backward),
        TEST_BOTH(test_log_softmax_backward),
        TEST_BOTH(test_softcap_backward),
        TEST_BOTH(test_sink_gradient),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
