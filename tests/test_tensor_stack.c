/* A call on tensors takes less stack than smx.h says: every function, in types and layouts that take each way, on all
 * instruction sets; tasks run in the calling thread. */
#include "common/check.h"
#include "common/isas.h"
#include "common/pools.h"
#include "common/stack.h"
#include "common/tensor_call.h"

#include <stdio.h>

/* In place of columns, in groups, and straight; and over two axes. */
static const struct {
    int64_t shape[3];
    unsigned axes;
} shapes[] = {{{3, 1000, 40}, 2}, {{2, 30, 20}, 1}, {{4, 5, 700}, 4}, {{70, 1, 8}, 4}, {{7, 6, 7}, 5}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void check_below(size_t used, size_t *most) {
    if (used >= STACK_BELOW) {
        fail_msg("%s: %zu bytes of stack", label_text(), used);
    }
    *most = used > *most ? used : *most;
}

typedef struct measured {
    tensor_call c;
    smx_tensor_options opt;
    int axis;
    tensor field[12]; /* cross-entropy's */
    smx_tensor_cross_entropy_args ce;
    smx_status status;
} measured;

static void run_op(void *data) {
    measured *m = data;
    m->status = tensor_call_run(&m->c, m->axis, -1, &m->opt);
}

static void run_copy(void *data) {
    measured *m = data;
    m->status = smx_tensor_copy(tensor_dl(&m->field[0]), tensor_dl(&m->field[1]), &m->opt);
}

static void run_cross_entropy(void *data) {
    measured *m = data;
    m->status = smx_cross_entropy(tensor_dl(&m->field[0]), m->axis, &m->ce, &m->opt);
}

static pool workers = {.threads = 1};

static smx_tensor_options options_of(size_t k) {
    smx_tensor_options opt = {.size = sizeof opt, .threads = 1};
    if (k % 2) {
        opt.threads = 4;
        opt.parallel_for = pool_reversed;
        opt.pool = &workers;
    }
    return opt;
}

static void check_op(const op *o, size_t k, size_t *most) {
    op_shape s = op_shape_over(3, shapes[k].shape, shapes[k].axes, 0);
    if (tensor_call_too_large(o, &s)) {
        return;
    }
    for (element e = F16; e <= F64; e++) {
        element types[OP_ARGUMENTS_MAX];
        int layouts[OP_ARGUMENTS_MAX];
        for (int i = 0; i < OP_ARGUMENTS_MAX; i++) {
            types[i] = e;
            layouts[i] = (size_t)e + k < 4 ? LAYOUT_C : LAYOUT_PERMUTED;
        }
        rng r = rng_seed(0x9200000 + k);
        measured m = {.c = tensor_call_new(o, s, types, layouts, &r), .opt = options_of(k + e)};
        m.axis = op_axis(&m.c.s, &m.opt, &r);
        label("%s of %s, shape %zu on %s", o->name, element_names[e], k, smx_isa());
        check_below(stack_of(run_op, &m), most);
        assert_ok(m.status);
        tensor_call_free(&m.c);
    }
}

static void test_ops(void **state) {
    (void)state;
    for (size_t isa = 0; smx_isa_available(isa) && stack_is_plain(); isa++) {
        use_isa(smx_isa_available(isa));
        for (size_t i = 0; i < TENSOR_OPS; i++) {
            size_t most = 0;
            for (size_t k = 0; k < SHAPES; k++) {
                check_op(tensor_op(i), k, &most);
            }
            printf("%-8s %-40s %6zu\n", smx_isa(), tensor_op(i)->name, most);
        }
    }
    assert_ok(smx_isa_set(NULL));
}

/* ---- Copies and cross-entropy ---- */

/* Tensor i of the shape of x, or of the rows. */
static DLTensor *field_of(measured *m, int i, enum form kind, element e, int layout, rng *r) {
    int64_t shape[TENSOR_NDIM_MAX];
    int ndim = op_argument_shape(&m->c.s, kind, shape);
    m->field[i] = tensor_new(e, ndim, shape, layout, r);
    for (size_t k = 0; k < tensor_elements(&m->field[i]); k++) {
        tensor_set(&m->field[i], k, (double)(k % 2)); /* labels too */
    }
    return tensor_dl(&m->field[i]);
}

static void fields_free(measured *m, int count) {
    for (int i = 0; i < count; i++) {
        tensor_free(&m->field[i]);
    }
}

static void check_copy(size_t k, size_t *most) {
    for (element e = F16; e <= F64; e++) {
        rng r = rng_seed(0x9210000 + k);
        measured m = {.c = {.s = op_shape_over(3, shapes[k].shape, shapes[k].axes, 0)}, .opt = options_of(k)};
        field_of(&m, 0, FORM_ROW, e, LAYOUT_PERMUTED, &r), field_of(&m, 1, FORM_ROW, F64, LAYOUT_GAPS, &r);
        label("copy of %s, shape %zu", element_names[e], k);
        check_below(stack_of(run_copy, &m), most);
        assert_ok(m.status);
        fields_free(&m, 2);
    }
}

static void check_cross_entropy(size_t k, element e, int targets, size_t *most) {
    rng r = rng_seed(0x9220000 + k);
    int layout = k % 2 ? LAYOUT_PERMUTED : LAYOUT_C;
    measured m = {.c = {.s = op_shape_over(3, shapes[k].shape, shapes[k].axes, 0)}, .opt = options_of(k + e)};
    m.ce = (smx_tensor_cross_entropy_args){.size = sizeof m.ce, .reduction = SMX_REDUCTION_MEAN};
    int count = 1;
    field_of(&m, 0, FORM_ROW, e, layout, &r);
    if (targets) {
        m.ce.targets = field_of(&m, count++, FORM_ROW, e, layout, &r);
        m.ce.smoothing = 0.125, m.ce.z_loss = 0.5, m.ce.softcap = 20;
        m.ce.dtargets = field_of(&m, count++, FORM_ROW, e, layout, &r);
    } else {
        m.ce.labels = field_of(&m, count++, FORM_VALUE, I64, layout, &r);
        m.ce.smoothing = k % 2 ? 0 : 0.125;
    }
    m.ce.loss = field_of(&m, count++, FORM_VALUE, e, layout, &r);
    m.ce.lse = field_of(&m, count++, FORM_VALUE, e, layout, &r);
    m.ce.dx = field_of(&m, count++, FORM_ROW, e, layout, &r);
    m.field[count] = tensor_new(e, 0, NULL, LAYOUT_C, &r);
    m.ce.reduced = tensor_dl(&m.field[count++]);
    m.axis = op_axis(&m.c.s, &m.opt, &r);
    label("cross-entropy of %s, shape %zu, targets %d on %s", element_names[e], k, targets, smx_isa());
    check_below(stack_of(run_cross_entropy, &m), most);
    assert_ok(m.status);
    fields_free(&m, count);
}

static void test_rest(void **state) {
    (void)state;
    for (size_t isa = 0; smx_isa_available(isa) && stack_is_plain(); isa++) {
        use_isa(smx_isa_available(isa));
        size_t copies = 0, loss = 0;
        for (size_t k = 0; k < SHAPES; k++) {
            check_copy(k, &copies);
            for (element e = F16; e <= F64; e++) {
                check_cross_entropy(k, e, 0, &loss);
                check_cross_entropy(k, e, 1, &loss);
            }
        }
        printf("%-8s %-40s %6zu\n", smx_isa(), "copy", copies);
        printf("%-8s %-40s %6zu\n", smx_isa(), "cross_entropy", loss);
    }
    assert_ok(smx_isa_set(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ops), cmocka_unit_test(test_rest)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
