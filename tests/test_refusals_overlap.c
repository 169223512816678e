/* Which overlaps of a function's arguments are refused: of an output with an input, all but exact in-place use where
 * the header allows it; of an output with another output, with scales or with masks, all. Inputs may overlap. Matrices
 * of equal strides overlap if a row of one shares an element with a row of the other; of unequal ones, if their ranges
 * of memory cross. */
#include "common/arena.h"
#include "common/check.h"
#include "common/problem.h"
#include "common/sampled.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, N = 5, ROOM = 4096, MIDDLE = 2048 };

/* Arguments moved here share this memory; a call that is refused leaves it alone. */
typedef struct memory {
    _Alignas(64) unsigned char bytes[ROOM];
    unsigned char before[ROOM];
} memory;

static smx_options needed(const function *f, const dtype *t, double scale[ROWS]) {
    smx_options opt = {.size = sizeof opt};
    for (size_t k = 0; k < ROWS; k++) {
        t->store(scale, k, 1);
    }
    if (f->needs & OPTION_SCALE_ROWS) {
        opt.scale = scale;
        opt.scale_stride = 1;
    }
    return opt;
}

/* One of two outputs that overlap is named: whichever is checked last. */
static void check_refused(const call *changed, size_t output, size_t other, const smx_options *opt, memory *m) {
    const struct argument *a = changed->f->arguments;
    memcpy(m->before, m->bytes, ROOM);
    smx_status status = call_run(changed, opt);
    bool either = argument_is_output(&a[other]) && strcmp(smx_refused(), a[other].name) == 0;
    assert_refused_for(SMX_ERROR_OVERLAP, a[either ? other : output].name, status);
    if (memcmp(m->before, m->bytes, ROOM) != 0) {
        fail_msg("%s: the call was refused, and wrote something", label_text());
    }
}

static size_t bytes_of(const block *b) { return ((b->rows - 1) * b->ld + b->n) * b->size; }

/* The output from so many bytes before the other argument's end to just behind its own start, byte by byte; of many
 * bytes, and in a quick run, seven by seven. */
static void check_pair(const call *c, const smx_options *opt, size_t output, size_t other, memory *m) {
    const function *f = c->f;
    call changed = *c;
    size_t own = bytes_of(&c->b[output]), size = bytes_of(&c->b[other]), step = own + size > 500 ? 7 : sample_step(7);
    for (size_t at = MIDDLE - own + 1; at < MIDDLE + size; at += step) {
        memcpy(m->bytes + MIDDLE, c->b[other].a, size);
        changed.b[other].a = m->bytes + MIDDLE;
        changed.b[output].a = m->bytes + at;
        label("%s %s: %s %td bytes from %s", f->name, c->t->name, f->arguments[output].name,
              (ptrdiff_t)at - (ptrdiff_t)MIDDLE, f->arguments[other].name);
        if (at == MIDDLE && argument_may_be(&f->arguments[output], other)) {
            assert_ok(call_run(&changed, opt));
        } else {
            check_refused(&changed, output, other, opt, m);
        }
    }
    if (argument_may_be(&f->arguments[output], other)) {
        label("%s %s: %s in place of %s with another stride", f->name, c->t->name, f->arguments[output].name,
              f->arguments[other].name);
        changed.b[output].a = changed.b[other].a;
        changed.b[output].ld++;
        check_refused(&changed, output, other, opt, m);
    }
}

