/* What every function refuses, with which status, and that a refused call writes nothing: null pointers, strides,
 * sizes, scales, lengths, causality, masks. */
#include "common/arena.h"
#include "common/check.h"
#include "common/problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, N = 5, SPREAD = 4 };

/* A sound call, and copies of its memory. */
typedef struct subject {
    call c;
    unsigned char *before[ARGUMENTS_MAX];
} subject;

static size_t bytes_of(const block *b) { return (b->offset + (b->rows - 1) * b->ld + b->n) * b->size; }

static subject subject_new(const function *f, const dtype *t, uint64_t seed) {
    rng r = rng_seed(seed);
    subject s = {.c = call_new(f, t, ROWS, N, SPREAD, &r)};
    call_fill(&s.c, 0, &r);
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        if (s.c.b[i].a) {
            s.before[i] = malloc(bytes_of(&s.c.b[i]));
            assert_non_null(s.before[i]);
            memcpy(s.before[i], s.c.b[i].memory, bytes_of(&s.c.b[i]));
        }
    }
    return s;
}

static void subject_free(subject *s) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        free(s->before[i]);
    }
    call_free(&s->c);
}

/* Options that the function needs, with what a test adds. */
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

static void expect(subject *s, const call *changed, const smx_options *opt, smx_status wanted, const char *what) {
    assert_refused_for(wanted, what, call_run(changed, opt));
    for (size_t i = 0; wanted != SMX_OK && i < ARGUMENTS_MAX; i++) {
        if (s->before[i] && memcmp(s->before[i], s->c.b[i].memory, bytes_of(&s->c.b[i])) != 0) {
            fail_msg("%s: the call was refused, and wrote %s", label_text(), s->c.f->arguments[i].name);
        }
    }
}

static void check_null(const function *f, const dtype *t, uint64_t seed) {
    double scale[ROWS];
    subject s = subject_new(f, t, seed);
    smx_options opt = needed(f, t, scale);
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        call changed = s.c;
        int says_problem = is_loss(f) && (i == CE_LABELS || i == CE_TARGETS);
        if (!changed.b[i].a || (f->arguments[i].optional && !says_problem)) {
            continue;
        }
        label("%s %s: %s is null", f->name, t->name, f->arguments[i].name);
        changed.b[i].a = NULL;
        expect(&s, &changed, &opt, says_problem ? SMX_ERROR_OPTION : SMX_ERROR_NULL,
               says_problem ? "labels" : f->arguments[i].name);
        for (size_t none = 0; none < 2 && is_basic(f); none++) {
            changed.rows = none ? ROWS : 0, changed.n = none ? 0 : N;
            expect(&s, &changed, &opt, SMX_OK, NULL);
        }
    }
    label("%s %s: sound", f->name, t->name);
    expect(&s, &s.c, &opt, SMX_OK, NULL);
    subject_free(&s);
}

static void test_null(void **state) { for_all_functions(*state, 1, 0x6000000, check_null); }

static void check_strides(const function *f, const dtype *t, uint64_t seed) {
    double scale[ROWS];
    subject s = subject_new(f, t, seed);
    smx_options opt = needed(f, t, scale);
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        enum form shape = f->arguments[i].form;
        for (size_t ld = 0; ld < N && (shape == FORM_ROW || shape == FORM_VECTORS || shape == FORM_MATRIX); ld++) {
            call changed = s.c;
            changed.b[i].ld = ld;
            changed.rows = 1 + (seed + ld) % ROWS;
            if (ld == 0 && f->arguments[i].repeats) {
                continue;
            }
            label("%s %s: %s has a stride of %zu", f->name, t->name, f->arguments[i].name, ld);
            expect(&s, &changed, &opt, SMX_ERROR_STRIDE, f->arguments[i].stride);
        }
    }
    subject_free(&s);
}

static void test_strides(void **state) { for_all_functions(*state, ROWS, 0x6100000, check_strides); }

/* The name, if the function has such an argument that can be too large; else one that no refusal has. */
static const char *name_of_size(const function *f, const char *name) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        if (f->arguments[i].form != FORM_NONE && strcmp(f->arguments[i].name, name) == 0) {
            return name;
        }
    }
    return strcmp(name, "count") == 0 || strcmp(name, "ldh") == 0 ? name : "an argument";
}

