/* Every instruction set gives the bits of docs/bits.md for functions of logits, as tests/common/reference_family_row.h
 * reads that page. */
#include "common/check.h"
#include "common/edges.h"
#include "common/fill.h"
#include "common/isas.h"
#include "common/masks.h"
#include "common/reference_family.h"

#include <math.h>
#include <stdlib.h>

static const size_t long_rows[] = {600, 3000};
enum { SHORT_UP_TO = 70, SIZES = SHORT_UP_TO + sizeof long_rows / sizeof *long_rows };
enum { X_KINDS = FILL_X_KINDS + EDGE_X_KINDS + 1 };

static size_t size_of(size_t i) { return i < SHORT_UP_TO ? i + 1 : long_rows[i - SHORT_UP_TO]; }

/* 17 rows fill 16 lanes and leave one over. */
static size_t rows_for(size_t n) { return n <= 40 ? 17 : 3; }

/* ---- The functions, and the reference, by number ----------------------------------------------------------------- */

enum { SOFTMAX, LOG_SOFTMAX, LOGSUMEXP, LOGSUMEXP_BACKWARD, LOG_SOFTMAX_BACKWARD, FUNCTIONS };
static const char *const names[FUNCTIONS] = {"softmax", "log_softmax", "logsumexp", "logsumexp_backward",
                                             "log_softmax_backward"};

/* Of a row each: `extra` is dlse, or dy. */
static void reference_row(const dtype *t, int f, size_t n, const void *x, const void *extra, void *y,
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
    default:
        is_f32 ? reference_log_softmax_backward_f32(n, x, extra, y, opt)
               : reference_log_softmax_backward_f64(n, x, extra, y, opt);
    }
}

static smx_status library(const dtype *t, int f, size_t rows, size_t n, const void *x, const void *extra, void *y,
                          const smx_options *opt) {
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
    default:
        return is_f32 ? smx_log_softmax_backward_f32(rows, n, x, n, extra, n, y, n, opt)
                      : smx_log_softmax_backward_f64(rows, n, x, n, extra, n, y, n, opt);
    }
}

static size_t width(int f, size_t n) { return f == LOGSUMEXP ? 1 : n; }

/* ---- Rows and options -------------------------------------------------------------------------------------------- */

/* One entry above the others by a margin of any size, so that the row is nearly certain. */
static void fill_certain(const dtype *t, void *x, size_t n, rng *r) {
    double margin = rng_uniform(r, 0, 1.1 * t->underflow), base = rng_below(r, 2) ? 0 : 40 * rng_normal(r);
    for (size_t j = 0; j < n; j++) {
        t->store(x, j, base - margin - (rng_below(r, 3) ? rng_uniform(r, 0, 3) : 0));
    }
    t->store(x, rng_below(r, n), base);
}

static const char *x_name(size_t kind) {
    return kind < FILL_X_KINDS                  ? fill_x_name(kind)
           : kind < FILL_X_KINDS + EDGE_X_KINDS ? edge_x_name(kind - FILL_X_KINDS)
                                                : "nearly certain";
}

static void fill_row(const dtype *t, void *x, size_t n, size_t kind, rng *r) {
    if (kind < FILL_X_KINDS) {
        fill_x(t, x, n, kind, r);
    } else if (kind < FILL_X_KINDS + EDGE_X_KINDS) {
        edge_x(t, x, n, kind - FILL_X_KINDS, r);
    } else {
        fill_certain(t, x, n, r);
    }
}

static const double scales[] = {1, -1, 0.5, 1.0 / 3, 7, 1e6, -1e-6, 0x1p64, 0x1p-64};

/* Scales other than those of masks_random; no option at all in a third of the calls. */
static masks random_options(const dtype *t, size_t rows, size_t n, rng *r) {
    int what = rng_below(r, 3) ? (int)rng_below(r, OPTIONS_ALL + 1) : 0;
    masks m = masks_random(t, rows, n, what, r);
    for (size_t k = 0; k < rows && m.scale; k++) {
        t->store(m.scale, k, scales[rng_below(r, sizeof scales / sizeof *scales)]);
    }
    m.opt.plus_inf = rng_below(r, 2) ? SMX_PLUS_INF_LIMIT : SMX_PLUS_INF_NAN;
    m.opt.minus_inf_row = rng_below(r, 2) ? SMX_MINUS_INF_ROW_ZEROS : SMX_MINUS_INF_ROW_NAN;
    return m;
}

