/* What bench.py cannot see through Python: nanoseconds a call for tiny rows, each instruction set, warm and cold cache,
 * and each pass of a kernel by itself, through the functions for a row in parts.
 *
 *     harness [ROUNDS [ISA]]    15 rounds, every instruction set
 */
#include "jobs.h"
#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cold: everything else is pushed out of the caches by a walk through more memory than the largest of them holds. */
#define EVICTING_BYTES ((size_t)96 << 20)
static char *evicting;
static const char *only_isa; /* null: all */

static void prepare_warm(void *context) {
    struct job *j = context;
    must(smx_isa_set(j->isa));
}

static void prepare_cold(void *context) {
    prepare_warm(context);
    for (size_t i = 0; i < EVICTING_BYTES; i += 64) {
        evicting[i]++;
    }
}

/* ---- The tables -------------------------------------------------------------------------------------------------- */

struct column {
    const char *name;
    void (*run)(void *job);
};

static const struct column calls[] = {
    {"softmax", run_forward},
    {"softmax_backward", run_backward},
    {"log_softmax", run_log_softmax},
    {"logsumexp", run_logsumexp},
    {"cross_entropy", run_cross_entropy},
    {"cross_entropy_gradient", run_cross_entropy_gradient},
};
static const struct column half_calls[] = {
    {"softmax", run_forward},
    {"softmax_backward", run_backward},
    {"log_softmax", run_log_softmax},
};
static const struct column columns[] = {{"softmax", run_forward}, {"softmax_columns", run_columns}};
static const struct column passes[] = {
    {"softmax", run_forward},
    {"part_max", run_part_max},
    {"part_sum", run_part_sum},
    {"part_finish", run_part_finish},
    {"softmax_backward", run_backward},
    {"backward_part_max", run_backward_part_max},
    {"backward_part_sum", run_backward_part_sum},
    {"backward_part_finish", run_backward_part_finish},
};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What a table has in common: the columns, and how each is run and counted. */
struct table {
    const char *title;
    const char *unit;
    const struct column *columns;
    size_t column_count;
    bool per_element;
    bool cold;
};

static struct probe probe_of(const struct table *t, struct job *j, const struct column *column) {
    struct probe p = {.run = column->run, .context = j, .divisor = 1};
    p.prepare = t->cold ? prepare_cold : prepare_warm;
    p.repeats = t->cold ? 1 : 0; /* a second run would find the cache warm */
    if (t->per_element) {
        p.divisor = (double)(j->rows * j->n);
    }
    snprintf(p.label, sizeof p.label, "%-8s %-4s %-22s %zu x %zu", j->isa, type_name(j->type), column->name, j->rows,
             j->n);
    return p;
}

/* Every column at every instruction set and one shape, in turns; so what stands under one title compares. */
static void measure(const struct table *t, enum type type, size_t rows, size_t n, size_t rounds) {
    struct job *jobs[8];
    struct probe probes[8 * COUNT(passes)];
    size_t job_count = 0;
    size_t count = 0;
    const char *isa;
    for (size_t i = 0; job_count < COUNT(jobs) && (isa = smx_isa_available(i)) != NULL; i++) {
        if (only_isa != NULL && strcmp(isa, only_isa) != 0) {
            continue;
        }
        jobs[job_count] = job_new(type, isa, rows, n);
        for (size_t c = 0; c < t->column_count; c++) {
            probes[count++] = probe_of(t, jobs[job_count], &t->columns[c]);
        }
        job_count++;
    }
    probes_run(probes, count, rounds);
    probes_print(t->title, t->unit, probes, count);
    for (size_t i = 0; i < job_count; i++) {
        job_free(jobs[i]);
    }
}

/* Arrays of 64 MiB, whose pages the TLB cannot hold, on huge pages and on small ones, in turns. */
static void measure_pages(const char *isa, size_t rounds) {
    static const struct column moving[] = {{"softmax", run_forward}, {"softmax_backward", run_backward}};
    static const struct table t = {"", "", moving, COUNT(moving), true, false};
    struct job *jobs[2];
    struct probe probes[2 * COUNT(moving)];
    for (size_t huge = 0; huge < 2; huge++) {
        bench_advise_huge_pages(huge);
        jobs[huge] = job_new(F32, isa, 16384, 1000);
        for (size_t c = 0; c < COUNT(moving); c++) {
            struct probe *p = &probes[2 * c + huge];
            *p = probe_of(&t, jobs[huge], &moving[c]);
            p->repeats = 1;
            strncat(p->label, huge ? ", huge" : ", small", sizeof p->label - strlen(p->label) - 1);
        }
    }
    probes_run(probes, COUNT(probes), rounds);
    probes_print("Small and huge pages, 64 MiB an array", "ns an element", probes, COUNT(probes));
    job_free(jobs[0]);
    job_free(jobs[1]);
}

static void measure_both_types(const struct table *t, size_t rows, size_t n, size_t rounds) {
    measure(t, F32, rows, n, rounds);
    measure(t, F64, rows, n, rounds);
}

int main(int argc, char **argv) {
    char *end = "";
    unsigned long rounds = argc > 1 ? strtoul(argv[1], &end, 10) : 15;
    if (argc > 3 || *end != '\0' || rounds < 1 || rounds > SAMPLES_MAX) {
        fprintf(stderr, "harness: rounds must be a number from 1 to %d\n", SAMPLES_MAX);
        return 2;
    }
    only_isa = argc > 2 ? argv[2] : NULL;
    if (only_isa != NULL) {
        must(smx_isa_set(only_isa));
    }
    const char *isa = smx_isa(); /* the tables set others */
    evicting = bench_allocate(EVICTING_BYTES);
    memset(evicting, 1, EVICTING_BYTES);
    printf("libsmx %s, one thread, %lu rounds, spread: interquartile range / median\n", smx_version(), rounds);

    struct table warm = {"Warm cache", "ns a call", calls, COUNT(calls), false, false};
    measure_both_types(&warm, 1, 1, rounds);
    measure_both_types(&warm, 1, 10, rounds);
    measure_both_types(&warm, 1, 100, rounds);

    struct table cold = {"Cold cache", "ns a call", calls, COUNT(calls), false, true};
    measure(&cold, F32, 1, 10, rounds);
    measure(&cold, F32, 1, 1000, rounds);
    measure(&cold, F32, 1, 32768, rounds);

    struct table by_pass = {"Each pass, warm cache", "ns an element", passes, COUNT(passes), true, false};
    measure_both_types(&by_pass, 1, 64, rounds);
    measure_both_types(&by_pass, 1, 1000, rounds);
    measure_both_types(&by_pass, 1, 4096, rounds);
    measure_both_types(&by_pass, 1, 32768, rounds);
    measure_both_types(&by_pass, 1, 262144, rounds);

    struct table short_rows = {"Short rows, warm cache", "ns an element", calls, COUNT(calls), true, false};
    for (size_t n = 2; n <= 128; n *= 2) {
        measure(&short_rows, F32, 65536 / n, n, rounds);
    }

    struct table down = {"Down columns, warm cache", "ns an element", columns, COUNT(columns), true, false};
    measure_both_types(&down, 196, 1000, rounds);
    measure(&down, F32, 4096, 21, rounds);

    struct table half = {"Half types, warm cache", "ns an element", half_calls, COUNT(half_calls), true, false};
    for (enum type type = BF16; type <= F16; type++) {
        measure(&half, type, 1, 10, rounds);
        measure(&half, type, 8192, 8, rounds);
        measure(&half, type, 64, 1000, rounds);
    }
    measure_pages(isa, rounds);
    free(evicting);
    return 0;
}
