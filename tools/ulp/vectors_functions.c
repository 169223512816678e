/* Golden vectors of the functions of log.h, cross_entropy.h and second_order.h, and of softmax with scale and masks. */
#include <math.h>
#include <stdlib.h>

#include "case.h"
#include "vectors.h"

static const size_t lengths[] = {1, 2, 3, 5, 8, 9, 16, 17, 33, 65};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

/* ---- Inputs ------------------------------------------------------------------------------------------------------ */

/* The logits' array of the function, or its y, from logits. */
static void set_logits(vector_writer *w, golden_case *c, double sd, double offset, double margin) {
    bool from_y = golden_signatures[c->function].inputs[0] == GOLDEN_Y;
    bool logarithm = c->function == GOLDEN_LOG_SOFTMAX_BACKWARD || c->function == GOLDEN_LOG_SOFTMAX_JVP ||
                     c->function == GOLDEN_NLL;
    golden_case logits = vectors_case(w, logarithm ? GOLDEN_LOG_SOFTMAX : GOLDEN_SOFTMAX, "logits", c->n);
    golden_case *to = from_y ? &logits : c;
    for (size_t i = 0; i < c->n; i++)
        golden_set(to, GOLDEN_X, i, offset + sd * vectors_normal(w) + (i == c->n / 2 ? margin : 0));
    if (from_y) {
        free(c->array[GOLDEN_Y]);
        c->array[GOLDEN_Y] = golden_compute(&logits);
        if (!c->array[GOLDEN_Y])
            abort();
    }
    golden_case_clear(&logits);
}

/* All other inputs that the function needs. */
static void set_others(vector_writer *w, golden_case *c) {
    const golden_signature *signature = &golden_signatures[c->function];
    for (size_t k = 1; k < signature->input_count; k++) {
        golden_array a = signature->inputs[k];
        size_t count = golden_count(c, golden_arrays[a].size);
        for (size_t i = 0; i < count; i++)
            golden_set(c, a, i,
                       a == GOLDEN_LABEL     ? (double)rng_below(&w->random, c->n)
                       : a == GOLDEN_TARGETS ? rng_uniform(&w->random, 0, 2) / (double)c->n
                                             : vectors_normal(w));
    }
}

enum { OPTION_SCALE = 1, OPTION_ADD = 2, OPTION_KEEP = 4, OPTION_LENGTH = 8 };

static void set_options(vector_writer *w, golden_case *c, unsigned options) {
    static const double scales[] = {-1, 0.1, 7, 1 / 3.};
    if (options & OPTION_SCALE)
        golden_set(c, GOLDEN_SCALE, 0, scales[rng_below(&w->random, 4)]);
    for (size_t i = 0; i < c->n && (options & OPTION_ADD); i++)
        golden_set(c, GOLDEN_ADD, i, rng_below(&w->random, 5) ? vectors_normal(w) : (double)-INFINITY);
    for (size_t i = 0; i < c->n && (options & OPTION_KEEP); i++)
        golden_set(c, GOLDEN_KEEP, i, rng_below(&w->random, 4) ? 1 : 0);
    if (options & OPTION_LENGTH)
        golden_set(c, GOLDEN_LENGTH, 0, (double)rng_below(&w->random, c->n + 1));
}

static void set_loss_options(vector_writer *w, golden_case *c, size_t k) {
    for (size_t i = 0; i < c->n && k % 2; i++)
        golden_set(c, GOLDEN_CLASS_WEIGHTS, i, rng_uniform(&w->random, 0, 2));
    if (k % 3 == 1)
        golden_set(c, GOLDEN_SMOOTHING, 0, 0.1);
    if (k % 5 == 2)
        golden_set(c, GOLDEN_Z_LOSS, 0, 1e-4);
    if (k % 7 == 3)
        golden_set(c, GOLDEN_SOFTCAP, 0, 30);
    if (k % 4 == 3)
        golden_set(c, GOLDEN_DLOSS, 0, vectors_normal(w));
}

/* ---- Cases ------------------------------------------------------------------------------------------------------- */

static bool is_loss(golden_function f) { return f == GOLDEN_CROSS_ENTROPY || f == GOLDEN_CROSS_ENTROPY_DENSE; }

static void put(vector_writer *w, golden_function f, const char *name, size_t n, double sd, double offset,
                double margin) {
    golden_case c = vectors_case(w, f, name, n);
    set_logits(w, &c, sd, offset, margin);
    set_others(w, &c);
    if (f == GOLDEN_CROSS_ENTROPY && margin != 0)
        golden_set(&c, GOLDEN_LABEL, 0, (double)(n / 2));
    vectors_put(w, &c);
}

static void put_with_options(vector_writer *w, golden_function f, size_t n, size_t k) {
    static const unsigned masks[] = {OPTION_SCALE, OPTION_ADD, OPTION_KEEP, OPTION_LENGTH, 15};
    golden_case c = vectors_case(w, f, "options", n);
    set_logits(w, &c, 3, 0, 0);
    set_others(w, &c);
    if (is_loss(f))
        set_loss_options(w, &c, k);
    if (!is_loss(f) || k % 2)
        set_options(w, &c, masks[k % 5]);
    vectors_put(w, &c);
}