static void check_arguments(const function *f, const dtype *t, uint64_t seed) {
    static memory m;
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
    static memory m;
    rng r = rng_seed(seed);
    double scale[ROWS];
    call c = call_new(f, t, ROWS, N, 0, NULL);
    call_fill(&c, 0, &r);
    for (size_t output = 0; output < ARGUMENTS_MAX; output++) {
        for (int k = 0; argument_is_output(&f->arguments[output]) && k < 6; k++) {
            static const char *const names[] = {"scale", "add", "keep", "lengths", "alibi", "sink"};
            static const int options[] = {
                OPTION_SCALE | OPTION_SCALE_ROWS, OPTION_ADD, OPTION_KEEP, OPTION_LENGTHS, OPTION_ALIBI, OPTION_SINK};
            if (!(f->takes & options[k])) {
                continue;
            }
            smx_options opt = needed(f, t, scale);
            void *place = m.bytes + MIDDLE;
            memset(m.bytes, 0, ROOM);
            t->store(place, 0, 1), t->store(place, 1, 1), t->store(place, 2, 1);
            if (k == 5) {
                opt.sink = place;
            } else if (k == 4) {
                opt.alibi = place;
                opt.queries = 1;
            } else if (k == 3) {
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
                opt.scale_stride = f->takes & OPTION_SCALE_ROWS && (f->needs || output % 2);
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
        if (f->arguments[i].form == FORM_ROW && argument_is_input(&f->arguments[i])) {
            call changed = c;
            changed.b[i].a = changed.b[0].a;
            label("%s %s: %s is %s", f->name, t->name, f->arguments[i].name, f->arguments[0].name);
            assert_ok(call_run(&changed, &opt));
        }
    }
    call_free(&c);
}

static void test_inputs(void **state) { for_all_functions(*state, 1, 0x6700000, check_inputs); }

/* ---- Strides ----------------------------------------------------------------------------------------------------- */

/* rows x n elements from number `first` of the arena on. */
typedef struct place {
    size_t rows, n, first, ld;
} place;

static int shares_elements(place a, place b) {
    for (size_t i = 0; i < a.rows * a.n; i++) {
        size_t element = a.first + i / a.n * a.ld + i % a.n;
        for (size_t k = 0; k < b.rows; k++) {
            size_t row = b.first + k * b.ld;
            if (element >= row && element < row + b.n) {
                return 1;
            }
        }
    }
    return 0;
}

static int ranges_cross(place a, place b) {
    return a.first < b.first + (b.rows - 1) * b.ld + b.n && b.first < a.first + (a.rows - 1) * a.ld + a.n;
}

/* With unequal strides, the rows of one between the rows of the other are refused too, though they share no element:
 * no user lays memory out so on purpose. */
static smx_status wanted_for(place in, place out) {
    if (in.ld != out.ld) {
        return ranges_cross(in, out) ? SMX_ERROR_OVERLAP : SMX_OK;
    }
    return shares_elements(in, out) && in.first != out.first ? SMX_ERROR_OVERLAP : SMX_OK;
}

/* A matrix that may be in place: every position of the output around it, with each pair of strides: ahead, behind,
 * interleaved. The function's other arguments are elsewhere. */
static void check_places(const call *c, const smx_options *opt, size_t input, size_t output) {
    arena m;
    arena_init(&m, c->t);
    call changed = *c;
    for (size_t ld_in = N; ld_in <= 3 * N; ld_in += 2) {
        for (size_t ld_out = N; ld_out <= 3 * N; ld_out += 2) {
            for (size_t first = 0; first < 200; first++) {
                place in = {ROWS, N, 100, ld_in}, out = {ROWS, N, first, ld_out};
                changed.b[input].a = arena_at(&m, in.first), changed.b[input].ld = ld_in;
                changed.b[output].a = arena_at(&m, out.first), changed.b[output].ld = ld_out;
                label("%s %s: strides %zu and %zu, %s %td elements from %s", c->f->name, c->t->name, ld_in, ld_out,
                      c->f->arguments[output].name, (ptrdiff_t)out.first - (ptrdiff_t)in.first,
                      c->f->arguments[input].name);
                arena_expect(&m, wanted_for(in, out), call_run(&changed, opt));
            }
        }
    }
}

static void check_strides(const function *f, const dtype *t, uint64_t seed) {
    rng r = rng_seed(seed);
    double scale[ROWS];
    smx_options opt = needed(f, t, scale);
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        size_t output = output_in_place(f, i);
        if (output && f->arguments[i].form == FORM_ROW) {
            call c = call_new(f, t, ROWS, N, 0, NULL);
            call_fill(&c, 0, &r);
            check_places(&c, &opt, i, output);
            call_free(&c);
        }
    }
}

static void test_strides(void **state) { for_all_functions(*state, 1, 0x6800000, check_strides); }

/* In place of y and of dy at once, and in place of one while the other overlaps in another way. */
static void test_backward_both(void **state) {
    arena m;
    arena_init(&m, *state);
    for (size_t ld = N; ld <= 3 * N; ld += 5) {
        for (size_t first = 0; first < 200; first++) {
            place in = {ROWS, N, 100, N + 2}, out = {ROWS, N, first, ld};
            void *y = arena_at(&m, in.first), *dy = arena_at(&m, out.first);
            label("backward %s: dy %td elements from y, stride %zu", m.t->name, (ptrdiff_t)first - 100, ld);
            arena_expect(&m, wanted_for(in, out), m.t->backward(ROWS, N, y, in.ld, dy, ld, y, in.ld, NULL));
            arena_expect(&m, wanted_for(in, out), m.t->backward(ROWS, N, y, in.ld, dy, ld, dy, ld, NULL));
            arena_expect(&m, SMX_OK, m.t->backward(ROWS, N, y, in.ld, dy, ld, arena_at(&m, 500), N, NULL));
        }
    }
}

/* jac must not overlap y at all, not even exactly. Each of its matrices counts as one row, from the first element to
 * the last. */
static smx_status wanted_for_jacobian(place y, size_t first, size_t ldj, size_t matrix_stride) {
    place jac = {y.rows, (y.n - 1) * ldj + y.n, first, matrix_stride};
    int overlap = jac.ld == y.ld ? shares_elements(jac, y) : ranges_cross(jac, y);
    return overlap ? SMX_ERROR_OVERLAP : SMX_OK;
}

static void test_jacobian(void **state) {
    arena m;
    arena_init(&m, *state);
    for (size_t ldj = N; ldj <= 3 * N; ldj += 3) {
        for (size_t gap = 0; gap <= 8; gap += 4) {
            for (size_t ldy = N; ldy <= 60; ldy += 7) {
                for (size_t first = 0; first < 350; first++) {
                    place y = {ROWS, N, 200, ldy};
                    size_t matrix_stride = N * ldj + gap;
                    label("jacobian %s: strides %zu %zu %zu, jac %td elements from y", m.t->name, ldy, ldj,
                          matrix_stride, (ptrdiff_t)first - (ptrdiff_t)y.first);
                    smx_status got = m.t->jacobian(ROWS, N, arena_at(&m, y.first), ldy, arena_at(&m, first), ldj,
                                                   matrix_stride, NULL);
                    arena_expect(&m, wanted_for_jacobian(y, first, ldj, matrix_stride), got);
                }
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_arguments),     TEST_BOTH(test_options),
                                       TEST_BOTH(test_inputs),        TEST_BOTH(test_strides),
                                       TEST_BOTH(test_backward_both), TEST_BOTH(test_jacobian)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
