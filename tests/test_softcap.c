/* Rows under a softcap have the bits of docs/bits.md also where their largest logit is looked for before the cap: near
 * ties, in saturated rows, and with low parts that are not known, the cap's roundings could decide. */
#include "common/check.h"
#include "common/dtype.h"
#include "common/isas.h"
#include "common/rng.h"
#include "reference/bits.h"

#include <math.h>
#include <stdlib.h>

enum { SOFTMAX, LOG_SOFTMAX, LOGSUMEXP, FUNCTIONS };
static const char *const names[FUNCTIONS] = {"softmax", "log_softmax", "logsumexp"};

static void reference(const dtype *t, int f, size_t n, const void *x, void *y, const reference_options *opt) {
    int is_f32 = t == &dtype_f32;
    if (f == SOFTMAX) {
        is_f32 ? reference_logits_softmax_f32(n, x, y, opt) : reference_logits_softmax_f64(n, x, y, opt);
    } else if (f == LOG_SOFTMAX) {
        is_f32 ? reference_log_softmax_f32(n, x, y, opt) : reference_log_softmax_f64(n, x, y, opt);
    } else {
        is_f32 ? reference_logsumexp_f32(n, x, y, opt) : reference_logsumexp_f64(n, x, y, opt);
    }
}

static smx_status library(const dtype *t, int f, size_t n, const void *x, void *y, const smx_options *opt) {
    int is_f32 = t == &dtype_f32;
    if (f == SOFTMAX) {
        return t->softmax(1, n, x, n, y, n, opt);
    }
    if (f == LOG_SOFTMAX) {
        return is_f32 ? smx_log_softmax_f32(1, n, x, n, y, n, opt) : smx_log_softmax_f64(1, n, x, n, y, n, opt);
    }
    return is_f32 ? smx_logsumexp_f32(1, n, x, n, y, opt) : smx_logsumexp_f64(1, n, x, n, y, opt);
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

enum { NORMAL, SATURATED, NEAR_TIES, EQUALS, BARELY_SATURATED, WITH_INFINITIES, KINDS };
static const char *const kinds[KINDS] = {"normal", "saturated",        "near ties",
                                         "equals", "barely saturated", "infinities"};

static double entry(const dtype *t, int kind, double cap, size_t j, rng *r) {
    switch (kind) {
    case SATURATED:
        return 40 * cap * rng_uniform(r, -1, 1);
    case NEAR_TIES:
        return j % 5 == 0 ? cap * (0.3 + t->epsilon * (double)rng_below(r, 6)) : cap * rng_uniform(r, -2, 0.3);
    case EQUALS:
        return j % 7 == 0 ? cap * 1.75 : cap * 0.25 * floor(rng_uniform(r, -8, 7));
    case BARELY_SATURATED: /* tanh is 1 but for some ULP of the type */
        return cap * rng_uniform(r, 0.25, 0.55) * -log(t->epsilon);
    case WITH_INFINITIES:
        return rng_below(r, 3) == 0 ? -INFINITY : cap * rng_normal(r);
    default:
        return 3 * rng_normal(r);
    }
}

/* ---- Comparisons ------------------------------------------------------------------------------------------------- */

static const double scales[] = {1, 0.125, 1.0 / 3, 1.7, -1};

static void compare(const dtype *t, size_t n, int kind, uint64_t seed) {
    rng r = rng_seed(seed);
    void *x = elements(t, n), *scale = elements(t, 1), *expected = elements(t, n), *y = elements(t, n);
    uint8_t *keep = malloc(n);
    const double cap = 0x1p-3 * (double)(1 + rng_below(&r, 600));
    const double s = scales[rng_below(&r, sizeof scales / sizeof *scales)];
    t->store(scale, 0, s);
    for (size_t j = 0; j < n; j++) {
        t->store(x, j, entry(t, kind, cap, j, &r) / s);
        keep[j] = rng_below(&r, 4) != 0;
    }
    keep[0] = 1;
    const int masked = rng_below(&r, 2) != 0;
    const reference_options of_reference = {.scale = t->load(scale, 0), .softcap = cap, .keep = masked ? keep : NULL};
    smx_options opt = SMX_OPTIONS_INIT;
    opt.softcap = cap;
    opt.scale = scale;
    opt.keep = masked ? keep : NULL;
    opt.keep_ld = n;
    for (int f = 0; f < FUNCTIONS; f++) {
        const size_t width = f == LOGSUMEXP ? 1 : n;
        reference(t, f, n, x, expected, &of_reference);
        for (size_t i = 0; smx_isa_available(i); i++) {
            use_isa(smx_isa_available(i));
            label("%s of %s on %s, n %zu, %s, seed %#llx", names[f], t->name, smx_isa(), n, kinds[kind],
                  (unsigned long long)seed);
            fill_canary(y, width * t->size);
            assert_ok(library(t, f, n, x, y, &opt));
            assert_same_bits(t, expected, y, width);
        }
    }
    free(x), free(scale), free(expected), free(y), free(keep);
}

static void test_order(void **state) {
    const size_t lengths[] = {63, 64, 65, 130, 511, 513, 1100};
    uint64_t seed = 0x50f7;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (int kind = 0; kind < KINDS; kind++) {
            for (int repeat = 0; repeat < 40; repeat++) {
                compare(*state, lengths[i], kind, seed++);
            }
        }
    }
}