/* Sizes whose arrays no address space holds, and a row that is too long to be summed. */
static void check_sizes(const function *f, const dtype *t, uint64_t seed) {
    double scale[ROWS];
    subject s = subject_new(f, t, seed);
    smx_options opt = needed(f, t, scale);
    const size_t sizes[][2] = {
        {SIZE_MAX / 4, N}, {(size_t)1 << 33, (size_t)1 << 33}, {2, SIZE_MAX / t->size + 1}, {1, ((size_t)1 << 36) + 1}};
    for (size_t k = 0; k < 4; k++) {
        call changed = s.c;
        changed.rows = sizes[k][0], changed.n = sizes[k][1];
        for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
            changed.b[i].ld = changed.n > changed.b[i].ld ? changed.n : changed.b[i].ld;
        }
        label("%s %s: %#zx rows, n = %#zx", f->name, t->name, changed.rows, changed.n);
        smx_status status = call_run(&changed, &opt);
        expect(&s, &changed, &opt, SMX_ERROR_SIZE, status == SMX_OK ? NULL : name_of_size(f, smx_refused()));
    }
    subject_free(&s);
}

/* One stride that makes an argument too large, in each way that a product of sizes can wrap. */
static void check_size_of_each(const function *f, const dtype *t, uint64_t seed) {
    subject s = subject_new(f, t, seed);
    size_t most = SIZE_MAX / t->size;
    const size_t sizes[][3] = {
        /* rows, n, ld */
        {1, most + 1, most + 1}, /* n size wraps to 0 */
        {1, most + 2, most + 2}, /* n size wraps to a small number */
        {1, SIZE_MAX, SIZE_MAX},
        {2, 1, most + 1},
        {3, N, SIZE_MAX},
        {SIZE_MAX, 1, 1},
        {SIZE_MAX, N, N},
        {SIZE_MAX / t->size + 1, 1, 1},        /* rows ld size wraps to 0 */
        {(size_t)1 << 32, N, (size_t)1 << 32}, /* rows ld wraps to 0 */
        {((size_t)1 << 32) + 1, N, ((size_t)1 << 32) + 1},
        {(size_t)1 << 62, 2, 2},
    };
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes && is_basic(f) && !has_matrices(f); k++) {
        for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
            if (f->arguments[i].form == FORM_ROW) {
                call changed = s.c;
                changed.rows = sizes[k][0], changed.n = sizes[k][1];
                for (size_t j = 0; j < ARGUMENTS_MAX; j++) {
                    changed.b[j].ld = j == i ? sizes[k][2] : changed.n;
                }
                label("%s %s: rows = %#zx, n = %#zx, ld of %s = %#zx", f->name, t->name, changed.rows, changed.n,
                      f->arguments[i].name, sizes[k][2]);
                smx_status status = call_run(&changed, NULL);
                expect(&s, &changed, NULL, SMX_ERROR_SIZE, status == SMX_OK ? NULL : smx_refused());
            }
        }
    }
    subject_free(&s);
}

static void test_sizes(void **state) {
    for_all_functions(*state, 1, 0x6200000, check_sizes);
    for_all_functions(*state, 1, 0x6210000, check_size_of_each);
}

static void check_scales(const function *f, const dtype *t, uint64_t seed) {
    const double bad[] = {0.0, -0.0, NAN, INFINITY, -INFINITY, 0x1p65, -0x1p65, 0x1p-65, t->min_subnormal, t->max};
    const double good[] = {0x1p64, -0x1p64, 0x1p-64, -0x1p-64};
    subject s = subject_new(f, t, seed);
    for (size_t k = 0; k < 14 && f->takes; k++) {
        for (size_t place = 0; place < ROWS; place++) {
            double scale[ROWS];
            smx_options opt = needed(f, t, scale);
            double value = k < 10 ? bad[k] : good[k - 10];
            opt.scale = scale;
            opt.scale_stride = f->takes & OPTION_SCALE_ROWS && (place || f->needs);
            t->store(scale, opt.scale_stride ? place : 0, value);
            label("%s %s: scale %a of row %zu, stride %zu", f->name, t->name, value, place, opt.scale_stride);
            expect(&s, &s.c, &opt, k < 10 ? SMX_ERROR_SCALE : SMX_OK, "options.scale");
            if (k < 10) {
                continue;
            }
            subject_free(&s);
            s = subject_new(f, t, seed);
        }
    }
    subject_free(&s);
}

static void test_scales(void **state) { for_all_functions(*state, 1, 0x6300000, check_scales); }

