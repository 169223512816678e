/* Jacobian: rows of y, and the error of the library's matrix on them. */
#include "kernel_bounds.h"
#include "problem.h"

#include <math.h>

static double random_fraction(rng *random, oracle_type type) {
    switch (rng_below(random, 6)) {
    case 0:
        return rng_log(random, type == ORACLE_F32 ? 1e-45 : 1e-320, 1); /* subnormal as well */
    case 1:                                                             /* where 1 - y has few bits */
        return 1 - rng_log(random, type == ORACLE_F32 ? 0x1p-24 : 0x1p-53, 1);
    case 2: /* products of two are at the edge of the subnormal range */
        return rng_log(random, type == ORACLE_F32 ? 1e-24 : 1e-163, type == ORACLE_F32 ? 1e-18 : 1e-153);
    case 3:
        return ldexp(1 + rng_uniform(random, 0, 1e-6), -(int)rng_below(random, 20) - 1);
    default:
        return rng_uniform(random, 0, 1);
    }
}

static void generate(const problem *p, rng *random, size_t n, row *r) {
    r->type = p->type;
    row_divide(r, n, n, random);
    for (size_t i = 0; i < n; i++)
        r->a[i] = row_round(r->type, random_fraction(random, r->type));
}

static void mutate(const problem *p, rng *random, row *r, size_t hot) {
    (void)p;
    size_t i = rng_below(random, 2) ? hot : rng_below(random, r->groups);
    double y = row_step(r->type, r->a[i], rng_sign(random) * ceil(rng_log(random, 0.5, 1e6)));
    r->a[i] = y < 0 ? 0 : y > 1 ? 1 : y;
}

static double evaluate(const problem *p, const row *r, bool exactly, size_t *hot) {
    (void)p;
    (void)exactly; /* MPFR always: there is no exp in it */
    static workspace w;
    size_t n = r->n;
    workspace_reserve(&w, n * n);
    row_expand(r, r->a, w.a);
    smx_status status = r->type == ORACLE_F32 ? smx_softmax_jacobian_f32(1, n, w.a, n, w.out, n, n * n, NULL)
                                              : smx_softmax_jacobian_f64(1, n, w.a, n, w.out, n, n * n, NULL);
    require(status, "smx_softmax_jacobian");
    double error = oracle_jacobian_error(r->type, n, w.a, w.out, n, hot);
    *hot /= n;
    return error;
}

const problem problem_jacobian_f32 = {.name = "jacobian-f32",
                                      .function = GOLDEN_JACOBIAN,
                                      .array_count = 1,
                                      .arrays = {GOLDEN_Y},
                                      .type = ORACLE_F32,
                                      .bound = BOUND_JACOBIAN,
                                      .attained = true,
                                      .unit = "ULP",
                                      .max_n = 16,
                                      .generate = generate,
                                      .mutate = mutate,
                                      .evaluate = evaluate};

const problem problem_jacobian_f64 = {.name = "jacobian-f64",
                                      .function = GOLDEN_JACOBIAN,
                                      .array_count = 1,
                                      .arrays = {GOLDEN_Y},
                                      .type = ORACLE_F64,
                                      .bound = BOUND_JACOBIAN,
                                      .attained = true,
                                      .unit = "ULP",
                                      .max_n = 16,
                                      .generate = generate,
                                      .mutate = mutate,
                                      .evaluate = evaluate};
