#include "functions.h"

#include <string.h>

#include "check.h"

#define IN(name, form, content, in_place) \
    { name, form, content, REAL_OF_T, in_place }
#define OUT(name, form) \
    { name, form, OUTPUT, REAL_OF_T, 0 }
#define OUT_OF(name, form, type) \
    { name, form, OUTPUT, type, 0 }

/* Outputs of cross-entropy that have one form whatever the rest. */
#define CE_ROW_OUTPUTS                                                                        \
    [CE_LOSS] = OUT("loss", FORM_VALUES), [CE_ARGMAX] = OUT_OF("argmax", FORM_VALUES, INT64), \
    [CE_DX] = OUT("dx", FORM_ROWS), [CE_COUNT] = OUT_OF("count", FORM_VALUE, UINT64),         \
    [CE_WEIGHT] = OUT("weight", FORM_VALUE)
#define CE_LSE_OUTPUT [CE_LSE] = OUT("lse", FORM_VALUES)
#define CE_LABEL_OUTPUTS \
    [CE_LOG_PROB] = OUT("target_log_prob", FORM_VALUES), [CE_CORRECT] = OUT_OF("correct", FORM_VALUES, UINT8)

const function functions[] = {
    {.name = "softmax",
     .run = RUN_SOFTMAX,
     .arguments = {IN("x", FORM_ROWS, LOGITS, 1), OUT("y", FORM_ROWS)},
     .takes = OPTIONS_ALL},
    {.name = "softmax_backward",
     .run = RUN_SOFTMAX_BACKWARD,
     .arguments = {IN("y", FORM_ROWS, PROBABILITIES, 2), IN("dy", FORM_ROWS, GRADIENTS, 2), OUT("dx", FORM_ROWS)},
     .takes = OPTIONS_LINEAR | SINK},
    {.name = "softmax_jacobian",
     .run = RUN_SOFTMAX_JACOBIAN,
     .arguments = {IN("y", FORM_ROWS, PROBABILITIES, 0), OUT("jac", FORM_MATRICES)}},
    {.name = "log_softmax",
     .run = RUN_LOG_SOFTMAX,
     .arguments = {IN("x", FORM_ROWS, LOGITS, 1), OUT("y", FORM_ROWS)},
     .takes = OPTIONS_LOGITS},
    {.name = "log_softmax_backward",
     .run = RUN_LOG_SOFTMAX_BACKWARD,
     .arguments = {IN("y", FORM_ROWS, LOG_PROBABILITIES, 2), IN("dy", FORM_ROWS, GRADIENTS, 2), OUT("dx", FORM_ROWS)},
     .takes = OPTIONS_LINEAR},
    {.name = "logsumexp",
     .run = RUN_LOGSUMEXP,
     .arguments = {IN("x", FORM_ROWS, LOGITS, 0), OUT("lse", FORM_VALUES)},
     .takes = OPTIONS_ALL},
    {.name = "logsumexp_backward",
     .run = RUN_LOGSUMEXP_BACKWARD,
     .arguments = {IN("x", FORM_ROWS, LOGITS, 2), IN("dlse", FORM_VALUES, GRADIENTS, 0), OUT("dx", FORM_ROWS)},
     .takes = OPTIONS_ALL},
    {.name = "logsumexp_weighted",
     .run = RUN_LOGSUMEXP_WEIGHTED,
     .arguments = {IN("x", FORM_ROWS, LOGITS, 0), IN("b", FORM_ROWS, FACTORS, 0), OUT("lse", FORM_VALUES),
                   OUT("sign", FORM_VALUES)},
     .takes = OPTIONS_LOGITS},
    {.name = "scale_gradient",
     .run = RUN_SCALE_GRADIENT,
     .arguments = {IN("x", FORM_ROWS, LOGITS, 0), IN("dx", FORM_ROWS, GRADIENTS, 0), OUT("dscale", FORM_VALUE)},
     .takes = OPTIONS_ALL & ~SCALE_ROWS},
    {.name = "scale_gradient of each row",
     .run = RUN_SCALE_GRADIENT,
     .arguments = {IN("x", FORM_ROWS, LOGITS, 0), IN("dx", FORM_ROWS, GRADIENTS, 0), OUT("dscale", FORM_VALUES)},
     .takes = OPTIONS_ALL & ~SCALE_ONE,
     .needs = SCALE_ROWS},
    {.name = "softcap_backward",
     .run = RUN_SOFTCAP_BACKWARD,
     .arguments = {IN("x", FORM_ROWS, LOGITS, 2), IN("dz", FORM_ROWS, GRADIENTS, 2), OUT("dx", FORM_ROWS)},
     .takes = OPTIONS_ALL},
    {.name = "sink_gradient",
     .run = RUN_SINK_GRADIENT,
     .arguments = {IN("x", FORM_ROWS, LOGITS, 0), IN("y", FORM_ROWS, PROBABILITIES, 0),
                   IN("dy", FORM_ROWS, GRADIENTS, 0), OUT("dsink", FORM_VALUES)},
     .takes = OPTIONS_ALL},
    {.name = "softmax_jvp",
     .run = RUN_SOFTMAX_JVP,
     .arguments = {IN("y", FORM_ROWS, PROBABILITIES, 2), IN("v", FORM_ROWS, GRADIENTS, 2), OUT("jv", FORM_ROWS)},
     .takes = OPTIONS_LINEAR | SINK},
    {.name = "log_softmax_jvp",
     .run = RUN_LOG_SOFTMAX_JVP,
     .arguments = {IN("y", FORM_ROWS, LOG_PROBABILITIES, 2), IN("v", FORM_ROWS, GRADIENTS, 2), OUT("jv", FORM_ROWS)},
     .takes = OPTIONS_LINEAR},
    {.name = "softmax_jacobian_product",
     .run = RUN_SOFTMAX_JACOBIAN_PRODUCT,
     .arguments = {IN("y", FORM_ROWS, PROBABILITIES, 0), IN("v", FORM_VECTORS, GRADIENTS, 2), OUT("out", FORM_VECTORS)},
     .takes = OPTIONS_LINEAR | SINK},
    {.name = "softmax_double_backward",
     .run = RUN_SOFTMAX_DOUBLE_BACKWARD,
     .arguments = {IN("y", FORM_ROWS, PROBABILITIES, 0), IN("dy", FORM_ROWS, GRADIENTS, 0),
                   IN("ddx", FORM_ROWS, GRADIENTS, 0), OUT("gy", FORM_ROWS), OUT("gdy", FORM_ROWS)},
     .takes = OPTIONS_LINEAR | SINK},
    {.name = "cross_entropy_hessian_product",
     .run = RUN_CROSS_ENTROPY_HESSIAN_PRODUCT,
     .arguments = {IN("x", FORM_ROWS, LOGITS, 2), IN("v", FORM_ROWS, GRADIENTS, 0), OUT("hv", FORM_ROWS)},
     .takes = OPTIONS_LINEAR},
    {.name = "cross_entropy_hessian",
     .run = RUN_CROSS_ENTROPY_HESSIAN,
     .arguments = {IN("x", FORM_ROWS, LOGITS, 0), OUT("hess", FORM_MATRICES)},
     .takes = OPTIONS_LINEAR},
    {.name = "argmax",
     .run = RUN_ARGMAX,
     .arguments = {IN("x", FORM_ROWS, LOGITS, 0), OUT_OF("argmax", FORM_VALUES, INT64)},
     .takes = OPTIONS_LOGITS},
    {.name = "cross_entropy of labels",
     .run = RUN_CROSS_ENTROPY_EVAL,
     .arguments = {[CE_X] = IN("x", FORM_ROWS, LOGITS, CE_DX),
                   [CE_LABELS_I64] = {"labels_i64", FORM_VALUES, LABELS, INT64, 0},
                   CE_ROW_OUTPUTS,
                   CE_LSE_OUTPUT,
                   CE_LABEL_OUTPUTS},
     .takes = OPTIONS_LOGITS},
    {.name = "cross_entropy of labels, weighted and smoothed mean",
     .run = RUN_CROSS_ENTROPY_EVAL,
     .arguments = {[CE_X] = IN("x", FORM_ROWS, LOGITS, CE_DX),
                   [CE_LABELS_I32] = {"labels_i32", FORM_VALUES, LABELS, INT32, 0},
                   [CE_WEIGHTS] = IN("class_weights", FORM_SHARED, WEIGHTS, 0),
                   [CE_DLOSS] = IN("dloss", FORM_VALUE, GRADIENTS, 0),
                   CE_ROW_OUTPUTS,
                   CE_LSE_OUTPUT,
                   CE_LABEL_OUTPUTS,
                   [CE_REDUCED] = OUT("reduced", FORM_VALUE)},
     .takes = OPTIONS_LOGITS,
     .ce = {.smoothing = 0.125, .reduction = SMX_REDUCTION_MEAN, .use_ignore_index = 1, .ignore_index = -100}},
    {.name = "cross_entropy of labels, softcap and z-loss",
     .run = RUN_CROSS_ENTROPY_EVAL,
     .arguments = {[CE_X] = IN("x", FORM_ROWS, LOGITS, CE_DX),
                   [CE_LABELS_I64] = {"labels_i64", FORM_VALUES, LABELS, INT64, 0},
                   [CE_DLOSS] = IN("dloss", FORM_VALUES, GRADIENTS, 0),
                   CE_ROW_OUTPUTS,
                   CE_LSE_OUTPUT,
                   CE_LABEL_OUTPUTS},
     .takes = OPTIONS_LINEAR,
     .ce = {.softcap = 20, .z_loss = 0x1p-10, .use_ignore_index = 1, .ignore_index = -1}},
    {.name = "cross_entropy of labels, smoothing and z-loss",
     .run = RUN_CROSS_ENTROPY_EVAL,
     .arguments = {[CE_X] = IN("x", FORM_ROWS, LOGITS, CE_DX),
                   [CE_LABELS_I64] = {"labels_i64", FORM_VALUES, LABELS, INT64, 0},
                   [CE_DLOSS] = IN("dloss", FORM_VALUES, GRADIENTS, 0),
                   CE_ROW_OUTPUTS,
                   CE_LABEL_OUTPUTS},
     .takes = OPTIONS_LOGITS,
     .ce = {.smoothing = 0.25, .z_loss = 0x1p-6}},
    {.name = "cross_entropy of targets",
     .run = RUN_CROSS_ENTROPY_EVAL,
     .arguments = {[CE_X] = IN("x", FORM_ROWS, LOGITS, CE_DX),
                   [CE_TARGETS] = IN("targets", FORM_ROWS, TARGETS, 0),
                   CE_ROW_OUTPUTS,
                   CE_LSE_OUTPUT,
                   [CE_REDUCED] = OUT("reduced", FORM_VALUE),
                   [CE_DTARGETS] = OUT("dtargets", FORM_ROWS)},
     .takes = OPTIONS_LOGITS,
     .ce = {.reduction = SMX_REDUCTION_SUM}},
    {.name = "cross_entropy of targets, everything",
     .run = RUN_CROSS_ENTROPY_EVAL,
     .arguments = {[CE_X] = IN("x", FORM_ROWS, LOGITS, CE_DX),
                   [CE_TARGETS] = IN("targets", FORM_ROWS, FACTORS, 0),
                   [CE_WEIGHTS] = IN("class_weights", FORM_SHARED, WEIGHTS, 0),
                   [CE_DLOSS] = IN("dloss", FORM_VALUE, GRADIENTS, 0),
                   CE_ROW_OUTPUTS,
                   CE_LSE_OUTPUT,
                   [CE_REDUCED] = OUT("reduced", FORM_VALUE),
                   [CE_DTARGETS] = OUT("dtargets", FORM_ROWS)},
     .takes = OPTIONS_LINEAR,
     .ce = {.smoothing = 0.3125, .z_loss = 0.5, .softcap = 3, .reduction = SMX_REDUCTION_SUM}},
    {.name = "nll",
     .run = RUN_CROSS_ENTROPY_EVAL,
     .arguments = {[CE_X] = IN("x", FORM_ROWS, LOG_PROBABILITIES, CE_DX),
                   [CE_LABELS_I64] = {"labels_i64", FORM_VALUES, LABELS, INT64, 0},
                   [CE_DLOSS] = IN("dloss", FORM_VALUES, GRADIENTS, 0),
                   CE_ROW_OUTPUTS,
                   CE_LABEL_OUTPUTS},
     .ce = {.log_probs = 1, .use_ignore_index = 1, .ignore_index = -1}},
    {.name = "nll, weighted mean",
     .run = RUN_CROSS_ENTROPY_EVAL,
     .arguments = {[CE_X] = IN("x", FORM_ROWS, LOG_PROBABILITIES, CE_DX),
                   [CE_LABELS_I32] = {"labels_i32", FORM_VALUES, LABELS, INT32, 0},
                   [CE_WEIGHTS] = IN("class_weights", FORM_SHARED, WEIGHTS, 0),
                   [CE_DLOSS] = IN("dloss", FORM_VALUE, GRADIENTS, 0),
                   CE_ROW_OUTPUTS,
                   CE_LABEL_OUTPUTS,
                   [CE_REDUCED] = OUT("reduced", FORM_VALUE)},
     .ce = {.log_probs = 1, .reduction = SMX_REDUCTION_MEAN, .use_ignore_index = 1, .ignore_index = -100}},
};
const size_t functions_count = sizeof functions / sizeof *functions;

