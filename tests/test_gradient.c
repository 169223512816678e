/* Every gradient against differences of its forward function, in f64, with scales, masks and all options.
 * Gradients of gradients against MPFR: test_gradient_second.c. */
#include "common/check.h"
#include "common/differences.h"

#include <math.h>
#include <stdbool.h>

/* Values up to about 10 and derivatives of every order up to about 100: see derivative_along. */
static const double TOLERANCE = 1e-10;

enum { N = 7, ROWS = 3, OPTION_KINDS = 4 };

/* ---- Options ----------------------------------------------------------------------------------------------------- */

typedef struct setting {
    smx_options opt;
    double scale;
    double add[N];
    uint8_t keep[N];
} setting;

/* 0: none; 1: a scale; 2: masks; 3: both. */
static void set_options(setting *s, size_t kind, rng *r) {
    *s = (setting){.opt.size = sizeof s->opt, .scale = rng_below(r, 2) ? -0.75 : 1.5};
    fill_uniform(s->add, N, 1, r);
    s->add[rng_below(r, N)] = -(double)INFINITY;
    for (size_t j = 0; j < N; j++) {
        s->keep[j] = j == 2 || rng_below(r, 4) > 0;
    }
    s->add[2] = 0.5;
    if (kind % 2) {
        s->opt.scale = &s->scale;
    }
    if (kind >= 2) {
        s->opt.add = s->add, s->opt.add_ld = N;
        s->opt.keep = s->keep, s->opt.keep_ld = N;
    }
}

static bool is_kept(const setting *s, size_t j) {
    return !s->opt.keep || (s->keep[j] && s->add[j] > -(double)INFINITY);
}

/* sum of a_i b_i over the kept entries */
static double dot(const setting *s, const double *a, const double *b) {
    double sum = 0;
    for (size_t j = 0; j < N; j++) {
        sum += is_kept(s, j) ? a[j] * b[j] : 0;
    }
    return sum;
}

static void for_each_setting(void (*check)(const setting *, rng *)) {
    for (size_t k = 0; k < OPTION_KINDS * 5; k++) {
        rng r = rng_seed(0x1410000 + k);
        setting s;
        label("options %zu, seed %#zx", k % OPTION_KINDS, 0x1410000 + k);
        set_options(&s, k % OPTION_KINDS, &r);
        check(&s, &r);
    }
}

/* ---- Softmax, log-softmax, logsumexp ----------------------------------------------------------------------------- */

typedef struct weighted {
    const setting *s;
    const double *dy;
} weighted;

static void softmax_vector(const void *context, size_t n, const double *x, double *y) {
    assert_ok(smx_softmax_f64(1, n, x, n, y, n, &((const setting *)context)->opt));
}

static void log_softmax_vector(const void *context, size_t n, const double *x, double *y) {
    const setting *s = context;
    assert_ok(smx_log_softmax_f64(1, n, x, n, y, n, &s->opt));
    for (size_t j = 0; j < n; j++) {
        y[j] = is_kept(s, j) ? y[j] : 0;
    }
}

static void softmax_loss(const void *context, size_t n, const double *x, double *loss) {
    const weighted *w = context;
    double y[N];
    softmax_vector(w->s, n, x, y);
    *loss = dot(w->s, w->dy, y);
}

static void log_softmax_loss(const void *context, size_t n, const double *x, double *loss) {
    const weighted *w = context;
    double y[N];
    log_softmax_vector(w->s, n, x, y);
    *loss = dot(w->s, w->dy, y);
}

static void logsumexp_loss(const void *context, size_t n, const double *x, double *loss) {
    const weighted *w = context;
    assert_ok(smx_logsumexp_f64(1, n, x, n, loss, &w->s->opt));
    *loss *= w->dy[0];
}

static void check_backward(const setting *s, rng *r) {
    double x[N], y[N], dy[N], dx[N], expected[N];
    fill_uniform(x, N, 2, r);
    fill_uniform(dy, N, 2, r);
    weighted w = {s, dy};

    assert_ok(smx_softmax_f64(1, N, x, N, y, N, &s->opt));
    assert_ok(smx_softmax_backward_f64(1, N, y, N, dy, N, dx, N, &s->opt));
    gradient_of(softmax_loss, &w, N, x, expected);
    assert_near(N, expected, dx, TOLERANCE);

    assert_ok(smx_log_softmax_f64(1, N, x, N, y, N, &s->opt));
    assert_ok(smx_log_softmax_backward_f64(1, N, y, N, dy, N, dx, N, &s->opt));
    gradient_of(log_softmax_loss, &w, N, x, expected);
    assert_near(N, expected, dx, TOLERANCE);

    assert_ok(smx_logsumexp_backward_f64(1, N, x, N, dy, dx, N, &s->opt));
    gradient_of(logsumexp_loss, &w, N, x, expected);
    assert_near(N, expected, dx, TOLERANCE);
}

