/* Gradients under a softcap, slopes, a sliding window and sinks against differences of the forward functions, in f64:
 * the backward functions that have x, and the chains through smx_softcap_backward and smx_sink_gradient. */
#include "common/check.h"
#include "common/differences.h"

#include <math.h>

/* As in test_gradient.c. */
static const double TOLERANCE = 1e-10;

enum { N = 7, ROWS = 3, KINDS = 32 };

typedef struct setting {
    smx_options opt; /* of the forward pass */
    double scale, slopes[2], sinks[ROWS];
    double x[ROWS * N], dy[ROWS * N];
} setting;

/* Each bit of `kind` is one option. */
static void set(setting *s, size_t kind, rng *r) {
    *s = (setting){.opt = {.size = sizeof s->opt, .threads = 1}, .scale = -0.75, .slopes = {0.3, -0.2}};
    fill_uniform(s->sinks, ROWS, 2, r);
    fill_uniform(s->x, ROWS * N, 2, r);
    fill_uniform(s->dy, ROWS * N, 2, r);
    s->opt.scale = kind & 1 ? &s->scale : NULL;
    s->opt.softcap = kind & 2 ? 3 : 0;
    s->opt.sink = kind & 4 ? s->sinks : NULL;
    if (kind & 8) {
        s->opt.alibi = s->slopes, s->opt.alibi_rows = 2;
    }
    if (kind & 16) {
        s->opt.use_window = 1;
        s->opt.window_left = 2, s->opt.window_right = 1;
        s->opt.causal = kind & 8 ? SMX_CAUSAL_BOTTOM_RIGHT : SMX_CAUSAL_NONE;
    }
    s->opt.queries = kind & 24 ? ROWS : 0;
}

/* The options of the backward functions that have no x. */
static smx_options without_softcap(const setting *s) {
    smx_options opt = s->opt;
    opt.softcap = 0;
    return opt;
}

static smx_options without_sink(const setting *s) {
    smx_options opt = s->opt;
    opt.sink = NULL;
    return opt;
}

static void for_each_kind(void (*check)(const setting *s)) {
    for (size_t i = 0; i < KINDS * 3; i++) {
        rng r = rng_seed(0x1430000 + i);
        setting s;
        label("options %#zx, seed %#zx", i % KINDS, 0x1430000 + i);
        set(&s, i % KINDS, &r);
        check(&s);
    }
}

/* ---- Softmax, and its sinks -------------------------------------------------------------------------------------- */

static double weighted(const setting *s, const double *y) {
    double sum = 0;
    for (size_t i = 0; i < (size_t)ROWS * N; i++) {
        sum += isinf(y[i]) ? 0 : s->dy[i] * y[i];
    }
    return sum;
}

static void softmax_loss(const void *context, size_t n, const double *x, double *loss) {
    const setting *s = context;
    double y[ROWS * N];
    (void)n;
    assert_ok(smx_softmax_f64(ROWS, N, x, N, y, N, &s->opt));
    *loss = weighted(s, y);
}

static void softmax_loss_of_sinks(const void *context, size_t n, const double *sinks, double *loss) {
    const setting *s = context;
    smx_options opt = s->opt;
    double y[ROWS * N];
    (void)n;
    opt.sink = sinks;
    assert_ok(smx_softmax_f64(ROWS, N, s->x, N, y, N, &opt));
    *loss = weighted(s, y);
}

static void check_softmax(const setting *s) {
    double y[ROWS * N], dx[ROWS * N], expected[ROWS * N], dsink[ROWS];
    smx_options linear = without_softcap(s);
    assert_ok(smx_softmax_f64(ROWS, N, s->x, N, y, N, &s->opt));
    assert_ok(smx_softmax_backward_f64(ROWS, N, y, N, s->dy, N, dx, N, &linear));
    assert_ok(smx_softcap_backward_f64(ROWS, N, s->x, N, dx, N, dx, N, &s->opt));
    gradient_of(softmax_loss, s, (size_t)ROWS * N, s->x, expected);
    assert_near((size_t)ROWS * N, expected, dx, TOLERANCE);
    if (s->opt.sink) {
        assert_ok(smx_sink_gradient_f64(ROWS, N, s->x, N, y, N, s->dy, N, dsink, &s->opt));
        gradient_of(softmax_loss_of_sinks, s, ROWS, s->sinks, expected);
        assert_near(ROWS, expected, dsink, TOLERANCE);
    }
}

static void test_softmax(void **state) {
    (void)state;
    for_each_kind(check_softmax);
}

/* ---- Scale ------------------------------------------------------------------------------------------------------- */

static void softmax_loss_of_scale(const void *context, size_t n, const double *scale, double *loss) {
    setting s = *(const setting *)context;
    (void)n;
    s.opt.scale = scale;
    softmax_loss(&s, (size_t)ROWS * N, s.x, loss);
}

