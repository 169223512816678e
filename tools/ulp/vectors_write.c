#include "vectors.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"
#include "oracle.h"

static size_t size_of(const golden_case *c) { return c->f64 ? sizeof(double) : sizeof(float); }

static void *zeros(const golden_case *c) {
    void *array = calloc(c->n + !c->n, size_of(c));
    if (!array)
        abort();
    return array;
}

golden_case vectors_case(const vector_writer *w, golden_function function, const char *name, size_t n) {
    golden_case c = {.function = function, .f64 = w->f64, .n = n, .options.size = sizeof(smx_options)};
    snprintf(c.name, sizeof c.name, "%s-n%zu", name, n);
    c.result_count = function == GOLDEN_JACOBIAN ? n * n : n;
    c.input = zeros(&c);
    c.gradient = function == GOLDEN_BACKWARD ? zeros(&c) : NULL;
    return c;
}

static void store(const golden_case *c, void *array, size_t i, double value) {
    if (c->f64)
        ((double *)array)[i] = value;
    else
        ((float *)array)[i] = (float)value;
}

void vectors_set(golden_case *c, size_t i, double value) { store(c, c->input, i, value); }

void vectors_set_gradient(golden_case *c, size_t i, double value) { store(c, c->gradient, i, value); }

void vectors_set_bits(golden_case *c, size_t i, uint64_t bits) {
    uint32_t low = (uint32_t)bits;
    memcpy((char *)c->input + i * size_of(c), c->f64 ? (const void *)&bits : (const void *)&low, size_of(c));
}

double vectors_normal(vector_writer *w) {
    double sum = -6;
    for (int k = 0; k < 12; k++)
        sum += random_uniform(&w->rng, 0, 1);
    return sum;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static void write_element(FILE *out, const golden_case *c, const void *array, size_t i) {
    oracle_type type = c->f64 ? ORACLE_F64 : ORACLE_F32;
    double value = oracle_get(type, array, i);
    if (oracle_is_canonical_nan(type, array, i)) {
        fputs("nan", out);
    } else if (isnan(value)) {
        uint64_t bits = 0;
        uint32_t low = 0;
        memcpy(c->f64 ? (void *)&bits : (void *)&low, (const char *)array + i * size_of(c), size_of(c));
        fprintf(out, "bits:%" PRIx64, c->f64 ? bits : (uint64_t)low);
    } else {
        fprintf(out, "%a", value); /* "inf" and "-inf" too */
    }
}

static void write_array(FILE *out, const golden_case *c, const char *name, const void *array, size_t count) {
    fputs(name, out);
    size_t size = size_of(c);
    const char *bytes = array;
    for (size_t i = 0; i < count;) {
        size_t first = i;
        while (i < count && memcmp(bytes + i * size, bytes + first * size, size) == 0)
            i++;
        fputc(' ', out);
        write_element(out, c, array, first);
        if (i - first > 1)
            fprintf(out, "*%zu", i - first);
    }
    fputc('\n', out);
}

static void write_input(FILE *out, const golden_case *c, const char *name, const void *array,
                        const golden_generator *g) {
    if (g)
        fprintf(out, "%s splitmix64 %" PRIu64 " %s %d %d\n", name, g->seed, g->is_signed ? "signed" : "unsigned",
                g->bits, g->exponent);
    else
        write_array(out, c, name, array, c->n);
}

static void write_head(FILE *out, const golden_case *c, double error) {
    static const char *const functions[] = {"softmax", "backward", "jacobian"};
    fprintf(out, "\n# %.4g %s\ncase %s\n", error, c->function == GOLDEN_BACKWARD ? "of the bound" : "ULP", c->name);
    fprintf(out, "function %s\ntype %s\nn %zu\n", functions[c->function], c->f64 ? "f64" : "f32", c->n);
    if (c->options.plus_inf == SMX_PLUS_INF_LIMIT)
        fputs("plus_inf limit\n", out);
    if (c->options.minus_inf_row == SMX_MINUS_INF_ROW_ZEROS)
        fputs("minus_inf_row zeros\n", out);
}

/* The sum of a row that has one: a NaN in the result tells that it has none. */
static void write_sum(vector_writer *w, golden_case *c, const void *result) {
    oracle_type type = c->f64 ? ORACLE_F64 : ORACLE_F32;
    if (c->function == GOLDEN_JACOBIAN || c->n == 0)
        return;
    for (size_t i = 0; i < c->n; i++)
        if (isnan(oracle_get(type, result, i)))
            return;
    if (golden_sum(c) != SMX_OK) {
        fprintf(stderr, "%s: no statistics\n", c->name);
        w->failed = true;
        return;
    }
    fputs("sum ", w->out);
    if (c->function == GOLDEN_BACKWARD)
        fprintf(w->out, "%" PRId32 " ", c->exponent);
    fprintf(w->out, "%" PRIx64 ":%" PRIx64 "\n", c->sum_high, c->sum_low);
}

void vectors_put_generated(vector_writer *w, golden_case *c, const golden_generator *input,
                           const golden_generator *gradient) {
    static const char *const inputs[] = {"x", "y", "y"};
    static const char *const results[] = {"y", "dx", "jac"};
    if (input)
        golden_generate(input, c->f64, c->n, c->input);
    if (gradient)
        golden_generate(gradient, c->f64, c->n, c->gradient);
    void *result = golden_compute(c);
    double error = result ? golden_error(c, result) : (double)INFINITY;
    if (!golden_within_bound(c, error)) {
        fprintf(stderr, "%s: error %g is beyond the bound\n", c->name, error);
        w->failed = true;
    } else {
        write_head(w->out, c, error);
        write_input(w->out, c, inputs[c->function], c->input, input);
        if (c->gradient)
            write_input(w->out, c, "dy", c->gradient, gradient);
        write_sum(w, c, result);
        if (input)
            fprintf(w->out, "%s fnv1a64 %" PRIx64 "\n", results[c->function],
                    golden_hash(result, c->result_count, c->f64));
        else
            write_array(w->out, c, results[c->function], result, c->result_count);
        fputs("end\n", w->out);
        w->cases++;
    }
    free(result);
    golden_case_clear(c);
}

void vectors_put(vector_writer *w, golden_case *c) { vectors_put_generated(w, c, NULL, NULL); }
