#include "../arithmetic.h"

#include "cross_entropy.h"

#include "../float_env.h"
#include "../refused.h"
#include "arguments.h"
#include "layout.h"
#include "move.h"
#include "rows_table.h"
#include "scratch.h"

#include <string.h>

static void fill_arguments(const DLTensor *x, const smx_tensor_cross_entropy_args *ce, struct argument *a) {
    bool rows = ce->reduction == SMX_REDUCTION_NONE;
    const struct argument all[CE_ARGUMENTS] = {
        [CE_X] = {.name = "x", .tensor = x, .form = FORM_VECTOR},
        [CE_LABELS] =
            {.name = "labels", .tensor = ce->labels, .form = FORM_VALUE, .dtypes = DTYPES_INTEGER, .work = DTYPE_I64},
        [CE_TARGETS] = {.name = "targets", .tensor = ce->targets, .form = FORM_VECTOR},
        [CE_CLASS_WEIGHTS] = {.name = "class_weights",
                              .tensor = ce->class_weights,
                              .form = FORM_VECTOR,
                              .classes = true},
        [CE_DLOSS] = {.name = "dloss", .tensor = ce->dloss, .form = rows ? FORM_VALUE : FORM_TOTAL},
        [CE_LOSS] = {.name = "loss", .tensor = ce->loss, .form = FORM_VALUE, .output = true},
        [CE_REDUCED] = {.name = "reduced", .tensor = ce->reduced, .form = FORM_TOTAL, .output = true},
        [CE_LSE] = {.name = "lse", .tensor = ce->lse, .form = FORM_VALUE, .output = true},
        [CE_TARGET_LOG_PROB] = {.name = "target_log_prob",
                                .tensor = ce->target_log_prob,
                                .form = FORM_VALUE,
                                .output = true},
        [CE_ARGMAX] = {.name = "argmax",
                       .tensor = ce->argmax,
                       .form = FORM_VALUE,
                       .output = true,
                       .dtypes = 1 << DTYPE_I64,
                       .work = DTYPE_I64},
        [CE_CORRECT] = {.name = "correct",
                        .tensor = ce->correct,
                        .form = FORM_VALUE,
                        .output = true,
                        .dtypes = DTYPES_FLAG,
                        .work = DTYPE_U8},
        [CE_COUNT] = {.name = "count",
                      .tensor = ce->count,
                      .form = FORM_TOTAL,
                      .output = true,
                      .dtypes = 1 << DTYPE_I64,
                      .work = DTYPE_I64},
        [CE_WEIGHT] = {.name = "weight", .tensor = ce->weight, .form = FORM_TOTAL, .output = true},
        [CE_DX] = {.name = "dx", .tensor = ce->dx, .form = FORM_VECTOR, .output = true, .in_place = 1 << CE_X},
        [CE_DTARGETS] = {.name = "dtargets", .tensor = ce->dtargets, .form = FORM_VECTOR, .output = true},
    };
    memcpy(a, all, sizeof all);
    for (int i = 0; i < CE_ARGUMENTS; i++) {
        a[i].optional = i != CE_X;
    }
}

/* Class weights as an array of the type of the arithmetic: labels look them up. Scratch memory to free, or `small`. */
static void *pack_class_weights(struct call *c, unsigned char *small, size_t small_bytes) {
    struct operand *o = &c->operand[OPERANDS_OF_OPTIONS + CE_CLASS_WEIGHTS];
    struct block block;
    if (!o->given || c->n == 0 || smx_layout_block(o, 1, 0, &block)) {
        return small;
    }
    size_t size = smx_dtype_size(o->work);
    unsigned char *packed = c->n > small_bytes / size ? smx_scratch_new(size, c->n) : small;
    if (packed != NULL) {
        struct place from = {o->dtype, o->data, 0, o->stride[1]}, to = {o->work, packed, 0, (ptrdiff_t)size};
        smx_move(1, c->n, from, to);
        o->dtype = o->work;
        o->data = packed;
        o->stride[1] = (ptrdiff_t)size;
    }
    return packed;
}

static smx_status run(struct call *c, const struct rows_table *rows, struct cross_entropy_parameters *p) {
    c->parameters = p;
    c->totals = &rows->cross_entropy_totals;
    float_env caller = float_env_enter();
    smx_status status = rows->cross_entropy_begin(c, p);
    float_env_leave(caller);
    return status == SMX_OK ? smx_call_run(c) : status;
}

smx_status smx_cross_entropy(const DLTensor *x, int axis, const smx_tensor_cross_entropy_args *ce,
                             const smx_tensor_options *opt) {
    struct cross_entropy_parameters p = {.count = 0};
    struct argument arguments[CE_ARGUMENTS];
    struct call call;
    if (ce == NULL) {
        return smx_refuse(SMX_ERROR_NULL, "ce");
    }
    if (!smx_read_sized(ce, ce->size, &p.given, sizeof p.given)) {
        return smx_refuse(SMX_ERROR_OPTION, "size");
    }
    fill_arguments(x, &p.given, arguments);
    struct row_functions functions = {smx_rows_f32.cross_entropy, smx_rows_f64.cross_entropy, NULL, NULL};
    smx_status status = smx_call_prepare(arguments, CE_ARGUMENTS, axis, opt, functions, &call);
    if (status != SMX_OK) {
        return status;
    }
    _Alignas(8) unsigned char small[4096];
    float_env caller = float_env_enter();
    void *class_weights = pack_class_weights(&call, small, sizeof small);
    float_env_leave(caller);
    if (class_weights == NULL) {
        return smx_refuse(SMX_ERROR_MEMORY, "");
    }
    status = run(&call, call.real == DTYPE_F64 ? &smx_rows_f64 : &smx_rows_f32, &p);
    if (class_weights != small) {
        smx_scratch_free(class_weights);
    }
    return status;
}
