/* Labels of every type of integer: the bits are those of the same labels as int64. What names no type or is one field
 * too many is refused; so is a label that is no class. */
#include "common/check.h"
#include "common/rng.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { N = 100, ROWS_MOST = 150 };

static const struct integer {
    const char *name;
    smx_integer type;
    size_t size;
    bool is_signed;
} integers[] = {
    {"int8", SMX_INT8, 1, 1},     {"int16", SMX_INT16, 2, 1},   {"int32", SMX_INT32, 4, 1},
    {"int64", SMX_INT64, 8, 1},   {"uint8", SMX_UINT8, 1, 0},   {"uint16", SMX_UINT16, 2, 0},
    {"uint32", SMX_UINT32, 4, 0}, {"uint64", SMX_UINT64, 8, 0},
};
enum { INTEGERS = sizeof integers / sizeof *integers };

/* The low bytes of a label, which are what the type has of it. */
static void put_label(unsigned char *at, size_t size, int64_t label) {
    for (size_t i = 0; i < size; i++) {
        uint16_t first = 1;
        int little = *(unsigned char *)&first;
        at[little ? i : size - 1 - i] = (unsigned char)((uint64_t)label >> 8 * i);
    }
}

/* A problem whose labels may be given twice over: as int64, and as another type, at an address that is no multiple of
 * its size. */
typedef struct problem {
    size_t rows;
    int64_t labels[ROWS_MOST], ignored;
    unsigned char narrow[8 * ROWS_MOST + 1];
    float x[ROWS_MOST * N];
} problem;

typedef struct results {
    float loss[ROWS_MOST], mean, dx[ROWS_MOST * N];
    uint8_t correct[ROWS_MOST];
    int64_t count;
} results;

static void make(problem *p, const struct integer *type, size_t rows, int64_t ignored, rng *r) {
    memset(p, 0, sizeof *p);
    p->rows = rows;
    p->ignored = ignored;
    for (size_t k = 0; k < rows; k++) {
        p->labels[k] = rng_below(r, 4) == 0 ? ignored : (int64_t)rng_below(r, N);
        put_label(p->narrow + 1 + k * type->size, type->size, p->labels[k]);
    }
    for (size_t i = 0; i < rows * N; i++) {
        p->x[i] = (float)(3 * rng_normal(r));
    }
}

static smx_cross_entropy_args_f32 wanted(const problem *p, results *o) {
    memset(o, 0, sizeof *o);
    return (smx_cross_entropy_args_f32){.size = sizeof(smx_cross_entropy_args_f32),
                                        .use_ignore_index = 1,
                                        .ignore_index = p->ignored,
                                        .reduction = SMX_REDUCTION_MEAN,
                                        .loss = o->loss,
                                        .reduced = &o->mean,
                                        .correct = o->correct,
                                        .count = &o->count,
                                        .dx = o->dx,
                                        .lddx = N};
}

static void test_bits(void **state) {
    (void)state;
    static problem p;
    static results expected, got;
    rng r = rng_seed(0x91000000);
    for (size_t i = 0; i < INTEGERS; i++) {
        const struct integer *type = &integers[i];
        int64_t ignored[] = {255, type->is_signed ? -1 : 200, type->is_signed ? -100 : 100};
        for (size_t k = type->size == 1 && type->is_signed ? 1 : 0; k < 3; k++) {
            make(&p, type, 1 + rng_below(&r, ROWS_MOST), ignored[k], &r);
            label("labels as %s, %zu rows, %lld ignored", type->name, p.rows, (long long)p.ignored);
            smx_cross_entropy_args_f32 ce = wanted(&p, &expected);
            ce.labels_i64 = p.labels;
            assert_ok(smx_cross_entropy_f32(p.rows, N, p.x, N, &ce, NULL));
            ce = wanted(&p, &got);
            ce.labels = p.narrow + 1, ce.labels_type = type->type;
            assert_ok(smx_cross_entropy_f32(p.rows, N, p.x, N, &ce, NULL));
            assert_memory_equal(&expected, &got, sizeof got);
        }
    }
}