/* ---- The place of the maximum ------------------------------------------------------------------------------------ */

enum { PIECE = 32, PIECES = 32 };

static size_t argmax_of(const dtype *t, size_t n, const void *x, double softcap) {
    const int64_t labels = 0;
    int64_t argmax = -2;
    if (t == &dtype_f32) {
        smx_cross_entropy_args_f32 ce = SMX_CROSS_ENTROPY_ARGS_F32_INIT;
        ce.labels_i64 = &labels;
        ce.argmax = &argmax;
        ce.softcap = (float)softcap;
        assert_ok(smx_cross_entropy_f32(1, n, x, n, &ce, NULL));
    } else {
        smx_cross_entropy_args_f64 ce = SMX_CROSS_ENTROPY_ARGS_F64_INIT;
        ce.labels_i64 = &labels;
        ce.argmax = &argmax;
        ce.softcap = softcap;
        assert_ok(smx_cross_entropy_f64(1, n, x, n, &ce, NULL));
    }
    assert_true(argmax >= 0 && (size_t)argmax < n);
    return (size_t)argmax;
}

/* That of a long row is that of the row of its pieces' maxima, which are too short for a search before the cap. */
static void test_argmax(void **state) {
    const dtype *t = *state;
    void *x = elements(t, (size_t)PIECE * PIECES), *winners = elements(t, PIECES);
    rng r = rng_seed(0xa96);
    for (int repeat = 0; repeat < 200; repeat++) {
        const int kind = repeat % KINDS;
        const double cap = 0x1p-3 * (double)(1 + rng_below(&r, 600));
        const size_t pieces = 1 + rng_below(&r, PIECES), n = pieces * PIECE;
        size_t place[PIECES];
        for (size_t j = 0; j < n; j++) {
            t->store(x, j, j % PIECE == 5 ? rng_normal(&r) : entry(t, kind, cap, j, &r));
        }
        for (size_t i = 0; smx_isa_available(i); i++) {
            use_isa(smx_isa_available(i));
            label("argmax of %s on %s, n %zu, %s", t->name, smx_isa(), n, kinds[kind]);
            for (size_t k = 0; k < pieces; k++) {
                place[k] = k * PIECE + argmax_of(t, PIECE, at(t, x, k * PIECE), cap);
                t->store(winners, k, t->load(x, place[k]));
            }
            assert_int_equal(argmax_of(t, n, x, cap), place[argmax_of(t, pieces, winners, cap)]);
        }
    }
    free(x), free(winners);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_order), TEST_BOTH(test_argmax)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
