#include "search.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

typedef struct climber {
    const problem *p;
    const search_options *options;
    rng random;
    double end;
    uint64_t rows;
    double worst;
    row witness;
} climber;

/* ---- Progress ---------------------------------------------------------------------------------------------------- */

void progress_line(const search_options *options, const char *format, ...) {
    static double last;
    double now = clock_seconds();
    if (!options->progress || now - last < 0.5)
        return;
    last = now;
    va_list arguments;
    va_start(arguments, format);
    fputs("\r\033[K", stderr);
    vfprintf(stderr, format, arguments);
    fflush(stderr);
    va_end(arguments);
}

void progress_end(const search_options *options) {
    if (options->progress)
        fputs("\r\033[K", stderr);
}

/* ---- Search ------------------------------------------------------------------------------------------------------ */

static double judge(climber *c, const row *r, size_t *hot) {
    double error = c->p->evaluate(c->p, r, false, hot);
    c->rows++;
    if (error > c->worst) {
        c->worst = error;
        row_copy(&c->witness, r);
    }
    progress_line(c->options, "%s: %.3g rows, %.0f s to go, worst %.6g %s at n = %zu", c->p->name, (double)c->rows,
                  c->end - clock_seconds(), c->worst, c->p->unit, c->witness.n);
    return error;
}

/* Short rows mostly: they are quick to judge and hold the worst cases; long ones for what only they show. */
static size_t draw_length(climber *c) {
    static const size_t lengths[] = {2, 3, 4, 5, 7, 10, 2, 3, 16, 33, 1, 100, 1000};
    static const size_t very_long[] = {(1 << 18) + 1, 370728, 1 << 19, 1000000, 3000000, 10000000};
    if (c->options->n)
        return c->options->n;
    size_t n = lengths[rng_below(&c->random, sizeof lengths / sizeof *lengths)];
    if (rng_below(&c->random, 50) == 0)
        n = (size_t)1 << (10 + rng_below(&c->random, 9));
    if (n < c->p->min_n || rng_below(&c->random, 2000) == 0)
        n = very_long[rng_below(&c->random, sizeof very_long / sizeof *very_long)];
    return n <= c->p->max_n ? n : 1 + n % c->p->max_n;
}

/* The best of some random rows; its error. */
static double start(climber *c, row *best, size_t *hot) {
    static row candidate;
    size_t n = draw_length(c);
    int candidates = n > 10000 ? 2 : n > 50 ? 5 : 30;
    double best_error = -1;
    for (int k = 0; k < candidates && clock_seconds() < c->end; k++) {
        size_t candidate_hot = 0;
        c->p->generate(c->p, &c->random, n, &candidate);
        double error = judge(c, &candidate, &candidate_hot);
        if (error > best_error) {
            best_error = error;
            *hot = candidate_hot;
            row_copy(best, &candidate);
        }
    }
    return best_error;
}

static void climb(climber *c) {
    static row best, next;
    size_t hot = 0;
    double best_error = start(c, &best, &hot);
    int patience = best.n > 10000 ? 40 : 400;
    for (int failures = 0; failures < patience && clock_seconds() < c->end; failures++) {
        size_t next_hot = hot;
        row_copy(&next, &best);
        c->p->mutate(c->p, &c->random, &next, hot);
        double error = judge(c, &next, &next_hot);
        if (error > best_error)
            failures = 0;
        if (error >= best_error) { /* sideways too, to cross plateaus */
            best_error = error;
            hot = next_hot;
            row_copy(&best, &next);
        }
    }
}

/* ---- Report ------------------------------------------------------------------------------------------------------ */

static void write_witness(const climber *c, double error, FILE *out) {
    golden_case witness = problem_case(c->p, &c->witness);
    snprintf(witness.name, sizeof witness.name, "worst-%s-n%zu", c->p->name, witness.n);
    fprintf(out, "\n# %.6g %s\n", error, c->p->unit);
    golden_write_inputs(out, &witness, NULL);
    fputs("end\n", out);
    golden_case_clear(&witness);
}

static const double *values_of(const row *r, size_t k) { return k == 0 ? r->a : k == 1 ? r->b : r->c; }

static void print_row(const climber *c, size_t hot) {
    enum { SHOWN = 24 };
    const problem *p = c->p;
    const row *r = &c->witness;
    printf("    n = %zu, largest error at", r->n);
    for (size_t k = 0; k < p->array_count; k++)
        printf("%s %s = %a", k ? "," : "", golden_arrays[p->arrays[k]].name, values_of(r, k)[hot]);
    printf("\n");
    for (size_t k = 0; k < p->array_count; k++) {
        printf("    %-2s ", golden_arrays[p->arrays[k]].name);
        row_print(stdout, r, values_of(r, k), SHOWN);
        printf("\n");
    }
    for (size_t a = 0; a < GOLDEN_ARRAYS; a++)
        if (row_has(r, (golden_array)a))
            printf("    %s %a\n", golden_arrays[a].name, r->number[a]);
}

bool search(const problem *p, const search_options *options) {
    static climber c;
    c = (climber){
        .p = p, .options = options, .random = rng_seed(options->seed), .end = clock_seconds() + options->seconds};
    c.worst = -1;
    while (clock_seconds() < c.end)
        climb(&c);
    progress_end(options);
    size_t hot = 0;
    double error = p->evaluate(p, &c.witness, true, &hot);
    bool good = error < p->bound || (p->attained && error == p->bound);
    printf("%s: worst %.6g %s, %s the bound of %g (%" PRIu64 " rows in %.0f s, seed %" PRIu64 ", %s)\n", p->name, error,
           p->unit, good ? "within" : "BEYOND", p->bound, c.rows, options->seconds, options->seed, smx_isa());
    print_row(&c, hot);
    fflush(stdout);
    if (options->witness)
        write_witness(&c, error, options->witness);
    return good;
}
