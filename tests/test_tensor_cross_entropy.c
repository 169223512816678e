/* Cross-entropy over tensors: every output has the bits of the row function on packed data, the totals too, whatever
 * the types, layouts, axes and threads. */
#include "common/check.h"
#include "common/isas.h"
#include "common/sampled.h"
#include "common/tensor_ops.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct problem {
    op_shape s;
    element real;
    bool given[CE_TENSORS];
    tensor t[CE_TENSORS];
    void *packed[CE_TENSORS]; /* in the type of the arithmetic, or i64, or u8 */
    cross_entropy_settings settings;
    bool nothing_counts; /* all labels are ignored, or all class weights 0 */
} problem;

static const struct argument *argument_of(const problem *p, int i) {
    bool whole = p->settings.reduction != SMX_REDUCTION_NONE;
    return &smx_operations[whole ? OPERATION_CROSS_ENTROPY_REDUCED : OPERATION_CROSS_ENTROPY].argument[i];
}

static bool is_integer(const problem *p, int i) { return (argument_of(p, i)->dtypes >> DTYPE_I64 & 1) != 0; }

/* That has all labels of the problem. */
static element random_integer(const problem *p, rng *r) {
    element e;
    do {
        e = (element)(I8 + rng_below(r, U64 - I8 + 1));
    } while ((p->settings.ignore_index < 0 && e > I64) || (p->settings.ignore_index > INT8_MAX && e == I8) ||
             (p->s.n > INT8_MAX && e == I8) || (p->s.n > UINT8_MAX && e == U8));
    return e;
}

static element random_element(const problem *p, int i, bool packed, element same, rng *r) {
    switch (i) {
    case CE_LABELS:
        return packed ? I64 : random_integer(p, r);
    case CE_ARGMAX:
    case CE_COUNT:
        return I64;
    case CE_CORRECT:
        return rng_below(r, 2) ? U8 : BOOL;
    default:
        return packed ? same : (element)rng_below(r, ELEMENTS_FLOAT);
    }
}

static size_t elements_of(const problem *p, int i) {
    switch (argument_of(p, i)->form) {
    case FORM_ROW:
        return p->s.rows * p->s.n;
    case FORM_VALUE:
        return p->s.rows;
    case FORM_CLASSES:
        return p->s.n;
    default:
        return 1;
    }
}

/* Where, in C order of the tensor, packed element k stands. */
static size_t element_of(const problem *p, int i, size_t k) {
    return argument_of(p, i)->form == FORM_ROW ? op_element(&p->s, FORM_ROW, k / p->s.n, k % p->s.n) : k;
}

static double random_value(const problem *p, int i, rng *r) {
    switch (i) {
    case CE_LABELS:
        return (double)(p->settings.use_ignore_index && (p->nothing_counts || rng_below(r, 4) == 0)
                            ? p->settings.ignore_index
                            : (int64_t)rng_below(r, p->s.n));
    case CE_CLASS_WEIGHTS:
        return p->nothing_counts ? 0 : rng_uniform(r, 0, 1);
    case CE_TARGETS:
        return rng_uniform(r, 0, 1);
    default:
        return 4 * rng_normal(r);
    }
}

static tensor field_tensor(const problem *p, int i, bool packed, element same, rng *r) {
    int64_t shape[TENSOR_NDIM_MAX];
    enum form form = argument_of(p, i)->form;
    int ndim = 0;
    if (form == FORM_ROW || form == FORM_VALUE) {
        ndim = op_argument_shape(&p->s, form, shape);
    } else if (form == FORM_CLASSES) {
        shape[ndim++] = (int64_t)p->s.n;
    }
    return tensor_new(random_element(p, i, packed, same, r), ndim, shape, packed ? 0 : (int)rng_below(r, LAYOUTS), r);
}

static void choose(problem *p, rng *r) {
    bool labels = rng_below(r, 3) != 0;
    for (int i = 0; i < CE_TENSORS; i++) {
        p->given[i] = i == CE_X || rng_below(r, 2);
    }
    p->settings.reduction = (smx_reduction)rng_below(r, 3);
    p->settings.empty_mean = (smx_empty_mean)rng_below(r, 2);
    p->given[CE_LABELS] = labels, p->given[CE_TARGETS] = !labels;
    p->given[CE_TARGET_LOG_PROB] = p->given[CE_TARGET_LOG_PROB] && labels;
    p->given[CE_CORRECT] = p->given[CE_CORRECT] && labels;
    p->given[CE_DTARGETS] = p->given[CE_DTARGETS] && !labels;
    p->given[CE_REDUCED] = p->given[CE_REDUCED] && p->settings.reduction != SMX_REDUCTION_NONE;
    p->settings.use_ignore_index = labels && rng_below(r, 2);
    p->settings.ignore_index = !p->settings.use_ignore_index ? 0 : rng_below(r, 2) ? 255 : -(int64_t)rng_below(r, 128);
    p->nothing_counts = rng_below(r, 4) == 0;
    p->settings.smoothing = rng_below(r, 2) ? 0.1 : 0;
    p->settings.z_loss = rng_below(r, 2) ? 1e-4 : 0;
    p->settings.softcap = rng_below(r, 3) ? 0 : 30;
}

