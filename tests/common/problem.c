#include "problem.h"

#include "check.h"
#include "sampled.h"
#include "sizes.h"

enum { ROWS_MAX = 20, LONGEST_MATRIX = 70, OTHERS_STEP = 4 };

static size_t random_size(const function *f, rng *r) {
    size_t n = short_size(rng_below(r, short_sizes_count()));
    if (has_matrices(f)) {
        n %= LONGEST_MATRIX;
    }
    return n ? n : 1;
}

problem problem_new(const function *f, const dtype *t, size_t rows, size_t n, size_t spread, uint64_t seed) {
    rng r = rng_seed(seed), layout = rng_seed(~seed);
    size_t random_n = random_size(f, &r), random_rows = 1 + rng_below(&r, ROWS_MAX), kind = rng_below(&r, CALL_KINDS);
    n = n ? n : random_n;
    rows = rows ? rows : random_rows;
    int what = masks_choice(f, &r);
    problem p = {call_new(f, t, rows, n, spread, &layout), masks_random(t, rows, n, what, &r), kind, what, seed};
    call_fill(&p.c, kind, &r);
    problem_say(&p, "");
    return p;
}

problem problem_plain(const function *f, const dtype *t, size_t rows, size_t n, size_t spread, size_t kind,
                      uint64_t seed) {
    rng r = rng_seed(seed), layout = rng_seed(~seed);
    problem p = {call_new(f, t, rows, n, spread, &layout), masks_random(t, rows, n, f->needs, &r), kind, f->needs,
                 seed};
    call_fill(&p.c, kind, &r);
    problem_say(&p, "");
    return p;
}

void problem_say(const problem *p, const char *more) {
    label("%s %s on %s, %zu rows, n = %zu, kind %zu, options %#x, seed %#llx%s", p->c.f->name, p->c.t->name, smx_isa(),
          p->c.rows, p->c.n, p->kind, (unsigned)p->options, (unsigned long long)p->seed, more);
}

void problem_free(problem *p) {
    call_free(&p->c);
    masks_free(&p->m);
}

call call_copy(const call *c, size_t spread, rng *r) {
    call copy = call_new(c->f, c->t, c->rows, c->n, spread, r);
    for (size_t k = 0; k < c->rows; k++) {
        call_copy_row(&copy, k, c, k, NULL);
    }
    return copy;
}

void for_all_masked_functions(const dtype *t, size_t rounds, uint64_t seed,
                              void (*check)(const function *f, const dtype *t, uint64_t seed)) {
    for (size_t which = 0; which < functions_count; which++) {
        for (size_t i = 0; i < sampled(rounds) && functions[which].takes & OPTIONS_MASKS; i++) {
            check(&functions[which], t, seed + 10000 * which + i);
        }
    }
}

void for_all_functions(const dtype *t, size_t rounds, uint64_t seed,
                       void (*check)(const function *f, const dtype *t, uint64_t seed)) {
    for (size_t which = 0; which < functions_count; which++) {
        for (size_t i = 0; i < sampled(rounds); i++) {
            check(&functions[which], t, seed + 10000 * which + i);
        }
    }
}

void for_all_short_sizes(const dtype *t, uint64_t seed, check_of_size *check) {
    size_t basic_step = sample_step(6);
    for (size_t which = 0; which < functions_count; which++) {
        const function *f = &functions[which];
        size_t step = is_basic(f) ? basic_step : CALL_KINDS;
        for (size_t i = 1; i < short_sizes_count() && (!has_matrices(f) || short_size(i) <= LONGEST_MATRIX); i++) {
            for (size_t kind = i % step; kind < CALL_KINDS; kind += step) {
                check(f, t, short_size(i), kind, seed + 100000 * which + 100 * i + kind);
            }
        }
    }
}

void for_all_long_sizes(const dtype *t, size_t step, uint64_t seed, check_of_size *check) {
    size_t part = sample_step(4);
    for (size_t which = 0; which < functions_count; which++) {
        const function *f = &functions[which];
        size_t first = is_basic(f) ? 0 : which % OTHERS_STEP, next = is_basic(f) ? 1 : OTHERS_STEP;
        for (size_t i = first; i < long_sizes_count() && !has_matrices(f); i += next * part) {
            for (size_t kind = i % step; kind < CALL_KINDS; kind += is_basic(f) ? step : CALL_KINDS) {
                check(f, t, long_size(i), kind, seed + 100000 * which + 100 * i + kind);
            }
        }
    }
}
