#include "judged.h"

#include <golden_write.h>
#include <math.h>
#include <oracle_case.h>
#include <stdio.h>
#include <stdlib.h>

golden_case judged_case(const dtype *t, golden_function function, size_t n) {
    golden_case c = {.function = function, .f64 = t->size == sizeof(double), .n = n};
    c.options.size = sizeof c.options;
    for (size_t k = 0; k < golden_signatures[function].input_count; k++) {
        golden_add(&c, golden_signatures[function].inputs[k]);
    }
    return c;
}

/* ---- Inputs ------------------------------------------------------------------------------------------------------ */

/* Rows that fill.h does not have. */
enum { OWN_KINDS = JUDGED_X_KINDS - FILL_X_KINDS };

static void own_x(const dtype *t, void *x, size_t n, size_t kind, rng *r) {
    static const double offsets[] = {1e4, -1e4, 1e6, -1e6};
    double offset = kind == 3 ? offsets[rng_below(r, 4)] : 0;
    double margin = rng_uniform(r, 0, t->underflow + 2);
    double sum = 0;
    for (size_t j = 0; j < n; j++) {
        double v = rng_normal(r);
        sum += exp(v);
        t->store(x, j, kind == 0 ? (j ? v - margin : v) : kind == 1 ? -fabs(v) * (double)rng_below(r, 2) : v + offset);
    }
    for (size_t j = 0; j < n && kind == 2; j++) { /* a logsumexp of about 0 */
        t->store(x, j, t->load(x, j) - log(sum));
    }
}

const char *judged_x_name(size_t kind) {
    static const char *const names[OWN_KINDS] = {"margin", "ties", "logsumexp near 0", "large offset"};
    return kind < FILL_X_KINDS ? fill_x_name(kind) : names[kind - FILL_X_KINDS];
}

void judged_x(const dtype *t, void *x, size_t n, size_t kind, rng *r) {
    if (kind < FILL_X_KINDS) {
        fill_x(t, x, n, kind, r);
    } else {
        own_x(t, x, n, kind - FILL_X_KINDS, r);
    }
}

void judged_policies(golden_case *c, rng *r) {
    c->options.plus_inf = rng_below(r, 2) ? SMX_PLUS_INF_LIMIT : SMX_PLUS_INF_NAN;
    c->options.minus_inf_row = rng_below(r, 2) ? SMX_MINUS_INF_ROW_ZEROS : SMX_MINUS_INF_ROW_NAN;
}

/* ---- Options ----------------------------------------------------------------------------------------------------- */

static const char *const option_names[JUDGED_OPTIONS] = {
    "no options", "a scale",         "an additive mask",    "a boolean mask",
    "a length",   "scale and masks", "a window and slopes", "a softcap and a sink"};

const char *judged_options_name(size_t kind) { return option_names[kind]; }

static void add_scale(golden_case *c, rng *r) {
    static const double scales[] = {-1, 0.1, 1 / 3., 7};
    size_t k = rng_below(r, 5);
    golden_set(c, GOLDEN_SCALE, 0, k < 4 ? scales[k] : rng_uniform(r, -2, 2));
}

static void add_masks(golden_case *c, size_t kind, rng *r) {
    bool all = kind == 5;
    for (size_t j = 0; j < c->n; j++) {
        if (kind == 2 || all) {
            golden_set(c, GOLDEN_ADD, j, rng_below(r, 4) ? 3 * rng_normal(r) : (double)-INFINITY);
        }
        if (kind == 3 || all) {
            golden_set(c, GOLDEN_KEEP, j, (double)rng_below(r, 4));
        }
    }
    if (kind == 4 || all) {
        golden_set(c, GOLDEN_LENGTH, 0, (double)rng_below(r, c->n + 1));
    }
}

static bool is_of(const golden_case *c, const golden_function *functions, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (functions[i] == c->function) {
            return true;
        }
    }
    return false;
}

static void add_window(golden_case *c, rng *r) {
    golden_set(c, GOLDEN_CAUSAL, 0, (double)rng_below(r, 3));
    golden_set(c, GOLDEN_QUERIES, 0, (double)(1 + rng_below(r, c->n + 1)));
    golden_set(c, GOLDEN_WINDOW_LEFT, 0, (double)rng_below(r, c->n + 2) - 1);
    golden_set(c, GOLDEN_WINDOW_RIGHT, 0, (double)rng_below(r, c->n + 2) - 1);
    golden_set(c, GOLDEN_ALIBI, 0, rng_uniform(r, -0.2, 1));
}

