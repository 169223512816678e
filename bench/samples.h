/* Times things in turns, and sums up each one's samples. */
#ifndef SMX_BENCH_SAMPLES_H
#define SMX_BENCH_SAMPLES_H

#include <stddef.h>

enum { SAMPLES_MAX = 64 };

/* One thing to time. `prepare` runs before each sample, untimed, and may be null. */
struct probe {
    char label[60];
    void (*prepare)(void *context);
    void (*run)(void *context);
    void *context;
    double divisor; /* a time is given per this many: 1 for a call, n for an element */
    size_t repeats; /* runs in a sample; 0: settled by probes_run, for about SAMPLE_NS */
    size_t count;
    double samples[SAMPLES_MAX]; /* ns, divided by divisor */
};

/* Takes `rounds` samples of each probe, one of each in turn. */
void probes_run(struct probe *probes, size_t count, size_t rounds);

/* Prints a line for each: label, minimum, median, and the interquartile range as a share of the median. */
void probes_print(const char *title, const char *unit, struct probe *probes, size_t count);

#endif
