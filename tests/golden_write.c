#include "golden_write.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static size_t size_of(const golden_case *c) { return c->f64 ? sizeof(double) : sizeof(float); }

static void write_element(FILE *out, const golden_case *c, const void *array, size_t i) {
    double value = c->f64 ? ((const double *)array)[i] : (double)((const float *)array)[i];
    if (!isnan(value)) {
        fprintf(out, "%a", value); /* "inf" and "-inf" too */
        return;
    }
    uint64_t bits = 0;
    uint32_t low = 0;
    memcpy(c->f64 ? (void *)&bits : (void *)&low, (const char *)array + i * size_of(c), size_of(c));
    bits = c->f64 ? bits : (uint64_t)low;
    if (bits == (c->f64 ? UINT64_C(0x7ff8000000000000) : UINT64_C(0x7fc00000)))
        fputs("nan", out);
    else
        fprintf(out, "bits:%" PRIx64, bits);
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

static void write_generator(FILE *out, const char *name, const golden_generator *g) {
    fprintf(out, "%s splitmix64 %" PRIu64 " %s %d %d\n", name, g->seed, g->is_signed ? "signed" : "unsigned", g->bits,
            g->exponent);
}

static void write_head(FILE *out, const golden_case *c) {
    fprintf(out, "case %s\nfunction %s\n", c->name, golden_signatures[c->function].name);
    fprintf(out, "type %s\nn %zu\n", c->f64 ? "f64" : "f32", c->n);
    if (c->options.plus_inf == SMX_PLUS_INF_LIMIT)
        fputs("plus_inf limit\n", out);
    if (c->options.minus_inf_row == SMX_MINUS_INF_ROW_ZEROS)
        fputs("minus_inf_row zeros\n", out);
}

void golden_write_inputs(FILE *out, const golden_case *c, const golden_generator *const *generators) {
    write_head(out, c);
    const golden_signature *signature = &golden_signatures[c->function];
    for (size_t k = 0; k < signature->input_count; k++) {
        golden_array a = signature->inputs[k];
        if (generators && generators[k])
            write_generator(out, golden_arrays[a].name, generators[k]);
        else
            write_array(out, c, golden_arrays[a].name, c->array[a], golden_count(c, golden_arrays[a].size));
    }
    for (size_t a = GOLDEN_SCALE; a < GOLDEN_ARRAYS; a++)
        if (c->array[a])
            write_array(out, c, golden_arrays[a].name, c->array[a], golden_count(c, golden_arrays[a].size));
}

void golden_write_results(FILE *out, const golden_case *c, const void *result, bool hashed) {
    const golden_part *parts = golden_signatures[c->function].results;
    if (hashed) {
        fprintf(out, "%s fnv1a64 %" PRIx64 "\n", parts[0].name, golden_hash(result, golden_result_count(c), c->f64));
        return;
    }
    for (size_t k = 0; k < GOLDEN_RESULTS && parts[k].name; k++)
        write_array(out, c, parts[k].name, (const char *)result + golden_result_offset(c, k) * size_of(c),
                    golden_count(c, parts[k].size));
}