/* A row of x given value by value, under each policy. */
static void put_special(vector_writer *w, golden_function f, const char *name, size_t n, const double *x) {
    for (int policy = 0; policy < 2; policy++) {
        golden_case c = vectors_case(w, f, name, n);
        c.options.plus_inf = policy ? SMX_PLUS_INF_LIMIT : SMX_PLUS_INF_NAN;
        c.options.minus_inf_row = policy ? SMX_MINUS_INF_ROW_ZEROS : SMX_MINUS_INF_ROW_NAN;
        for (size_t i = 0; i < n; i++)
            golden_set(&c, golden_signatures[f].inputs[0], i, x[i]);
        for (size_t k = 1; k < golden_signatures[f].input_count; k++) {
            golden_array a = golden_signatures[f].inputs[k];
            for (size_t i = 0; i < golden_count(&c, golden_arrays[a].size); i++)
                golden_set(&c, a, i, a == GOLDEN_LABEL ? 0 : 1);
        }
        vectors_put(w, &c);
    }
}

static void special(vector_writer *w, golden_function f) {
    double inf = (double)INFINITY;
    put_special(w, f, "one", 1, (double[]){-3.5});
    put_special(w, f, "nan", 3, (double[]){1, (double)NAN, 2});
    put_special(w, f, "minus-inf", 3, (double[]){-inf, 1, -inf});
    put_special(w, f, "all-minus-inf", 3, (double[]){-inf, -inf, -inf});
    if (golden_signatures[f].inputs[0] != GOLDEN_X)
        return;
    put_special(w, f, "plus-inf", 4, (double[]){1, inf, -inf, inf});
    put_special(w, f, "ties", 4, (double[]){2, 2, -0.0, 2});
    put_special(w, f, "cancels", 2, (double[]){-0x1.62e43p-1, -0x1.62e42ep-1});
}

static void cases_of(vector_writer *w, golden_function f) {
    double far = w->f64 ? 745 : 104;
    bool square = golden_signatures[f].results[0].size == GOLDEN_MATRIX;
    for (size_t k = 0; k < LENGTHS && !(square && lengths[k] > 9); k++) {
        put(w, f, "normal", lengths[k], 3, 0, 0);
        put_with_options(w, f, lengths[k], k);
        put_with_options(w, f, lengths[k], k + LENGTHS / 2 + 1);
    }
    for (double margin = far / 16; margin < far + 2; margin += far / 8)
        put(w, f, "margin", 4, 1, 0, margin);
    put(w, f, "offset", 7, 2, 10000, 0);
    put(w, f, "offset", 7, 2, -1e6, 0);
    put(w, f, "spread", square ? 9 : 40, far / 5, 0, 0);
    special(w, f);
}

/* Terms next to the last that is not 0, whose power of two is the least: its product with r is rounded. A large dlse
 * shows them, in one of eleven. The largest entry twice, as logarithms leave one out. */
static void least_terms(vector_writer *w) {
    golden_case c = vectors_case(w, GOLDEN_LOGSUMEXP_BACKWARD, "least-terms", 130);
    const double above = w->f64 ? -777.4 : -128.6, below = w->f64 ? -778 : -129.2;
    for (size_t i = 2; i < c.n; i++)
        golden_set(&c, GOLDEN_X, i, rng_uniform(&w->random, below, above));
    golden_set(&c, GOLDEN_DLSE, 0, w->f64 ? 0x1p1000 : 0x1p125);
    vectors_put(w, &c);
}

void vectors_log(vector_writer *w) {
    cases_of(w, GOLDEN_LOG_SOFTMAX);
    cases_of(w, GOLDEN_LOG_SOFTMAX_BACKWARD);
    cases_of(w, GOLDEN_LOGSUMEXP);
    cases_of(w, GOLDEN_LOGSUMEXP_BACKWARD);
    cases_of(w, GOLDEN_LOGSUMEXP_WEIGHTED);
    cases_of(w, GOLDEN_SCALE_GRADIENT);
    cases_of(w, GOLDEN_ARGMAX);
    least_terms(w);
}

/* It has options of its own: weights and dL/dloss. */
static void put_nll(vector_writer *w, size_t n, size_t k) {
    golden_case c = vectors_case(w, GOLDEN_NLL, "nll", n);
    set_logits(w, &c, 3, 0, 0);
    set_others(w, &c);
    for (size_t i = 0; i < n && k % 2; i++)
        golden_set(&c, GOLDEN_CLASS_WEIGHTS, i, k % 4 == 1 && i % 3 == 0 ? 0 : rng_uniform(&w->random, 0, 2));
    if (k > 1)
        golden_set(&c, GOLDEN_DLOSS, 0, vectors_normal(w));
    vectors_put(w, &c);
}

void vectors_cross_entropy(vector_writer *w) {
    cases_of(w, GOLDEN_CROSS_ENTROPY);
    cases_of(w, GOLDEN_CROSS_ENTROPY_DENSE);
    for (size_t k = 0; k < 4 * LENGTHS; k++)
        put_nll(w, lengths[k / 4], k % 4);
    special(w, GOLDEN_NLL);
}

void vectors_second_order(vector_writer *w) {
    cases_of(w, GOLDEN_SOFTMAX_JVP);
    cases_of(w, GOLDEN_LOG_SOFTMAX_JVP);
    cases_of(w, GOLDEN_DOUBLE_BACKWARD);
    cases_of(w, GOLDEN_HESSIAN_PRODUCT);
    cases_of(w, GOLDEN_HESSIAN);
}

/* Softmax and its backward pass under a scale and masks; one row that is longer than kernels stage at a time. */
void vectors_masks(vector_writer *w) {
    static const golden_function functions[] = {GOLDEN_SOFTMAX, GOLDEN_BACKWARD, GOLDEN_LOG_SOFTMAX};
    for (size_t f = 0; f < 3; f++) {
        for (size_t k = 0; k < 2 * LENGTHS && f < 2; k++)
            put_with_options(w, functions[f], lengths[k / 2], k);
        put_with_options(w, functions[f], 520, 4);
    }
}
