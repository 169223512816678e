/* Golden vectors of what attention adds to logits: a softcap, windows, slopes and sinks. */
#include <float.h>
#include <math.h>

#include "case.h"
#include "vectors.h"

enum { CAP = 1, WINDOW = 2, SLOPE = 4, SINK = 8, ALL = 15 };

/* The functions, and what of these they take beside windows and slopes. */
static const struct {
    golden_function function;
    unsigned takes;
} functions[] = {
    {GOLDEN_SOFTMAX, ALL},
    {GOLDEN_LOG_SOFTMAX, ALL & ~SINK},
    {GOLDEN_LOGSUMEXP, ALL},
    {GOLDEN_LOGSUMEXP_BACKWARD, ALL},
    {GOLDEN_SOFTCAP_BACKWARD, ALL},
    {GOLDEN_SINK_GRADIENT, ALL},
    {GOLDEN_CROSS_ENTROPY, ALL & ~SINK},
    {GOLDEN_CROSS_ENTROPY_DENSE, ALL & ~SINK},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* Inputs of the function for a row of x. */
static void set_inputs(vector_writer *w, golden_case *c) {
    const golden_signature *signature = &golden_signatures[c->function];
    for (size_t k = 0; k < signature->input_count; k++) {
        golden_array a = signature->inputs[k];
        size_t count = golden_count(c, golden_arrays[a].size);
        for (size_t i = 0; i < count; i++)
            golden_set(c, a, i,
                       a == GOLDEN_LABEL                      ? (double)rng_below(&w->random, c->n)
                       : a == GOLDEN_TARGETS || a == GOLDEN_Y ? rng_uniform(&w->random, 0, 2) / (double)c->n
                       : a == GOLDEN_X                        ? 3 * vectors_normal(w)
                                                              : vectors_normal(w));
    }
}

static void set_options(vector_writer *w, golden_case *c, unsigned options) {
    static const double caps[] = {50, 30, 1, 0x1p-10, 0x1p15}, slopes[] = {0.5, 0.1, -0.25, 3};
    if (options & CAP)
        golden_set(c, GOLDEN_SOFTCAP, 0, caps[rng_below(&w->random, 5)]);
    if (options & (WINDOW | SLOPE)) {
        golden_set(c, GOLDEN_CAUSAL, 0, (double)rng_below(&w->random, 3));
        golden_set(c, GOLDEN_QUERIES, 0, (double)(1 + rng_below(&w->random, c->n)));
    }
    if (options & WINDOW) {
        golden_set(c, GOLDEN_WINDOW_LEFT, 0, (double)rng_below(&w->random, c->n + 2) - 1);
        golden_set(c, GOLDEN_WINDOW_RIGHT, 0, (double)rng_below(&w->random, c->n + 2) - 1);
    }
    if (options & SLOPE)
        golden_set(c, GOLDEN_ALIBI, 0, slopes[rng_below(&w->random, 4)]);
    if (options & SINK)
        golden_set(c, GOLDEN_SINK, 0, 3 * vectors_normal(w));
}

static void put(vector_writer *w, golden_function f, const char *name, size_t n, unsigned options, bool masks) {
    golden_case c = vectors_case(w, f, name, n);
    set_inputs(w, &c);
    set_options(w, &c, options);
    if (masks) {
        golden_set(&c, GOLDEN_SCALE, 0, 0.7);
        for (size_t i = 0; i < n; i++)
            golden_set(&c, GOLDEN_ADD, i, rng_below(&w->random, 5) ? vectors_normal(w) : (double)-INFINITY);
    }
    vectors_put(w, &c);
}

/* x and a sink, a slope or a softcap, under each policy. */
static void put_special(vector_writer *w, golden_function f, const char *name, const double x[3], golden_array option,
                        double value) {
    for (int policy = 0; policy < 2; policy++) {
        golden_case c = vectors_case(w, f, name, 3);
        c.options.plus_inf = policy ? SMX_PLUS_INF_LIMIT : SMX_PLUS_INF_NAN;
        c.options.minus_inf_row = policy ? SMX_MINUS_INF_ROW_ZEROS : SMX_MINUS_INF_ROW_NAN;
        set_inputs(w, &c);
        for (size_t i = 0; i < 3; i++)
            golden_set(&c, GOLDEN_X, i, x[i]);
        golden_set(&c, option, 0, value);
        if (option == GOLDEN_ALIBI) {
            golden_set(&c, GOLDEN_QUERIES, 0, 1);
            golden_set(&c, GOLDEN_KEEP, 0, 1);
            golden_set(&c, GOLDEN_KEEP, 1, 1);
        }
        vectors_put(w, &c);
    }
}

static void special(vector_writer *w, golden_function f, unsigned takes) {
    const double inf = (double)INFINITY, nan = (double)NAN, most = w->f64 ? DBL_MAX : (double)FLT_MAX;
    const double finite[] = {1, 2, -0.5}, nothing[] = {-inf, -inf, -inf}, some[] = {1, inf, -inf};
    put_special(w, f, "cap-infinities", some, GOLDEN_SOFTCAP, 5);
    put_special(w, f, "slope-steep", finite, GOLDEN_ALIBI, most);
    put_special(w, f, "slope-of-nothing", nothing, GOLDEN_ALIBI, -most);
    if (!(takes & SINK))
        return;
    const double sinks[] = {-inf, 0, 1, 1e4, inf, nan};
    for (size_t k = 0; k < sizeof sinks / sizeof *sinks; k++) {
        put_special(w, f, "sink", finite, GOLDEN_SINK, sinks[k]);
        put_special(w, f, "sink-of-nothing", nothing, GOLDEN_SINK, sinks[k]);
        put_special(w, f, "sink-plus-inf", some, GOLDEN_SINK, sinks[k]);
    }
}

void vectors_attention(vector_writer *w) {
    static const size_t lengths[] = {1, 3, 8, 17, 33};
    for (size_t f = 0; f < FUNCTIONS; f++) {
        golden_function function = functions[f].function;
        unsigned takes = functions[f].takes;
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            static const unsigned each[] = {CAP, WINDOW, SLOPE, SINK, WINDOW | SLOPE, ALL};
            for (size_t i = 0; i < sizeof each / sizeof *each; i++)
                if (each[i] == ALL || (each[i] & takes) == each[i])
                    put(w, function, "attention", lengths[k], each[i] & takes, i % 2);
        }
        put(w, function, "attention-blocks", 520, takes, false);
        special(w, function, takes);
    }
}