static void test_backward(void **state) {
    (void)state;
    for_each_setting(check_backward);
}

/* ---- Forward mode ------------------------------------------------------------------------------------------------ */

static void check_jvp(const setting *s, rng *r) {
    double x[N], y[N], v[2 * N], jv[2 * N], expected[N];
    fill_uniform(x, N, 2, r);
    fill_uniform(v, 2 * N, 2, r);

    assert_ok(smx_softmax_f64(1, N, x, N, y, N, &s->opt));
    assert_ok(smx_softmax_jvp_f64(1, N, y, N, v, N, jv, N, &s->opt));
    derivative_along(softmax_vector, s, N, x, v, N, expected);
    assert_near(N, expected, jv, TOLERANCE);

    assert_ok(smx_softmax_jacobian_product_f64(1, N, y, N, 2, v, N, jv, N, &s->opt));
    assert_near(N, expected, jv, TOLERANCE);
    derivative_along(softmax_vector, s, N, x, v + N, N, expected);
    assert_near(N, expected, jv + N, TOLERANCE);

    assert_ok(smx_log_softmax_f64(1, N, x, N, y, N, &s->opt));
    assert_ok(smx_log_softmax_jvp_f64(1, N, y, N, v, N, jv, N, &s->opt));
    derivative_along(log_softmax_vector, s, N, x, v, N, expected);
    assert_near(N, expected, jv, TOLERANCE);
}

/* It takes no options. */
static void check_jacobian(const setting *s, rng *r) {
    double x[N], y[N], jac[N * N], unit[N] = {0}, expected[N];
    const setting plain = {.opt = {.size = sizeof plain.opt}};
    (void)s;
    fill_uniform(x, N, 2, r);
    softmax_vector(&plain, N, x, y);
    assert_ok(smx_softmax_jacobian_f64(1, N, y, N, jac, N, N * N, NULL));
    for (size_t j = 0; j < N; j++) { /* row j is column j */
        unit[j] = 1;
        derivative_along(softmax_vector, &plain, N, x, unit, N, expected);
        assert_near(N, expected, jac + j * N, TOLERANCE);
        unit[j] = 0;
    }
}

static void test_jacobian(void **state) {
    (void)state;
    for_each_setting(check_jacobian);
}

static void test_jvp(void **state) {
    (void)state;
    for_each_setting(check_jvp);
}

/* ---- Scale ------------------------------------------------------------------------------------------------------- */

typedef struct scaled {
    const setting *s;
    const double *x, *dy;
    size_t rows, stride; /* stride: of the scales */
} scaled;

/* The loss as a function of one scale, or of one for each row. */
static void loss_of_scale(const void *context, size_t n, const double *scale, double *loss) {
    const scaled *c = context;
    smx_options opt = c->s->opt;
    double y[ROWS * N];
    (void)n;
    opt.scale = scale;
    opt.scale_stride = c->stride;
    opt.add_rows = opt.keep_rows = 1;
    assert_ok(smx_softmax_f64(c->rows, N, c->x, N, y, N, &opt));
    *loss = 0;
    for (size_t k = 0; k < c->rows; k++) {
        *loss += dot(c->s, c->dy + k * N, y + k * N);
    }
}

static void check_scale(const setting *s, rng *r) {
    double x[ROWS * N], y[ROWS * N], dy[ROWS * N], dx[ROWS * N], scale[ROWS] = {1.5, -0.75, 0.5};
    double dscale[ROWS], expected[ROWS];
    fill_uniform(x, ROWS * N, 2, r);
    fill_uniform(dy, ROWS * N, 2, r);
    for (size_t stride = 0; stride < 2; stride++) {
        smx_options opt = s->opt;
        opt.scale = scale;
        opt.scale_stride = stride;
        opt.add_rows = opt.keep_rows = 1;
        assert_ok(smx_softmax_f64(ROWS, N, x, N, y, N, &opt));
        assert_ok(smx_softmax_backward_f64(ROWS, N, y, N, dy, N, dx, N, &opt));
        assert_ok(smx_scale_gradient_f64(ROWS, N, x, N, dx, N, dscale, &opt));
        scaled c = {s, x, dy, ROWS, stride};
        gradient_of(loss_of_scale, &c, stride ? ROWS : 1, scale, expected);
        assert_near(stride ? ROWS : 1, expected, dscale, TOLERANCE);
    }
}

