#include "row.h"

#include <float.h>
#include <math.h>
#include <string.h>

void row_copy(row *to, const row *from) {
    to->type = from->type;
    to->n = from->n;
    to->groups = from->groups;
    memcpy(to->a, from->a, from->groups * sizeof *from->a);
    memcpy(to->b, from->b, from->groups * sizeof *from->b);
    memcpy(to->c, from->c, from->groups * sizeof *from->c);
    memcpy(to->number, from->number, sizeof to->number);
    to->numbers = from->numbers;
    memcpy(to->count, from->count, from->groups * sizeof *from->count);
}

void row_give(row *r, golden_array a, double value) {
    r->number[a] = row_round(r->type, value);
    r->numbers |= UINT32_C(1) << a;
}

bool row_has(const row *r, golden_array a) { return r->numbers >> a & 1; }

void row_divide(row *r, size_t n, size_t groups, rng *random) {
    groups = groups > ROW_GROUPS ? ROW_GROUPS : groups;
    r->n = n;
    r->numbers = 0;
    r->groups = groups > n ? n : groups;
    size_t left = n - r->groups;
    for (size_t i = 0; i < r->groups; i++) {
        size_t extra = i + 1 == r->groups ? left : rng_below(random, 2 * left / (r->groups - i) + 1);
        extra = extra > left ? left : extra;
        r->count[i] = 1 + extra;
        left -= extra;
    }
}

double row_round(oracle_type type, double v) {
    double largest = type == ORACLE_F32 ? (double)FLT_MAX : DBL_MAX;
    v = v > largest ? largest : v < -largest ? -largest : v;
    return type == ORACLE_F32 ? (double)(float)v : v;
}

double row_step(oracle_type type, double v, double steps) {
    int exponent;
    frexp(v, &exponent);
    int least = type == ORACLE_F32 ? -149 : -1074;
    int unit = exponent - (type == ORACLE_F32 ? 24 : 53);
    return row_round(type, v + ldexp(steps, unit > least ? unit : least));
}

void row_expand(const row *r, const double *values, void *array) {
    size_t at = 0;
    for (size_t i = 0; i < r->groups; i++)
        for (size_t k = 0; k < r->count[i]; k++, at++) {
            if (r->type == ORACLE_F32)
                ((float *)array)[at] = (float)values[i];
            else
                ((double *)array)[at] = values[i];
        }
}

void row_print(FILE *out, const row *r, const double *values, size_t limit) {
    for (size_t i = 0; i < r->groups && i < limit; i++) {
        fprintf(out, i ? " %a" : "%a", values[i]);
        if (r->count[i] > 1)
            fprintf(out, "*%zu", r->count[i]);
    }
    if (r->groups > limit)
        fprintf(out, " ... (%zu more)", r->groups - limit);
}