/* Lengths outside [0, n], strides of masks, causality without queries, options that contradict each other. */
static void check_masks(const function *f, const dtype *t, uint64_t seed) {
    static const int64_t bad[] = {-1, N + 1, INT64_MIN, INT64_MAX, (int64_t)1 << 32};
    double scale[ROWS], add[ROWS * N];
    uint8_t keep[ROWS * N];
    memset(add, 0, sizeof add), memset(keep, 1, sizeof keep);
    if (!f->takes) {
        return; /* test_refusals_options.c */
    }
    subject s = subject_new(f, t, seed);
    smx_options base = needed(f, t, scale);
    for (size_t k = 0; k < 5 * ROWS; k++) {
        int64_t lengths[ROWS] = {0, N, 1};
        lengths[k % ROWS] = bad[k / ROWS];
        smx_options opt = base;
        opt.lengths = lengths;
        label("%s %s: length %lld of row %zu", f->name, t->name, (long long)bad[k / ROWS], k % ROWS);
        expect(&s, &s.c, &opt, SMX_ERROR_LENGTH, "options.lengths");
    }
    for (size_t ld = 0; ld < N; ld++) {
        smx_options adding = base, kept = base;
        adding.add = add, adding.add_ld = ld;
        kept.keep = keep, kept.keep_ld = ld;
        label("%s %s: a mask with a stride of %zu", f->name, t->name, ld);
        expect(&s, &s.c, &adding, SMX_ERROR_STRIDE, "options.add_ld");
        expect(&s, &s.c, &kept, SMX_ERROR_STRIDE, "options.keep_ld");
    }
    static const int causal[][2] = {{SMX_CAUSAL_TOP_LEFT, 0}, {SMX_CAUSAL_BOTTOM_RIGHT, 0}, {3, 1}, {-1, 1}, {0, 1}};
    for (size_t k = 0; k < 5; k++) {
        smx_options opt = base;
        memcpy(&opt.causal, &causal[k][0], sizeof opt.causal);
        opt.queries = (size_t)causal[k][1];
        label("%s %s: causal %d with %d queries", f->name, t->name, causal[k][0], causal[k][1]);
        expect(&s, &s.c, &opt, SMX_ERROR_OPTION, k == 2 || k == 3 ? "options.causal" : "options.queries");
    }
    smx_options opt = base;
    opt.scale = scale;
    opt.scale_stride = 2;
    label("%s %s: a scale with a stride of 2", f->name, t->name);
    expect(&s, &s.c, &opt, SMX_ERROR_OPTION, "options.scale_stride");
    opt.scale = NULL;
    opt.scale_stride = 1;
    label("%s %s: a stride, and no scale", f->name, t->name);
    expect(&s, &s.c, &opt, SMX_ERROR_OPTION, "options.scale_stride");
    subject_free(&s);
}

static void test_masks(void **state) { for_all_functions(*state, 1, 0x6400000, check_masks); }

/* The Jacobian's matrices: their strides, and sizes where n ldj or rows matrix_stride is what wraps. */

static smx_status matrices(arena *m, size_t rows, size_t n, size_t ldy, size_t ldj, size_t matrix_stride) {
    label("jacobian %s: rows = %#zx, n = %#zx, ldy = %#zx, ldj = %#zx, matrix stride %#zx", m->t->name, rows, n, ldy,
          ldj, matrix_stride);
    return m->t->jacobian(rows, n, arena_at(m, 10), ldy, arena_at(m, 210), ldj, matrix_stride, NULL);
}

static void test_jacobian(void **state) {
    enum { LD = 7 };
    arena m;
    arena_init(&m, *state);
    arena_expect(&m, SMX_ERROR_STRIDE, matrices(&m, ROWS, N, LD, LD, N * LD - 1));
    arena_expect(&m, SMX_ERROR_STRIDE, matrices(&m, ROWS, N, LD, LD, 0));
    arena_expect(&m, SMX_OK, matrices(&m, ROWS, N, LD, LD, N * LD + 1));
    const size_t most = SIZE_MAX / m.t->size, two_32 = (size_t)1 << 32;
    const size_t sizes[][5] = {
        /* rows, n, ldy, ldj, matrix_stride */
        {1, most + 1, most + 1, most + 1, SIZE_MAX},
        {1, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX},
        {2, 1, most + 1, 1, SIZE_MAX},
        {2, 1, 1, most + 1, SIZE_MAX},
        {SIZE_MAX, N, N, N, SIZE_MAX},
        {two_32, N, two_32, N, SIZE_MAX},
        {two_32 + 1, N, N, two_32 + 1, SIZE_MAX},
        {1, two_32, two_32, two_32, SIZE_MAX},
        {1, two_32 / 2, two_32 / 2, two_32 / 2, (size_t)1 << 62},
        {1, N, N, SIZE_MAX / 2, SIZE_MAX},
        {1, 3, 3, SIZE_MAX / 3 + 2, 6},
        {2, N, N, N, SIZE_MAX / 4 + 1},
        {5, N, N, N, SIZE_MAX / 4 + 9},
        {(size_t)1 << 40, N, N, N, (size_t)1 << 24},
    };
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        const size_t *s = sizes[k];
        arena_expect(&m, SMX_ERROR_SIZE, matrices(&m, s[0], s[1], s[2], s[3], s[4]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_null),   TEST_BOTH(test_strides), TEST_BOTH(test_sizes),
        TEST_BOTH(test_scales), TEST_BOTH(test_masks),   TEST_BOTH(test_jacobian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
