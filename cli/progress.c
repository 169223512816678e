#define _POSIX_C_SOURCE 200809L
#include "progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const double FIRST_AFTER = 1.0; /* seconds */
static const double EVERY = 0.1;
enum { BAR = 40 };

static struct {
    const char *label;
    uint64_t total, done;
    double started, drawn;
    bool visible;
} progress;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_start(const char *label, uint64_t total) {
    progress.label = label;
    progress.total = total;
    progress.done = 0;
    progress.started = progress.drawn = now();
}

static void draw(double elapsed) {
    double fraction = (double)progress.done / (double)progress.total;
    int filled = (int)(fraction * BAR);
    double left = elapsed * (1 - fraction) / fraction;
    char bar[BAR + 1];
    for (int i = 0; i < BAR; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR] = '\0';
    fprintf(stderr, "\r\033[K%s  %s  %3d %%  %.0f s left", progress.label, bar, (int)(100 * fraction), left);
    fflush(stderr);
    progress.visible = true;
}

void progress_add(uint64_t units) {
    progress.done += units;
    double t = now();
    if (units == 0 || t - progress.started < FIRST_AFTER || t - progress.drawn < EVERY || !isatty(STDERR_FILENO))
        return;
    progress.drawn = t;
    draw(t - progress.started);
}

void progress_clear(void) {
    if (!progress.visible)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress.visible = false;
}
