/* Which overlaps of a function's arguments are refused: of an output with an input, all but exact in-place use where
 * the header allows it; of an output with another output, with scales or with masks, all. Inputs may overlap. */
#include "common/check.h"
#include "common/problem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, N = 5, ROOM = 4096, MIDDLE = 2048 };

/* Arguments moved here share this memory; a call that is refused leaves it alone. */
typedef struct arena {
    _Alignas(64) unsigned char memory[ROOM];
    unsigned char before[ROOM];
} arena;

static smx_options needed(const function *f, const dtype *t, double scale[ROWS]) {
    smx_options opt = {.size = sizeof opt};
    for (size_t k = 0; k < ROWS; k++) {
        t->store(scale, k, 1);
    }
    if (f->needs & SCALE_ROWS) {
        opt.scale = scale;
        opt.scale_stride = 1;
    }
    return opt;
}

/* One of two outputs that overlap is named: whichever is checked last. */
static void check_refused(const call *changed, size_t output, size_t other, const smx_options *opt, arena *m) {
    const argument *a = changed->f->arguments;
    memcpy(m->before, m->memory, ROOM);
    smx_status status = call_run(changed, opt);
    bool either = argument_is_output(&a[other]) && strcmp(smx_refused(), a[other].name) == 0;
    assert_refused_for(SMX_ERROR_OVERLAP, a[either ? other : output].name, status);
    if (memcmp(m->before, m->memory, ROOM) != 0) {
        fail_msg("%s: the call was refused, and wrote something", label_text());
    }
}

static size_t bytes_of(const block *b) { return ((b->rows - 1) * b->ld + b->n) * b->size; }

static int in_place_is_allowed(const function *f, size_t input, size_t output) {
    return f->arguments[input].in_place == (int)output;
}

/* The output from so many bytes before the other argument's end to just behind its own start, byte by byte. */
static void check_pair(const call *c, const smx_options *opt, size_t output, size_t other, arena *m) {
    const function *f = c->f;
    call changed = *c;
    size_t own = bytes_of(&c->b[output]), size = bytes_of(&c->b[other]), step = own + size > 500 ? 7 : 1;
    for (size_t at = MIDDLE - own + 1; at < MIDDLE + size; at += step) {
        memcpy(m->memory + MIDDLE, c->b[other].a, size);
        changed.b[other].a = m->memory + MIDDLE;
        changed.b[output].a = m->memory + at;
        label("%s %s: %s %td bytes from %s", f->name, c->t->name, f->arguments[output].name,
              (ptrdiff_t)at - (ptrdiff_t)MIDDLE, f->arguments[other].name);
        if (at == MIDDLE && in_place_is_allowed(f, other, output)) {
            assert_ok(call_run(&changed, opt));
        } else {
            check_refused(&changed, output, other, opt, m);
        }
    }
    if (in_place_is_allowed(f, other, output)) {
        label("%s %s: %s in place of %s with another stride", f->name, c->t->name, f->arguments[output].name,
              f->arguments[other].name);
        changed.b[output].a = changed.b[other].a;
        changed.b[output].ld++;
        check_refused(&changed, output, other, opt, m);
    }
}

static void check_arguments(const function *f, const dtype *t, uint64_t seed) {
    static arena m;
    rng r = rng_seed(seed);
    double scale[ROWS];
    smx_options opt = needed(f, t, scale);
    for (size_t output = 0; output < ARGUMENTS_MAX; output++) {
        for (size_t other = 0; argument_is_output(&f->arguments[output]) && other < ARGUMENTS_MAX; other++) {
            if (other != output && f->arguments[other].form != FORM_NONE) {
                call c = call_new(f, t, ROWS, N, 0, NULL);
                call_fill(&c, 0, &r);
                check_pair(&c, &opt, output, other, &m);
                call_free(&c);
            }
        }
    }
}

static void test_arguments(void **state) { for_all_functions(*state, 1, 0x6500000, check_arguments); }

/* Every output against the arrays of the options. */
static void check_options(const function *f, const dtype *t, uint64_t seed) {
    static arena m;
    rng r = rng_seed(seed);
    double scale[ROWS];
    call c = call_new(f, t, ROWS, N, 0, NULL);
    call_fill(&c, 0, &r);
    for (size_t output = 0; output < ARGUMENTS_MAX; output++) {
        for (int k = 0; argument_is_output(&f->arguments[output]) && k < 4; k++) {
            static const char *const names[] = {"scale", "add", "keep", "lengths"};
            smx_options opt = needed(f, t, scale);
            void *place = m.memory + MIDDLE;
            memset(m.memory, 0, ROOM);
            t->store(place, 0, 1), t->store(place, 1, 1), t->store(place, 2, 1);
            if (k == 3) {
                memset(place, 0, ROWS * sizeof(int64_t));
                opt.lengths = place;
            } else if (k == 2) {
                opt.keep = place;
                opt.keep_ld = N;
            } else if (k == 1) {
                opt.add = place;
                opt.add_ld = N;
            } else {
                opt.scale = place;
                opt.scale_stride = f->takes & SCALE_ROWS && (f->needs || output % 2);
            }
            call changed = c;
            changed.b[output].a = place;
            label("%s %s: %s in the place of %s", f->name, t->name, f->arguments[output].name, names[k]);
            check_refused(&changed, output, output, &opt, &m);
        }
    }
    call_free(&c);
}

static void test_options(void **state) { for_all_functions(*state, 1, 0x6600000, check_options); }

/* Inputs are only read, so they may be the same memory. */
static void check_inputs(const function *f, const dtype *t, uint64_t seed) {
    rng r = rng_seed(seed);
    double scale[ROWS];
    smx_options opt = needed(f, t, scale);
    call c = call_new(f, t, ROWS, N, 0, NULL);
    call_fill(&c, 0, &r);
    for (size_t i = 1; i < ARGUMENTS_MAX; i++) {
        if (f->arguments[i].form == FORM_ROWS && argument_is_input(&f->arguments[i])) {
            call changed = c;
            changed.b[i].a = changed.b[0].a;
            label("%s %s: %s is %s", f->name, t->name, f->arguments[i].name, f->arguments[0].name);
            assert_ok(call_run(&changed, &opt));
        }
    }
    call_free(&c);
}

static void test_inputs(void **state) { for_all_functions(*state, 1, 0x6700000, check_inputs); }

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_arguments), TEST_BOTH(test_options), TEST_BOTH(test_inputs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
