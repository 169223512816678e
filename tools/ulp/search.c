#include "search.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

typedef struct climber {
    const problem *p;
    const search_options *options;
    random_state rng;
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
    double error = c->p->evaluate(r, false, hot);
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
    if (c->options->n)
        return c->options->n;
    size_t n = lengths[random_below(&c->rng, sizeof lengths / sizeof *lengths)];
    if (random_below(&c->rng, 50) == 0)
        n = (size_t)1 << (10 + random_below(&c->rng, 9));
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
        c->p->generate(&c->rng, n, &candidate);
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
        c->p->mutate(&c->rng, &next, hot);
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
    const problem *p = c->p;
    const row *r = &c->witness;
    fprintf(out, "# %.6g %s\ncase worst-%s-n%zu\nfunction %s\n", error, p->unit, p->name, r->n, p->function);
    fprintf(out, "type %s\nn %zu\n%s ", p->type == ORACLE_F32 ? "f32" : "f64", r->n, p->input);
    row_print(out, r, r->a, r->groups);
    if (p->gradient) {
        fprintf(out, "\n%s ", p->gradient);
        row_print(out, r, r->b, r->groups);
    }
    fputs("\nend\n\n", out);
}

static void print_row(const climber *c, size_t hot) {
    enum { SHOWN = 24 };
    const problem *p = c->p;
    const row *r = &c->witness;
    printf("    n = %zu, largest error at %s = %a", r->n, p->input, r->a[hot]);
    if (p->gradient)
        printf(", %s = %a", p->gradient, r->b[hot]);
    printf("\n    %-2s ", p->input);
    row_print(stdout, r, r->a, SHOWN);
    if (p->gradient) {
        printf("\n    %-2s ", p->gradient);
        row_print(stdout, r, r->b, SHOWN);
    }
    printf("\n");
}

bool search(const problem *p, const search_options *options) {
    static climber c;
    c = (climber){.p = p, .options = options, .rng = {options->seed}, .end = clock_seconds() + options->seconds};
    c.worst = -1;
    while (clock_seconds() < c.end)
        climb(&c);
    progress_end(options);
    size_t hot = 0;
    double error = p->evaluate(&c.witness, true, &hot);
    bool good = error < p->bound || (p->attained && error == p->bound);
    printf("%s: worst %.6g %s, %s the bound of %g (%" PRIu64 " rows in %.0f s, seed %" PRIu64 ", %s)\n", p->name, error,
           p->unit, good ? "within" : "BEYOND", p->bound, c.rows, options->seconds, options->seed, smx_isa());
    print_row(&c, hot);
    fflush(stdout);
    if (options->witness)
        write_witness(&c, error, options->witness);
    return good;
}
