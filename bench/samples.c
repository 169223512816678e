#define _POSIX_C_SOURCE 200809L
#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SAMPLE_NS 200000.0

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static double time_repeats(const struct probe *p, size_t repeats) {
    double start = now_ns();
    for (size_t i = 0; i < repeats; i++) {
        p->run(p->context);
    }
    return now_ns() - start;
}

/* Enough runs for a sample of about SAMPLE_NS, found by doubling so that a slow first run misleads nobody. */
static size_t settle_repeats(const struct probe *p) {
    size_t repeats = 1;
    while (repeats < (size_t)1 << 30 && time_repeats(p, repeats) < SAMPLE_NS / 2) {
        repeats *= 2;
    }
    return repeats;
}

static void take_sample(struct probe *p) {
    if (p->prepare != NULL) {
        p->prepare(p->context);
    }
    if (p->repeats == 0) {
        p->repeats = settle_repeats(p);
    }
    double ns = time_repeats(p, p->repeats);
    p->samples[p->count++] = ns / (double)p->repeats / p->divisor;
}

void probes_run(struct probe *probes, size_t count, size_t rounds) {
    for (size_t round = 0; round < rounds && round < SAMPLES_MAX; round++) {
        for (size_t i = 0; i < count; i++) {
            take_sample(&probes[i]);
        }
    }
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

void probes_print(const char *title, const char *unit, struct probe *probes, size_t count) {
    printf("\n%s, %s\n%-60s %10s %10s %8s\n", title, unit, "", "min", "median", "spread");
    for (size_t i = 0; i < count; i++) {
        struct probe *p = &probes[i];
        qsort(p->samples, p->count, sizeof p->samples[0], compare);
        double median = p->samples[p->count / 2];
        double spread = (p->samples[p->count - 1 - p->count / 4] - p->samples[p->count / 4]) / median;
        printf("%-60s %10.3f %10.3f %6.0f %%\n", p->label, p->samples[0], median, 100 * spread);
    }
}