/* One row whose label has these bits, as `type`, of n classes. */
static smx_status one_row(const struct integer *type, uint64_t bits, const int64_t *ignored) {
    unsigned char label[8];
    static const double x[N];
    double loss = 0;
    put_label(label, type->size, (int64_t)bits);
    smx_cross_entropy_args_f64 ce = {.size = sizeof ce, .labels = label, .labels_type = type->type, .loss = &loss};
    ce.use_ignore_index = ignored != NULL;
    ce.ignore_index = ignored != NULL ? *ignored : 0;
    return smx_cross_entropy_f64(1, N, x, N, &ce, NULL);
}

static void test_no_class(void **state) {
    (void)state;
    const int64_t hundred = -100, most = INT64_MIN;
    for (size_t i = 0; i < INTEGERS; i++) {
        const struct integer *type = &integers[i];
        uint64_t top = (uint64_t)1 << (8 * type->size - 1);
        label("labels as %s", type->name);
        assert_ok(one_row(type, N - 1, NULL));
        assert_refused_for(SMX_ERROR_LABEL, "labels", one_row(type, N, NULL));
        assert_refused_for(SMX_ERROR_LABEL, "labels", one_row(type, UINT64_MAX, NULL));
        assert_refused_for(SMX_ERROR_LABEL, "labels", one_row(type, top, NULL));
        assert_refused_for(SMX_ERROR_LABEL, "labels", one_row(type, top - 1, NULL));
        /* 156 is no class, and -100 but in a type of a byte; 2^64 - 100 is -100 where there are 64 bits */
        bool found = type->is_signed || type->size == 8;
        assert_refused_for(found ? SMX_OK : SMX_ERROR_LABEL, found ? NULL : "labels",
                           one_row(type, (uint64_t)hundred, &hundred));
        found = type->size == 8;
        assert_refused_for(found ? SMX_OK : SMX_ERROR_LABEL, found ? NULL : "labels",
                           one_row(type, (uint64_t)most | N, &(int64_t){most | N}));
    }
}

/* Which fields may stand beside `labels`. */
static void test_fields(void **state) {
    (void)state;
    static const uint8_t masks[2] = {1, 255};
    static const int32_t i32[2] = {1, 1};
    static const int64_t i64[2] = {1, 1};
    static const float x[2 * 3] = {0}, targets[2 * 3] = {0};
    float loss[2];
    smx_cross_entropy_args_f32 ce = {.size = sizeof ce, .use_ignore_index = 1, .ignore_index = 255, .loss = loss};
    for (int type = -1; type < 11; type++) {
        ce.labels = masks, ce.labels_type = (smx_integer)type;
        label("labels of type %d", type);
        bool known = SMX_INT8 <= type && type <= SMX_UINT64;
        if (!known) {
            assert_refused_for(SMX_ERROR_OPTION, "labels_type", smx_cross_entropy_f32(2, 3, x, 3, &ce, NULL));
        } else if (type == SMX_UINT8) {
            assert_ok(smx_cross_entropy_f32(2, 3, x, 3, &ce, NULL));
            assert_true(fabs((double)loss[0] - log(3)) < 1e-6 && loss[1] == 0);
        }
        ce.labels = NULL; /* then the type is not looked at */
        ce.labels_i32 = i32;
        assert_ok(smx_cross_entropy_f32(2, 3, x, 3, &ce, NULL));
        ce.labels_i32 = NULL;
    }
    ce.labels = masks, ce.labels_type = SMX_UINT8;
    label("labels twice");
    ce.labels_i32 = i32;
    assert_refused_for(SMX_ERROR_OPTION, "labels", smx_cross_entropy_f32(2, 3, x, 3, &ce, NULL));
    ce.labels_i32 = NULL, ce.labels_i64 = i64;
    assert_refused_for(SMX_ERROR_OPTION, "labels", smx_cross_entropy_f32(2, 3, x, 3, &ce, NULL));
    ce.labels_i64 = NULL, ce.targets = targets, ce.ldt = 3;
    assert_refused_for(SMX_ERROR_OPTION, "targets", smx_cross_entropy_f32(2, 3, x, 3, &ce, NULL));
    label("a struct of before");
    ce.targets = NULL, ce.labels_i64 = i64;
    ce.size = offsetof(smx_cross_entropy_args_f32, labels);
    assert_ok(smx_cross_entropy_f32(2, 3, x, 3, &ce, NULL));
    assert_true(loss[0] == loss[1] && loss[0] > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_no_class),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