static void test_scale(void **state) {
    (void)state;
    for_each_setting(check_scale);
}

/* ---- Cross-entropy ----------------------------------------------------------------------------------------------- */

typedef struct cross_entropy {
    const setting *s;
    smx_cross_entropy_args_f64 ce; /* what is asked for, without outputs */
    const double *x, *targets;
    double dloss[ROWS];
} cross_entropy;

/* sum of dloss_k loss_k, or dloss times the reduced loss */
static double total_loss(const cross_entropy *c, const double *x, const double *targets) {
    double loss[ROWS], reduced = 0, total = 0;
    smx_cross_entropy_args_f64 ce = c->ce;
    ce.targets = ce.targets ? targets : NULL;
    ce.loss = loss;
    ce.reduced = ce.reduction == SMX_REDUCTION_NONE ? NULL : &reduced;
    assert_ok(smx_cross_entropy_f64(ROWS, N, x, N, &ce, &c->s->opt));
    for (size_t k = 0; k < ROWS; k++) {
        total += c->dloss[k] * loss[k];
    }
    return ce.reduction == SMX_REDUCTION_NONE ? total : c->dloss[0] * reduced;
}

static void loss_of_x(const void *context, size_t n, const double *x, double *loss) {
    (void)n;
    *loss = total_loss(context, x, ((const cross_entropy *)context)->targets);
}

static void loss_of_targets(const void *context, size_t n, const double *targets, double *loss) {
    (void)n;
    *loss = total_loss(context, ((const cross_entropy *)context)->x, targets);
}

/* Each bit of `kind` is one option. */
static void set_loss(cross_entropy *c, size_t kind, const int64_t *labels, const double *weights) {
    smx_cross_entropy_args_f64 *ce = &c->ce;
    *ce = (smx_cross_entropy_args_f64){.size = sizeof *ce, .dloss = c->dloss};
    if (kind & 1) {
        ce->targets = c->targets;
        ce->ldt = N;
    } else {
        ce->labels_i64 = labels;
        ce->use_ignore_index = 1;
        ce->ignore_index = -100;
    }
    ce->class_weights = kind & 2 ? weights : NULL;
    ce->smoothing = kind & 4 ? 0.1 : 0;
    ce->z_loss = kind & 8 ? 0.05 : 0;
    ce->softcap = kind & 16 ? 4 : 0;
    ce->reduction = (smx_reduction)(kind / 32 % 3);
}

static void check_loss(const setting *s, size_t kind, rng *r) {
    double x[ROWS * N], targets[ROWS * N], weights[N], dx[ROWS * N], dtargets[ROWS * N], expected[ROWS * N];
    const int64_t labels[ROWS] = {2, -100, 2}; /* the entry that is always kept */
    cross_entropy c = {.s = s, .x = x, .targets = targets};
    fill_uniform(x, ROWS * N, 2, r);
    fill_uniform(targets, ROWS * N, 1, r);
    fill_uniform(weights, N, 1, r);
    fill_uniform(c.dloss, ROWS, 2, r);
    for (size_t j = 0; j < N; j++) {
        weights[j] += 1;
        for (size_t k = 0; k < ROWS && !is_kept(s, j); k++) {
            targets[k * N + j] = 0;
        }
    }
    set_loss(&c, kind, labels, weights);
    smx_cross_entropy_args_f64 ce = c.ce;
    ce.dx = dx;
    ce.lddx = N;
    if (ce.targets) {
        ce.dtargets = dtargets;
        ce.lddt = N;
    }
    assert_ok(smx_cross_entropy_f64(ROWS, N, x, N, &ce, &s->opt));
    gradient_of(loss_of_x, &c, ROWS * N, x, expected);
    assert_near(ROWS * N, expected, dx, TOLERANCE);
    for (size_t k = 0; k < ROWS && ce.targets; k++) { /* masked places have no gradient, and a loss of +inf */
        for (size_t j = 0; j < N; j++) {
            double unit[ROWS * N] = {0};
            unit[k * N + j] = 1;
            if (is_kept(s, j)) {
                derivative_along(loss_of_targets, &c, ROWS * N, targets, unit, 1, expected);
                assert_near(1, expected, &dtargets[k * N + j], TOLERANCE);
            }
        }
    }
}

