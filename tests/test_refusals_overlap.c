/* Which overlaps of an output with an input are refused: all but exact in-place use. Matrices of equal strides overlap
 * if a row of one shares an element with a row of the other; of unequal ones, if their ranges of memory cross. */
#include "common/arena.h"
#include "common/check.h"
#include "common/rng.h"

enum { ROWS = 3, N = 4 };

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

/* Every position of the output around the input, with each pair of strides: ahead, behind, interleaved. */
static void for_all_places(arena *m, void (*check)(arena *m, place in, place out)) {
    for (size_t ld_in = N; ld_in <= 3 * N; ld_in++) {
        for (size_t ld_out = N; ld_out <= 3 * N; ld_out++) {
            for (size_t first = 0; first < 200; first++) {
                place in = {ROWS, N, 100, ld_in}, out = {ROWS, N, first, ld_out};
                label("%s: strides %zu and %zu, the output %td elements from the input", m->t->name, ld_in, ld_out,
                      (ptrdiff_t)out.first - (ptrdiff_t)in.first);
                check(m, in, out);
            }
        }
    }
}

static void check_softmax(arena *m, place in, place out) {
    smx_status got = m->t->softmax(in.rows, in.n, arena_at(m, in.first), in.ld, arena_at(m, out.first), out.ld, NULL);
    arena_expect(m, wanted_for(in, out), got);
}

static void check_backward_y(arena *m, place in, place out) {
    smx_status got = m->t->backward(in.rows, in.n, arena_at(m, in.first), in.ld, arena_at(m, 500), N,
                                    arena_at(m, out.first), out.ld, NULL);
    arena_expect(m, wanted_for(in, out), got);
}

static void check_backward_dy(arena *m, place in, place out) {
    smx_status got = m->t->backward(in.rows, in.n, arena_at(m, 500), N, arena_at(m, in.first), in.ld,
                                    arena_at(m, out.first), out.ld, NULL);
    arena_expect(m, wanted_for(in, out), got);
}

/* y and dy are only read, so they may overlap in any way. */
static void check_backward_inputs(arena *m, place in, place out) {
    smx_status got = m->t->backward(in.rows, in.n, arena_at(m, in.first), in.ld, arena_at(m, out.first), out.ld,
                                    arena_at(m, 500), N, NULL);
    arena_expect(m, SMX_OK, got);
}

/* In place of y and of dy at once, and in place of one while the other overlaps in another way. */
static void check_backward_both(arena *m, place in, place out) {
    smx_status got = m->t->backward(in.rows, in.n, arena_at(m, in.first), in.ld, arena_at(m, out.first), out.ld,
                                    arena_at(m, in.first), in.ld, NULL);
    arena_expect(m, wanted_for(in, out), got);
    got = m->t->backward(in.rows, in.n, arena_at(m, in.first), in.ld, arena_at(m, out.first), out.ld,
                         arena_at(m, out.first), out.ld, NULL);
    arena_expect(m, wanted_for(in, out), got);
}

static void test_softmax(void **state) {
    arena m;
    arena_init(&m, *state);
    for_all_places(&m, check_softmax);
}

static void test_backward(void **state) {
    arena m;
    arena_init(&m, *state);
    for_all_places(&m, check_backward_y);
    for_all_places(&m, check_backward_dy);
    for_all_places(&m, check_backward_inputs);
    for_all_places(&m, check_backward_both);
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

/* Overlap of bytes that are no whole elements apart. */
static void test_unaligned_overlap(void **state) {
    arena m;
    arena_init(&m, *state);
    unsigned char *x = arena_at(&m, 100);
    size_t row = N * m.t->size;
    for (size_t ahead = 1; ahead < row; ahead++) {
        label("%s: the output %zu bytes ahead", m.t->name, ahead);
        arena_expect(&m, SMX_ERROR_OVERLAP, m.t->softmax(1, N, x, N, x + ahead, N, NULL));
        arena_expect(&m, SMX_ERROR_OVERLAP, m.t->softmax(1, N, x + ahead, N, x, N, NULL));
        arena_expect(&m, SMX_ERROR_OVERLAP, m.t->jacobian(1, 1, x, 1, x + ahead % m.t->size, 1, 1, NULL));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(test_softmax),
        TEST_BOTH(test_backward),
        TEST_BOTH(test_jacobian),
        TEST_BOTH(test_unaligned_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
