/* What the functions on rows in parts refuse, with which status and name, and that a refused call writes nothing. */
#include "common/check.h"
#include "common/functions.h"

#include <string.h>

enum { ROWS = 2, N = 5, ROW_N = 9 };

/* A part of some rows, the middle of them, and all that a call on it may write. */
typedef struct scene {
    const dtype *t;
    const function *f;
    double x[ROWS * N], y[ROWS * N], z[ROWS * N], lse[ROWS];
    int64_t labels[ROWS], argmax[ROWS];
    int64_t maxima[ROWS * SMX_PART_MAXIMA], sums[ROWS * SMX_PART_SUMS];
    block b[ARGUMENTS_MAX];
    part_call call;
    smx_options opt;
} scene;

static void scene_init(scene *s, const dtype *t, const char *name) {
    memset(s, 0, sizeof *s);
    s->t = t;
    s->f = function_named(name);
    for (size_t i = 0; i < (size_t)ROWS * N; i++) {
        t->store(s->x, i, (double)(i % 4));
        t->store(s->y, i, 7);
    }
    s->b[0] = (block){.a = s->x, .ld = N};
    if (is_loss(s->f)) {
        s->labels[1] = ROW_N - 1;
        s->b[CE_LABELS].a = s->labels;
        s->b[CE_DX] = (block){.a = s->y, .ld = N};
        s->b[CE_ARGMAX].a = s->argmax;
    } else {
        s->b[1] = (block){.a = s->f->run == OPERATION_LOGSUMEXP ? s->lse : s->y, .ld = N};
    }
    s->call.part = (smx_part)SMX_PART_INIT;
    s->call.part.row_n = ROW_N;
    s->call.part.first = 2;
    s->call.part.maxima = s->maxima;
    s->call.part.sums = s->sums;
    s->opt = (smx_options)SMX_OPTIONS_INIT;
}

static smx_status take(scene *s, int step) {
    s->call.step = step;
    return (s->t == &dtype_f32 ? part_step_f32 : part_step_f64)(s->f, ROWS, N, s->b, &s->call, &s->opt);
}

/* All steps before this one, as if the part were all there is. */
static void steps_before(scene *s, int step) {
    for (int i = 1; i < step; i++) {
        assert_ok(take(s, i));
    }
}

static void expect(scene *s, int step, smx_status wanted, const char *what) {
    static scene before;
    s->call.step = step;
    before = *s;
    assert_refused_for(wanted, what, take(s, step));
    assert_memory_equal(s, &before, sizeof before);
}

static const char *const names[] = {"log_softmax", "logsumexp", "cross_entropy of labels"};

static void test_arguments(void **state) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (int step = 1; step <= STEP_FINISH; step++) {
            scene s;
            label("%s, step %d", names[i], step);
            scene_init(&s, *state, names[i]);
            steps_before(&s, step);
            s.call.part.maxima = NULL;
            expect(&s, step, SMX_ERROR_NULL, "maxima");
            s.call.part.maxima = s.maxima;
            s.call.part.sums = NULL;
            expect(&s, step, SMX_ERROR_NULL, "sums");
            s.call.part.sums = s.maxima + 1;
            expect(&s, step, SMX_ERROR_OVERLAP, "maxima");
            s.call.part.sums = s.sums;
            s.call.part.size = 4;
            expect(&s, step, SMX_ERROR_OPTION, "part.size");
            s.call.part.size = sizeof s.call.part;
            if (s.f->run != OPERATION_LOGSUMEXP || step != STEP_FINISH) { /* which has no entries then */
                s.call.part.first = ROW_N - N + 1;
                expect(&s, step, SMX_ERROR_SIZE, "part.row_n");
                s.call.part.first = SIZE_MAX;
                expect(&s, step, SMX_ERROR_SIZE, "part.row_n");
                s.call.part.first = 2;
                s.call.part.maxima = (int64_t *)(void *)s.x;
                expect(&s, step, SMX_ERROR_OVERLAP, "maxima");
                s.call.part.maxima = s.maxima;
                s.b[0].a = NULL;
                expect(&s, step, SMX_ERROR_NULL, "x");
                s.b[0].a = s.x;
            }
            assert_ok(take(&s, step));
        }
    }
}

/* A step that comes too early, and words that no row has. */
static void test_stats(void **state) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        scene s;
        label("%s", names[i]);
        for (int done = 1; done <= 2; done++) {
            scene_init(&s, *state, names[i]);
            for (int k = 0; k < ROWS * SMX_PART_MAXIMA; k++) {
                s.maxima[k] = INT64_MIN;
            }
            for (int step = 1; step < done; step++) {
                assert_ok(take(&s, step));
            }
            expect(&s, done + 1, SMX_ERROR_STATS, "maxima");
        }
        scene_init(&s, *state, names[i]);
        steps_before(&s, STEP_FINISH);
        for (int k = 0; k < SMX_PART_MAXIMA; k++) {
            int64_t *word = &s.maxima[SMX_PART_MAXIMA + k], was = *word;
            int place = k == 4 || k == 5 || (k == 9 && is_loss(s.f));
            *word = INT64_MAX;
            if (place || k == 0 || k == 2 || k == 3) {
                expect(&s, STEP_FINISH, SMX_ERROR_STATS, "maxima");
            }
            *word = place ? (k == 5 ? ROW_N : -1 - ROW_N) : was;
            if (place) {
                expect(&s, STEP_FINISH, SMX_ERROR_STATS, "maxima");
            }
            *word = was;
        }
        s.sums[SMX_PART_SUMS + 3] = -1;
        expect(&s, STEP_FINISH, SMX_ERROR_STATS, "sums");
        s.sums[SMX_PART_SUMS + 3] = INT64_MAX;
        expect(&s, STEP_FINISH, SMX_ERROR_STATS, "sums");
    }
}