static problem problem_new(op_shape s, bool packed, rng *r) {
    problem p = {.s = s, .real = F32};
    element same = rng_below(r, 2) ? F32 : F64;
    choose(&p, r);
    for (int i = 0; i < CE_TENSORS; i++) {
        p.t[i] = field_tensor(&p, i, packed, same, r);
        p.real = p.given[i] && p.t[i].e == F64 ? F64 : p.real;
    }
    for (int i = 0; i < CE_TENSORS; i++) {
        p.packed[i] = calloc(elements_of(&p, i) + 1, 8);
        for (size_t k = 0; k < elements_of(&p, i) && !argument_is_output(argument_of(&p, i)); k++) {
            tensor_set(&p.t[i], element_of(&p, i, k), random_value(&p, i, r));
            double value = tensor_get(&p.t[i], element_of(&p, i, k));
            if (is_integer(&p, i)) {
                ((int64_t *)p.packed[i])[k] = (int64_t)value;
            } else {
                real_set(p.real, p.packed[i], k, value);
            }
        }
    }
    return p;
}

static void problem_free(problem *p) {
    for (int i = 0; i < CE_TENSORS; i++) {
        tensor_free(&p->t[i]);
        free(p->packed[i]);
    }
}

static smx_status run_rows(const problem *p) {
    smx_options one = {.size = sizeof one, .threads = 1};
    function f = {.run = OPERATION_CROSS_ENTROPY, .ce = p->settings};
    f.arguments[CE_LABELS].work = DTYPE_I64;
    block b[ARGUMENTS_MAX] = {0};
    for (int i = 0; i < CE_TENSORS; i++) {
        b[i].a = p->given[i] ? p->packed[i] : NULL;
        b[i].ld = p->s.n;
    }
    return (p->real == F64 ? functions_f64 : functions_f32)[f.run](&f, p->s.rows, p->s.n, b, &one);
}

static DLTensor *given(problem *p, int i) { return p->given[i] ? tensor_dl(&p->t[i]) : NULL; }

static smx_status run_tensors(problem *p, bool in_place, unsigned threads, size_t *bad_row, rng *r) {
    smx_tensor_options opt = {.size = sizeof opt, .threads = threads};
    smx_tensor_cross_entropy_args ce = {.size = sizeof ce,
                                        .labels = given(p, CE_LABELS),
                                        .targets = given(p, CE_TARGETS),
                                        .use_ignore_index = p->settings.use_ignore_index,
                                        .ignore_index = p->settings.ignore_index,
                                        .class_weights = given(p, CE_CLASS_WEIGHTS),
                                        .smoothing = p->settings.smoothing,
                                        .z_loss = p->settings.z_loss,
                                        .softcap = p->settings.softcap,
                                        .reduction = p->settings.reduction,
                                        .empty_mean = p->settings.empty_mean,
                                        .dloss = given(p, CE_DLOSS),
                                        .loss = given(p, CE_LOSS),
                                        .reduced = given(p, CE_REDUCED),
                                        .lse = given(p, CE_LSE),
                                        .target_log_prob = given(p, CE_TARGET_LOG_PROB),
                                        .argmax = given(p, CE_ARGMAX),
                                        .correct = given(p, CE_CORRECT),
                                        .count = given(p, CE_COUNT),
                                        .weight = given(p, CE_WEIGHT),
                                        .dx = in_place ? given(p, CE_X) : given(p, CE_DX),
                                        .dtargets = given(p, CE_DTARGETS),
                                        .bad_row = bad_row};
    int axis = op_axis(&p->s, &opt, r);
    return smx_cross_entropy(given(p, CE_X), axis, &ce, &opt);
}

static uint64_t wanted_bits(const problem *p, int i, element e, size_t k) {
    if (is_integer(p, i)) {
        uint64_t bits = ((const uint64_t *)p->packed[i])[k];
        return element_size(e) == 8 ? bits : bits & (((uint64_t)1 << 8 * element_size(e)) - 1);
    }
    return i == CE_CORRECT ? ((const uint8_t *)p->packed[i])[k]
                           : element_rounded(e, real_get(p->real, p->packed[i], k));
}

