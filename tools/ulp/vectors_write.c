#include "vectors.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"
#include "oracle.h"

static size_t size_of(const golden_case *c) { return c->f64 ? sizeof(double) : sizeof(float); }

golden_case vectors_case(const vector_writer *w, golden_function function, const char *name, size_t n) {
    golden_case c = {.function = function, .f64 = w->f64, .n = n, .options.size = sizeof(smx_options)};
    snprintf(c.name, sizeof c.name, "%s-n%zu", name, n);
    const golden_signature *signature = &golden_signatures[function];
    for (size_t k = 0; k < signature->input_count; k++)
        golden_add(&c, signature->inputs[k]);
    return c;
}

void vectors_set_bits(golden_case *c, golden_array a, size_t i, uint64_t bits) {
    uint32_t low = (uint32_t)bits;
    memcpy((char *)c->array[a] + i * size_of(c), c->f64 ? (const void *)&bits : (const void *)&low, size_of(c));
}

double vectors_normal(vector_writer *w) {
    double sum = -6;
    for (int k = 0; k < 12; k++)
        sum += rng_uniform(&w->random, 0, 1);
    return sum;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* The sum of a row that has one: a NaN in the result tells that it has none. Rows in parts know no scale or masks. */
static void write_sum(vector_writer *w, golden_case *c, const void *result) {
    oracle_type type = c->f64 ? ORACLE_F64 : ORACLE_F32;
    if (c->function > GOLDEN_BACKWARD || c->n == 0)
        return;
    for (size_t a = GOLDEN_SCALE; a < GOLDEN_ARRAYS; a++)
        if (c->array[a])
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
    const golden_generator *const generators[GOLDEN_INPUTS] = {input, gradient};
    for (size_t k = 0; k < GOLDEN_INPUTS; k++)
        if (generators[k])
            golden_generate(generators[k], c->f64, c->n, c->array[golden_signatures[c->function].inputs[k]]);
    void *result = golden_compute(c);
    golden_judgement judgement = {.good = false};
    if (result)
        judgement = golden_judge(c, result);
    if (!judgement.good) {
        fprintf(stderr, "%s %s: beyond the bound: ", golden_signatures[c->function].name, c->name);
        golden_print_errors(stderr, &judgement);
        fputc('\n', stderr);
        w->failed = true;
    } else {
        fputs("\n# ", w->out);
        golden_print_errors(w->out, &judgement);
        fputc('\n', w->out);
        golden_write_inputs(w->out, c, generators);
        write_sum(w, c, result);
        golden_write_results(w->out, c, result, input != NULL);
        fputs("end\n", w->out);
        w->cases++;
    }
    free(result);
    golden_case_clear(c);
}

void vectors_put(vector_writer *w, golden_case *c) { vectors_put_generated(w, c, NULL, NULL); }
