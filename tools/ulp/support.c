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