static void test_cross_entropy(void **state) {
    (void)state;
    for (size_t kind = 0; kind < 96; kind++) {
        for (size_t options = 0; options < OPTION_KINDS; options++) {
            rng r = rng_seed(0x1420000 + 8 * kind + options);
            setting s;
            label("loss %zu, options %zu", kind, options);
            set_options(&s, options, &r);
            s.opt.add_rows = s.opt.keep_rows = 1;
            check_loss(&s, kind, &r);
        }
    }
}

/* ---- Second order ------------------------------------------------------------------------------------------------ */

typedef struct second {
    const setting *s;
    const double *y, *dy, *ddx;
} second;

static void backward_of_y(const void *context, size_t n, const double *y, double *loss) {
    const second *c = context;
    double dx[N];
    assert_ok(smx_softmax_backward_f64(1, n, y, n, c->dy, n, dx, n, &c->s->opt));
    *loss = dot(c->s, c->ddx, dx);
}

static void backward_of_dy(const void *context, size_t n, const double *dy, double *loss) {
    const second *c = context;
    double dx[N];
    assert_ok(smx_softmax_backward_f64(1, n, c->y, n, dy, n, dx, n, &c->s->opt));
    *loss = dot(c->s, c->ddx, dx);
}

static void check_double_backward(const setting *s, rng *r) {
    double x[N], y[N], dy[N], ddx[N], gy[N], gdy[N], expected[N];
    fill_uniform(x, N, 2, r);
    fill_uniform(dy, N, 2, r);
    fill_uniform(ddx, N, 2, r);
    assert_ok(smx_softmax_f64(1, N, x, N, y, N, &s->opt));
    second c = {s, y, dy, ddx};
    assert_ok(smx_softmax_double_backward_f64(1, N, y, N, dy, N, ddx, N, gy, N, gdy, N, &s->opt));
    gradient_of(backward_of_y, &c, N, y, expected);
    assert_near(N, expected, gy, TOLERANCE);
    gradient_of(backward_of_dy, &c, N, dy, expected);
    assert_near(N, expected, gdy, TOLERANCE);
}

static void test_double_backward(void **state) {
    (void)state;
    for_each_setting(check_double_backward);
}

static void cross_entropy_gradient(const void *context, size_t n, const double *x, double *dx) {
    const setting *s = context;
    const int64_t label_2 = 2;
    smx_cross_entropy_args_f64 ce = {.size = sizeof ce, .labels_i64 = &label_2, .dx = dx, .lddx = n};
    assert_ok(smx_cross_entropy_f64(1, n, x, n, &ce, &s->opt));
}

static void check_hessian(const setting *s, rng *r) {
    double x[N], v[N], hv[N], hess[N * N], expected[N], unit[N] = {0};
    fill_uniform(x, N, 2, r);
    fill_uniform(v, N, 2, r);
    assert_ok(smx_cross_entropy_hessian_product_f64(1, N, x, N, v, N, hv, N, &s->opt));
    derivative_along(cross_entropy_gradient, s, N, x, v, N, expected);
    assert_near(N, expected, hv, TOLERANCE);
    assert_ok(smx_cross_entropy_hessian_f64(1, N, x, N, hess, N, N * N, &s->opt));
    for (size_t i = 0; i < N; i++) {
        unit[i] = 1;
        derivative_along(cross_entropy_gradient, s, N, x, unit, N, expected);
        assert_near(N, expected, hess + i * N, TOLERANCE);
        unit[i] = 0;
    }
}

static void test_hessian(void **state) {
    (void)state;
    for_each_setting(check_hessian);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backward),        cmocka_unit_test(test_jvp),
        cmocka_unit_test(test_scale),           cmocka_unit_test(test_cross_entropy),
        cmocka_unit_test(test_double_backward), cmocka_unit_test(test_hessian),
        cmocka_unit_test(test_jacobian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