/* A sink near the top of the row, or anywhere. */
static void add_sink(golden_case *c, rng *r) {
    static const golden_function capped[] = {GOLDEN_SOFTMAX,          GOLDEN_LOG_SOFTMAX,
                                             GOLDEN_LOGSUMEXP,        GOLDEN_LOGSUMEXP_BACKWARD,
                                             GOLDEN_SOFTCAP_BACKWARD, GOLDEN_SINK_GRADIENT};
    static const golden_function with_sink[] = {GOLDEN_SOFTMAX, GOLDEN_LOGSUMEXP, GOLDEN_LOGSUMEXP_BACKWARD,
                                                GOLDEN_SINK_GRADIENT};
    if (is_of(c, capped, 6) && rng_below(r, 3)) {
        golden_set(c, GOLDEN_SOFTCAP, 0, ldexp(rng_uniform(r, 0.5, 1), (int)rng_below(r, 16)));
    }
    if (is_of(c, with_sink, 4)) {
        golden_set(c, GOLDEN_SINK, 0, rng_below(r, 9) ? rng_uniform(r, 0, 2) * rng_normal(r) : -(double)INFINITY);
    }
}

/* Of the window, as golden_run.c has it. */
static bool is_outside(const golden_case *c, double j) {
    if (!c->array[GOLDEN_QUERIES]) {
        return false;
    }
    double causal = golden_get(c, GOLDEN_CAUSAL, 0), left = golden_get(c, GOLDEN_WINDOW_LEFT, 0);
    double right = golden_get(c, GOLDEN_WINDOW_RIGHT, 0);
    double p = causal == SMX_CAUSAL_BOTTOM_RIGHT ? (double)c->n - golden_get(c, GOLDEN_QUERIES, 0) : 0;
    return (causal != SMX_CAUSAL_NONE && j > p) || (left >= 0 && j < p - left) || (right >= 0 && j > p + right);
}

static bool is_masked(const golden_case *c, size_t j) {
    return (c->array[GOLDEN_ADD] && golden_get(c, GOLDEN_ADD, j) == (double)-INFINITY) ||
           (c->array[GOLDEN_KEEP] && golden_get(c, GOLDEN_KEEP, j) == 0) ||
           (c->array[GOLDEN_LENGTH] && (double)j >= golden_get(c, GOLDEN_LENGTH, 0)) || is_outside(c, (double)j);
}

static void poison_masked(golden_case *c) {
    const golden_signature *signature = &golden_signatures[c->function];
    for (size_t k = 0; k < signature->input_count; k++) {
        golden_array a = signature->inputs[k];
        for (size_t j = 0; j < c->n && a < GOLDEN_LABEL && a != GOLDEN_B && golden_arrays[a].size == GOLDEN_ROW; j++) {
            if (is_masked(c, j)) {
                golden_set(c, a, j, (double)NAN);
            }
        }
    }
}

void judged_options(golden_case *c, size_t kind, rng *r) {
    if (kind == 1 || kind == 5) {
        add_scale(c, r);
    }
    add_masks(c, kind, r);
    if (kind >= 6) {
        add_window(c, r);
    }
    if (kind == 7) {
        add_sink(c, r);
    }
    poison_masked(c);
}

/* ---- Judging ----------------------------------------------------------------------------------------------------- */

static oracle_verdict worst[2][GOLDEN_FUNCTIONS][GOLDEN_RESULTS];

static void fail_case(const golden_case *c, const void *out, size_t part, const oracle_verdict *v) {
    const golden_part *result = &golden_signatures[c->function].results[part];
    size_t i = golden_result_offset(c, part) + v->at;
    if (c->n <= 16) {
        golden_write_inputs(stderr, c, NULL);
    }
    double got = c->f64 ? ((const double *)out)[i] : (double)((const float *)out)[i];
    fail_msg("%s: %s, n = %zu: error of %g %s (%g allowed) in %s[%zu] = %a", label_text(),
             golden_signatures[c->function].name, c->n, v->error, v->unit, v->bound, result->name, v->at, got);
}

void judged_check(golden_case *c) {
    size_t count = golden_result_count(c);
    void *out = calloc(count + !count, sizeof(double));
    assert_non_null(out);
    assert_ok(golden_run(c, out));
    oracle_verdict verdicts[GOLDEN_RESULTS];
    size_t parts = oracle_case(c, out, verdicts);
    for (size_t k = 0; k < parts; k++) {
        if (!oracle_verdict_good(&verdicts[k])) {
            fail_case(c, out, k, &verdicts[k]);
        }
        oracle_verdict *w = &worst[c->f64][c->function][k];
        if (verdicts[k].error / verdicts[k].bound >= w->error / (w->bound > 0 ? w->bound : 1)) {
            *w = verdicts[k];
        }
    }
    free(out);
    golden_case_clear(c);
}

void judged_print(void) {
    for (size_t type = 0; type < 2; type++) {
        for (size_t f = 0; f < GOLDEN_FUNCTIONS; f++) {
            for (size_t k = 0; k < GOLDEN_RESULTS; k++) {
                oracle_verdict *w = &worst[type][f][k];
                if (w->bound > 0) {
                    printf("%s %s, %s: largest error %.4f %s\n", golden_signatures[f].name, type ? "f64" : "f32",
                           golden_signatures[f].results[k].name, w->error, w->unit);
                }
                *w = (oracle_verdict){0};
            }
        }
    }
}