static void check_scale(const setting *s) {
    double y[ROWS * N], dx[ROWS * N], expected, dscale;
    smx_options opt = s->opt;
    opt.scale = &s->scale;
    smx_options linear = opt;
    linear.softcap = 0;
    assert_ok(smx_softmax_f64(ROWS, N, s->x, N, y, N, &opt));
    assert_ok(smx_softmax_backward_f64(ROWS, N, y, N, s->dy, N, dx, N, &linear));
    assert_ok(smx_softcap_backward_f64(ROWS, N, s->x, N, dx, N, dx, N, &opt));
    assert_ok(smx_scale_gradient_f64(ROWS, N, s->x, N, dx, N, &dscale, &opt));
    gradient_of(softmax_loss_of_scale, s, 1, &s->scale, &expected);
    assert_near(1, &expected, &dscale, TOLERANCE);
}

static void test_scale(void **state) {
    (void)state;
    for_each_kind(check_scale);
}

/* ---- Logarithms -------------------------------------------------------------------------------------------------- */

static void log_softmax_loss(const void *context, size_t n, const double *x, double *loss) {
    const setting *s = context;
    smx_options opt = without_sink(s);
    double y[ROWS * N];
    (void)n;
    assert_ok(smx_log_softmax_f64(ROWS, N, x, N, y, N, &opt));
    *loss = weighted(s, y);
}

static void logsumexp_loss(const void *context, size_t n, const double *x, double *loss) {
    const setting *s = context;
    double lse[ROWS];
    (void)n;
    assert_ok(smx_logsumexp_f64(ROWS, N, x, N, lse, &s->opt));
    *loss = 0;
    for (size_t k = 0; k < ROWS; k++) {
        *loss += s->dy[k] * lse[k];
    }
}

static void check_logarithms(const setting *s) {
    double y[ROWS * N], dx[ROWS * N], expected[ROWS * N];
    smx_options opt = without_sink(s), linear = opt;
    linear.softcap = 0;
    assert_ok(smx_log_softmax_f64(ROWS, N, s->x, N, y, N, &opt));
    assert_ok(smx_log_softmax_backward_f64(ROWS, N, y, N, s->dy, N, dx, N, &linear));
    assert_ok(smx_softcap_backward_f64(ROWS, N, s->x, N, dx, N, dx, N, &opt));
    gradient_of(log_softmax_loss, s, (size_t)ROWS * N, s->x, expected);
    assert_near((size_t)ROWS * N, expected, dx, TOLERANCE);

    assert_ok(smx_logsumexp_backward_f64(ROWS, N, s->x, N, s->dy, dx, N, &s->opt));
    gradient_of(logsumexp_loss, s, (size_t)ROWS * N, s->x, expected);
    assert_near((size_t)ROWS * N, expected, dx, TOLERANCE);
}

static void test_logarithms(void **state) {
    (void)state;
    for_each_kind(check_logarithms);
}

/* ---- Cross-entropy ----------------------------------------------------------------------------------------------- */

static double cross_entropy(const setting *s, const double *x, double *dx) {
    static const double weights[N] = {0.5, 1, 2, 0.25, 1, 1, 3};
    int64_t labels[ROWS];
    double loss[ROWS], total = 0;
    smx_options opt = without_sink(s);
    for (int64_t k = 0; k < ROWS; k++) { /* where the query stands, which every window keeps */
        labels[k] = s->opt.causal == SMX_CAUSAL_BOTTOM_RIGHT ? k + N - ROWS : k;
    }
    smx_cross_entropy_args_f64 ce = {.size = sizeof ce,
                                     .labels_i64 = labels,
                                     .class_weights = weights,
                                     .z_loss = 0.05,
                                     .dloss = s->dy,
                                     .loss = loss,
                                     .dx = dx,
                                     .lddx = N};
    assert_ok(smx_cross_entropy_f64(ROWS, N, x, N, &ce, &opt));
    for (size_t k = 0; k < ROWS; k++) {
        total += s->dy[k] * loss[k];
    }
    return total;
}

static void cross_entropy_loss(const void *context, size_t n, const double *x, double *loss) {
    (void)n;
    *loss = cross_entropy(context, x, NULL);
}

static void check_cross_entropy(const setting *s) {
    double dx[ROWS * N], expected[ROWS * N];
    cross_entropy(s, s->x, dx);
    gradient_of(cross_entropy_loss, s, (size_t)ROWS * N, s->x, expected);
    assert_near((size_t)ROWS * N, expected, dx, TOLERANCE);
}

static void test_cross_entropy(void **state) {
    (void)state;
    for_each_kind(check_cross_entropy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_logarithms),
        cmocka_unit_test(test_cross_entropy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