static void test_options(void **state) {
    scene s;
    const int64_t length = ROW_N + 1;
    scene_init(&s, *state, "log_softmax");
    s.opt.lengths = &length;
    s.opt.lengths_rows = 1;
    expect(&s, 1, SMX_ERROR_LENGTH, "options.lengths");
    s.opt.lengths = NULL;
    expect(&s, 0, SMX_ERROR_OPTION, "round");
    expect(&s, -1, SMX_ERROR_OPTION, "round");
    steps_before(&s, STEP_FINISH);
    s.opt.sink = s.x;
    s.opt.sink_rows = 1;
    expect(&s, STEP_FINISH, SMX_ERROR_OPTION, "options.sink");
    scene_init(&s, *state, "cross_entropy of labels");
    s.labels[1] = ROW_N;
    for (int step = 1; step <= 2; step++) {
        s.labels[1] = ROW_N;
        expect(&s, step, SMX_ERROR_LABEL, "labels_i64");
        s.labels[1] = ROW_N - 1;
        assert_ok(take(&s, step));
    }
}

static void test_weights(void **state) {
    scene s;
    scene_init(&s, *state, "cross_entropy of labels");
    s.call.part.b = s.x;
    s.call.part.ldb = N;
    expect(&s, 1, SMX_ERROR_OPTION, "part.b");
    scene_init(&s, *state, "logsumexp_weighted");
    s.b[2].a = s.lse;
    s.call.part.b = s.x;
    s.call.part.ldb = N - 1;
    expect(&s, 1, SMX_ERROR_STRIDE, "part.ldb");
    s.call.part.ldb = N;
    steps_before(&s, STEP_FINISH);
    s.opt.sink = s.x;
    s.opt.sink_rows = 1;
    expect(&s, STEP_FINISH, SMX_ERROR_OPTION, "options.sink");
    s.opt.sink = NULL;
    s.maxima[10] = 5000;
    expect(&s, STEP_FINISH, SMX_ERROR_STATS, "maxima");
}

/* Steps to one kind of results do for no other. */
static void test_kinds(void **state) {
    static const char *const all[] = {"softmax", "softmax_backward", "log_softmax", "cross_entropy of labels"};
    static const smx_part_kind kinds[] = {SMX_PART_SOFTMAX, SMX_PART_SOFTMAX_BACKWARD, SMX_PART_LOGARITHMS,
                                          SMX_PART_LOGARITHMS};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        for (int kind = SMX_PART_LOGARITHMS; kind <= SMX_PART_SOFTMAX_BACKWARD + 1; kind++) {
            scene s;
            label("%s, kind %d", all[i], kind);
            scene_init(&s, *state, all[i]);
            s.b[2] = s.b[2].a ? s.b[2] : (block){.a = s.z, .ld = N};
            s.call.part.kind = (smx_part_kind)kind;
            if (s.call.part.kind != kinds[i]) {
                expect(&s, STEP_FINISH, SMX_ERROR_OPTION, "part.kind");
            }
        }
    }
}

static void test_null(void **state) {
    (void)state;
    float x[N] = {0};
    int64_t maxima[SMX_PART_MAXIMA], sums[SMX_PART_SUMS];
    smx_part part = SMX_PART_INIT;
    part.row_n = N;
    part.maxima = maxima;
    part.sums = sums;
    assert_refused_for(SMX_ERROR_NULL, "part", smx_part_maxima_f32(1, 1, N, x, N, NULL, NULL, NULL));
    assert_refused_for(SMX_ERROR_NULL, "part", smx_part_sums_f32(1, N, x, N, NULL, NULL, NULL));
    assert_refused_for(SMX_ERROR_NULL, "part", smx_log_softmax_part_f32(1, N, x, N, x, N, NULL, NULL));
    assert_refused_for(SMX_ERROR_NULL, "part", smx_logsumexp_part_f32(1, x, NULL, NULL));
    assert_refused_for(SMX_ERROR_NULL, "ce", smx_cross_entropy_part_f32(1, N, x, N, NULL, &part, NULL));
    assert_refused_for(SMX_ERROR_OPTION, "round",
                       smx_part_maxima_f32(SMX_PART_ROUNDS + 1, 1, N, x, N, NULL, &part, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_arguments), TEST_BOTH(test_stats), TEST_BOTH(test_options),
                                       TEST_BOTH(test_weights),   TEST_BOTH(test_kinds), cmocka_unit_test(test_null)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
