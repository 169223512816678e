#define _POSIX_C_SOURCE 200809L
#include "problem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void workspace_reserve(workspace *w, size_t n) {
    if (n <= w->n)
        return;
    free(w->a);
    free(w->b);
    free(w->out);
    *w = (workspace){n, malloc(n * sizeof(double)), malloc(n * sizeof(double)), malloc(n * sizeof(double))};
    if (!w->a || !w->b || !w->out) {
        fprintf(stderr, "ulp: no memory for rows of %zu entries\n", n);
        exit(1);
    }
}

/* The label as an index: of the first entry of its group. */
static double number_of(const row *r, golden_array a) {
    if (a != GOLDEN_LABEL)
        return r->number[a];
    double index = 0;
    for (size_t i = 0; i < (size_t)r->number[a]; i++)
        index += (double)r->count[i];
    return index;
}

golden_case problem_case(const problem *p, const row *r) {
    golden_case c = {.function = p->function, .f64 = r->type == ORACLE_F64, .n = r->n};
    c.options.size = sizeof c.options;
    snprintf(c.name, sizeof c.name, "%s", p->name);
    const double *const values[] = {r->a, r->b, r->c};
    for (size_t k = 0; k < p->array_count; k++) {
        golden_add(&c, p->arrays[k]);
        row_expand(r, values[k], c.array[p->arrays[k]]);
    }
    for (size_t a = 0; a < GOLDEN_ARRAYS; a++)
        if (row_has(r, (golden_array)a))
            golden_set(&c, (golden_array)a, 0, number_of(r, (golden_array)a));
    return c;
}

void require(smx_status status, const char *what) {
    if (status == SMX_OK)
        return;
    fprintf(stderr, "ulp: %s: %s\n", what, smx_status_str(status));
    exit(1);
}

double ulp_error_f32(double result, double exact) {
    if (isnan(result) || (result == 0 && signbit(result)))
        return (double)INFINITY;
    uint64_t bits;
    memcpy(&bits, &exact, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    exponent = exponent > -126 ? exponent : -126;
    bits = (uint64_t)(23 - exponent + 1023) << 52;
    double units;
    memcpy(&units, &bits, sizeof units);
    return (result - exact) * units;
}

double clock_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