const function *function_named(const char *name) {
    for (size_t i = 0; i < functions_count; i++) {
        if (strcmp(functions[i].name, name) == 0) {
            return &functions[i];
        }
    }
    fail_msg("the table of functions has no \"%s\"", name);
    return NULL;
}

int has_matrices(const function *f) { return f->arguments[1].form == FORM_MATRICES; }

int is_loss(const function *f) { return f->run == RUN_CROSS_ENTROPY_EVAL; }

int is_basic(const function *f) { return f->run <= RUN_SOFTMAX_JACOBIAN; }

int argument_is_output(const argument *a) { return a->form != FORM_NONE && a->content == OUTPUT; }

int argument_is_input(const argument *a) { return a->form != FORM_NONE && a->content != OUTPUT; }

const char *argument_stride(const argument *a) {
    static const char *const names[][2] = {
        {"x", "ldx"},   {"y", "ldy"},     {"dy", "lddy"},  {"dx", "lddx"},     {"b", "ldb"},         {"v", "ldv"},
        {"jv", "ldjv"}, {"hv", "ldhv"},   {"hess", "ldh"}, {"jac", "ldj"},     {"ddx", "lddx"},      {"out", "ldo"},
        {"gy", "ldgy"}, {"gdy", "ldgdy"}, {"dz", "lddz"},  {"targets", "ldt"}, {"dtargets", "lddt"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(a->name, names[i][0]) == 0) {
            return names[i][1];
        }
    }
    fail_msg("no stride of %s", a->name);
    return NULL;
}

size_t argument_rows(const argument *a, size_t n) {
    switch (a->form) {
    case FORM_ROWS:
    case FORM_VALUES:
        return 1;
    case FORM_VECTORS:
        return VECTORS;
    case FORM_MATRICES:
        return n;
    default:
        return 0;
    }
}
