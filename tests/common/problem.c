#include "problem.h"

#include "check.h"
#include "sizes.h"

enum { ROWS_MAX = 20, LONGEST_MATRIX = 60 };

static size_t random_size(const function *f, rng *r) {
    size_t n = short_size(rng_below(r, short_sizes_count()));
    if (f->arguments[1].form == FORM_MATRICES) {
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
    problem p = {call_new(f, t, rows, n, spread, &layout), masks_random(t, rows, n, what, &r)};
    call_fill(&p.c, kind, &r);
    label("%s %s on %s, %zu rows, n = %zu, kind %zu, options %#x, seed %#llx", f->name, t->name, smx_isa(), rows, n,
          kind, (unsigned)what, (unsigned long long)seed);
    return p;
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

void for_all_functions(const dtype *t, size_t rounds, uint64_t seed,
                       void (*check)(const function *f, const dtype *t, uint64_t seed)) {
    for (size_t which = 0; which < functions_count; which++) {
        for (size_t i = 0; i < rounds; i++) {
            check(&functions[which], t, seed + 10000 * which + i);
        }
    }
}