/* Tensor `t` holds what field i should be. */
static void check_field(const problem *p, int i, const tensor *t) {
    for (size_t k = 0; k < elements_of(p, i); k++) {
        uint64_t wanted = wanted_bits(p, i, t->e, k), got = tensor_bits(t, element_of(p, i, k));
        if (wanted != got) {
            fail_msg("%s: field %d, element %zu: expected %llx, got %llx", label_text(), i, k,
                     (unsigned long long)wanted, (unsigned long long)got);
        }
    }
    tensor_check_gaps(t);
}

static void check_problem(op_shape s, bool all_packed, uint64_t seed) {
    for (int in_place = 0; in_place < 2; in_place++) {
        rng r = rng_seed(seed);
        problem p = problem_new(s, all_packed, &r);
        label("cross-entropy on %s, %zu rows, n = %zu, axes %#x, reduction %d, %s, seed %#llx", smx_isa(), s.rows, s.n,
              s.axes, (int)p.settings.reduction, in_place ? "in place" : "out of place", (unsigned long long)seed);
        bool dx = p.given[CE_DX];
        if (in_place) {
            p.given[CE_DX] = true;
            p.real = F32;
            for (int i = 0; i < CE_TENSORS; i++) {
                p.real = i != CE_DX && p.given[i] && p.t[i].e == F64 ? F64 : p.real;
            }
            if (dx && p.t[CE_DX].e == F64 && p.real == F32) { /* the packed inputs are of another type then */
                problem_free(&p);
                continue;
            }
        }
        assert_ok(run_rows(&p));
        assert_ok(run_tensors(&p, in_place, 1 + (unsigned)rng_below(&r, 4), NULL, &r));
        for (int i = 0; i < CE_TENSORS; i++) {
            if (p.given[i] && !(in_place && (i == CE_X || i == CE_DX))) {
                check_field(&p, i, &p.t[i]);
            }
        }
        if (in_place) {
            check_field(&p, CE_DX, &p.t[CE_X]);
        }
        problem_free(&p);
    }
}

static const struct {
    int ndim;
    int64_t shape[4];
} shapes[] = {{0, {0}}, {1, {9}}, {2, {40, 7}}, {3, {3, 9, 40}}, {4, {2, 3, 4, 5}}, {3, {20, 4, 60}}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Along each axis twenty times, in a quick run five of these; over every set of axes six times. */
static void test_fields(void **state) {
    (void)state;
    const int step = (int)sample_step(4);
    uint64_t seed = 0x81000000;
    for (size_t isa = 0; smx_isa_available(isa); isa++) {
        use_isa(smx_isa_available(isa));
        for (size_t k = 0; k < SHAPES; k++) {
            for (int axis = 0; axis < shapes[k].ndim; axis++) {
                for (int variant = axis % step; variant < 20; variant += step) {
                    check_problem(op_shape_of(shapes[k].ndim, shapes[k].shape, axis), variant % 3 == 0, ++seed);
                }
            }
            for (unsigned axes = 0; axes < 1u << shapes[k].ndim; axes++) {
                for (int variant = 0; variant < 6; variant++) {
                    op_shape s = op_shape_over(shapes[k].ndim, shapes[k].shape, axes, variant % 2);
                    check_problem(s, variant % 3 == 0, ++seed);
                }
            }
        }
    }
}

/* The first bad label in C order is named, and nothing is written. */
static void test_bad_label(void **state) {
    (void)state;
    for (uint64_t seed = 0x82000000; seed < 0x82000040; seed++) {
        rng r = rng_seed(seed);
        static const int64_t shape[] = {5, 70, 6};
        problem p = problem_new(op_shape_of(3, shape, (int)rng_below(&r, 3)), rng_below(&r, 2), &r);
        label("a bad label, seed %#llx", (unsigned long long)seed);
        size_t first = rng_below(&r, p.s.rows), bad_row = SIZE_MAX;
        if (p.given[CE_LABELS]) {
            for (size_t k = first; k < p.s.rows; k += 1 + rng_below(&r, 9)) {
                tensor_set(&p.t[CE_LABELS], k, rng_below(&r, 2) ? (double)p.s.n : -128);
            }
            assert_status(SMX_ERROR_LABEL, run_tensors(&p, 0, 2, &bad_row, &r));
            assert_int_equal(bad_row, first);
            for (int i = CE_LOSS; i < CE_TENSORS; i++) {
                assert_canary(p.t[i].memory, p.t[i].bytes);
            }
        }
        problem_free(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_bad_label),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