static reference_options options_of(const masks *row) {
    reference_options opt = {.scale = row->scale ? row->t->load(row->scale, 0) : 1,
                             .add = row->add,
                             .keep = row->keep,
                             .plus_inf = row->opt.plus_inf,
                             .minus_inf_row = row->opt.minus_inf_row};
    return opt;
}

/* dlse or dy: a number of any size, or not even one. In f64 the largest are left out, whose products with a scale, and
 * quotients with T < 1, may overflow in the middle. */
static double gradient(const dtype *t, rng *r) {
    switch (rng_below(r, 60)) {
    case 0:
        return NAN;
    case 1:
        return INFINITY;
    case 2:
        return rng_uniform(r, -1, 1) * t->max * (t == &dtype_f32 ? 1 : 0x1p-70);
    case 3:
        return rng_uniform(r, -1, 1) * t->min_normal;
    case 4:
        return rng_below(r, 2) ? 0.0 : -0.0;
    default:
        return rng_normal(r);
    }
}

/* ---- Comparisons, on every instruction set ----------------------------------------------------------------------- */

static void compare(const dtype *t, int f, size_t n, size_t kind, uint64_t seed) {
    rng r = rng_seed(seed);
    size_t rows = rows_for(n), w = width(f, n);
    void *x = elements(t, rows * n), *extra = elements(t, rows * n), *y = elements(t, rows * w);
    void *expected = elements(t, rows * w);
    masks m = random_options(t, rows, n, &r);
    for (size_t k = 0; k < rows; k++) {
        fill_row(t, at(t, x, k * n), n, kind, &r);
        masks row = masks_of_row(&m, k, NULL);
        reference_options opt = options_of(&row);
        if (f == LOG_SOFTMAX_BACKWARD) {
            reference_row(t, LOG_SOFTMAX, n, at(t, x, k * n), NULL, at(t, x, k * n), &opt);
        }
        int plain = rng_below(&r, 2) != 0;
        for (size_t j = 0; j < n; j++) {
            t->store(extra, k * n + j, plain ? rng_normal(&r) : gradient(t, &r));
        }
        const void *of_row = at(t, extra, f == LOGSUMEXP_BACKWARD ? k : k * n);
        reference_row(t, f, n, at(t, x, k * n), of_row, at(t, expected, k * w), &opt);
        masks_free(&row);
    }
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        label("%s on %s, %zu x %zu, %s, seed %#llx", names[f], smx_isa(), rows, n, x_name(kind),
              (unsigned long long)seed);
        fill_canary(y, rows * w * t->size);
        assert_ok(library(t, f, rows, n, x, extra, y, &m.opt));
        assert_same_bits(t, expected, y, rows * w);
    }
    masks_free(&m);
    free(x), free(extra), free(y), free(expected);
}

static void compare_all(const dtype *t, int f) {
    uint64_t seed = 0x1000000 * (uint64_t)(f + 1);
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t kind = 0; kind < X_KINDS; kind++) {
            compare(t, f, size_of(i), kind, seed++);
        }
    }
}

static void test_softmax(void **state) { compare_all(*state, SOFTMAX); }
static void test_log_softmax(void **state) { compare_all(*state, LOG_SOFTMAX); }
static void test_logsumexp(void **state) { compare_all(*state, LOGSUMEXP); }
static void test_logsumexp_backward(void **state) { compare_all(*state, LOGSUMEXP_BACKWARD); }
static void test_log_softmax_backward(void **state) { compare_all(*state, LOG_SOFTMAX_BACKWARD); }

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_softmax),
        TEST_BOTH(test_log_softmax),
        TEST_BOTH(test_logsumexp),
        TEST_BOTH(test_logsumexp_backward),
        TEST_BOTH(test_log_softmax_backward),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
