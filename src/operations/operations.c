/* The table of operations. To add one: a row here, its kernel (src/kernels/kernels.h), its public functions. */
#include "../base/arithmetic.h"

#include "operation.h"

/* Arguments in the type of the arithmetic. */
#define ROW(spelt, holds) \
    { .name = #spelt, .stride = "ld" #spelt, .form = FORM_ROW, .content = CONTENT_##holds }
#define VALUE(spelt, holds) \
    { .name = #spelt, .stride = #spelt, .form = FORM_VALUE, .content = CONTENT_##holds }
#define OUT_ROW(spelt, may_be) \
    { .name = #spelt, .stride = "ld" #spelt, .form = FORM_ROW, .in_place = (may_be) }
#define OUT_VALUE(spelt) \
    { .name = #spelt, .stride = #spelt, .form = FORM_VALUE }
#define OUT_PLACE(spelt) \
    { .name = #spelt, .stride = #spelt, .form = FORM_VALUE, .dtypes = 1 << DTYPE_I64, .work = DTYPE_I64 }
#define OUT_MATRIX(spelt, row_stride) \
    { .name = #spelt, .stride = row_stride, .form = FORM_MATRIX }

/* Which arguments an output may be. */
#define NO_INPUT 0u
#define FIRST 1u
#define SECOND 2u

/* Of cross-entropy; dloss is one number a row, or one in all. */
#define CE_INPUT(argument, says, shape, holds) \
    [argument] = {.name = says, .stride = says, .form = shape, .content = CONTENT_##holds, .optional = true}
#define CE_OUTPUT(argument, says, shape) [argument] = {.name = says, .stride = says, .form = shape, .optional = true}
#define CE_SUM(argument, says, holds) \
    [argument] = {                    \
        .name = says, .stride = says, .form = FORM_TOTAL, .content = CONTENT_##holds, .sum = true, .optional = true}
#define CE_INTEGERS(argument, says, shape, holds, types, taken_as) \
    [argument] = {.name = says,                                    \
                  .stride = says,                                  \
                  .form = shape,                                   \
                  .content = CONTENT_##holds,                      \
                  .dtypes = types,                                 \
                  .work = taken_as,                                \
                  .optional = true}
#define CE_ROWS(argument, says, stride_says, holds, may_be) \
    [argument] = {.name = says,                             \
                  .stride = stride_says,                    \
                  .form = FORM_ROW,                         \
                  .content = CONTENT_##holds,               \
                  .optional = true,                         \
                  .in_place = may_be}
#define CROSS_ENTROPY_ARGUMENTS(holds, dloss_form)                                                           \
    [CE_X] = ROW(x, holds), CE_INTEGERS(CE_LABELS, "labels", FORM_VALUE, LABELS, DTYPES_INTEGER, DTYPE_I64), \
    CE_ROWS(CE_TARGETS, "targets", "ldt", TARGETS, 0),                                                       \
    CE_INPUT(CE_CLASS_WEIGHTS, "class_weights", FORM_CLASSES, WEIGHTS),                                      \
    CE_INPUT(CE_DLOSS, "dloss", dloss_form, GRADIENTS), CE_SUM(CE_BATCH_WEIGHT, "batch_weight", WEIGHTS),    \
    CE_OUTPUT(CE_LOSS, "loss", FORM_VALUE), CE_OUTPUT(CE_REDUCED, "reduced", FORM_TOTAL),                    \
    CE_OUTPUT(CE_LSE, "lse", FORM_VALUE), CE_OUTPUT(CE_TARGET_LOG_PROB, "target_log_prob", FORM_VALUE),      \
    CE_INTEGERS(CE_ARGMAX, "argmax", FORM_VALUE, OUTPUT, 1 << DTYPE_I64, DTYPE_I64),                         \
    CE_INTEGERS(CE_CORRECT, "correct", FORM_VALUE, OUTPUT, DTYPES_FLAG, DTYPE_U8),                           \
    CE_INTEGERS(CE_COUNT, "count", FORM_TOTAL, OUTPUT, 1 << DTYPE_I64, DTYPE_I64),                           \
    CE_OUTPUT(CE_WEIGHT, "weight", FORM_TOTAL), CE_ROWS(CE_DX, "dx", "lddx", OUTPUT, 1u << CE_X),            \
    CE_ROWS(CE_DTARGETS, "dtargets", "lddt", OUTPUT, 0), CE_SUM(CE_WEIGHT_SUM, "weight_sum", OUTPUT),        \
    CE_SUM(CE_LOSS_SUM, "loss_sum", OUTPUT)

const struct operation smx_operations[OPERATIONS] = {
    [OPERATION_SOFTMAX] = {"softmax", kernel_softmax, OPTIONS_ALL, {ROW(x, LOGITS), OUT_ROW(y, FIRST)}},
    [OPERATION_SOFTMAX_COLUMNS] = {"softmax_columns",
                                   kernel_softmax_columns,
                                   OPTIONS_NONE,
                                   {{.name = "x", .stride = "ldx", .form = FORM_COLUMN, .content = CONTENT_LOGITS},
                                    {.name = "y", .stride = "ldy", .form = FORM_COLUMN, .in_place = FIRST}}},
    [OPERATION_SOFTMAX_BACKWARD] = {"softmax_backward",
                                    kernel_softmax_backward,
                                    OPTIONS_LINEAR | OPTION_SINK,
                                    {ROW(y, PROBABILITIES), ROW(dy, GRADIENTS), OUT_ROW(dx, FIRST | SECOND)}},
    /* The Jacobian is symmetric: forward mode is backward. */
    [OPERATION_SOFTMAX_JVP] = {"softmax_jvp",
                               kernel_softmax_backward,
                               OPTIONS_LINEAR | OPTION_SINK,
                               {ROW(y, PROBABILITIES), ROW(v, GRADIENTS), OUT_ROW(jv, FIRST | SECOND)}},
    [OPERATION_SOFTMAX_JACOBIAN] = {"softmax_jacobian",
                                    kernel_softmax_jacobian,
                                    OPTIONS_NONE,
                                    {ROW(y, PROBABILITIES), OUT_MATRIX(jac, "ldj")}},
    [OPERATION_SOFTMAX_JACOBIAN_PRODUCT] =
        {"softmax_jacobian_product",
         kernel_softmax_jacobian_product,
         OPTIONS_LINEAR | OPTION_SINK,
         {ROW(y, PROBABILITIES),
          {.name = "v", .stride = "ldv", .form = FORM_VECTORS, .content = CONTENT_GRADIENTS},
          {.name = "out", .stride = "ldo", .form = FORM_VECTORS, .in_place = SECOND}}},
    [OPERATION_SOFTMAX_DOUBLE_BACKWARD] =
        {"softmax_double_backward",
         kernel_softmax_double_backward,
         OPTIONS_LINEAR | OPTION_SINK,
         {ROW(y, PROBABILITIES),
          ROW(dy, GRADIENTS),
          {.name = "ddx", .stride = "lddx", .form = FORM_ROW, .content = CONTENT_GRADIENTS},
          {.name = "gy", .stride = "ldgy", .form = FORM_ROW, .optional = true},
          {.name = "gdy", .stride = "ldgdy", .form = FORM_ROW, .optional = true}}},
    [OPERATION_ARGMAX] = {"argmax", kernel_argmax, OPTIONS_LOGITS, {ROW(x, LOGITS), OUT_PLACE(argmax)}},
    [OPERATION_LOG_SOFTMAX] = {"log_softmax", kernel_log_softmax, OPTIONS_LOGITS, {ROW(x, LOGITS), OUT_ROW(y, FIRST)}},
    [OPERATION_LOG_SOFTMAX_COLUMNS] = {"log_softmax_columns",
                                       kernel_log_softmax_columns,
                                       OPTIONS_NONE,
                                       {{.name = "x", .stride = "ldx", .form = FORM_COLUMN, .content = CONTENT_LOGITS},
                                        {.name = "y", .stride = "ldy", .form = FORM_COLUMN, .in_place = FIRST}}},
    [OPERATION_LOG_SOFTMAX_BACKWARD] = {"log_softmax_backward",
                                        kernel_log_softmax_backward,
                                        OPTIONS_LINEAR,
                                        {ROW(y, LOG_PROBABILITIES), ROW(dy, GRADIENTS), OUT_ROW(dx, FIRST | SECOND)}},
    [OPERATION_LOG_SOFTMAX_JVP] = {"log_softmax_jvp",
                                   kernel_log_softmax_jvp,
                                   OPTIONS_LINEAR,
                                   {ROW(y, LOG_PROBABILITIES), ROW(v, GRADIENTS), OUT_ROW(jv, FIRST | SECOND)}},
    [OPERATION_LOGSUMEXP] = {"logsumexp", kernel_logsumexp, OPTIONS_ALL, {ROW(x, LOGITS), OUT_VALUE(lse)}},
    [OPERATION_LOGSUMEXP_BACKWARD] = {"logsumexp_backward",
                                      kernel_logsumexp_backward,
                                      OPTIONS_ALL,
                                      {ROW(x, LOGITS), VALUE(dlse, GRADIENTS), OUT_ROW(dx, FIRST)}},
    [OPERATION_LOGSUMEXP_WEIGHTED] =
        {"logsumexp_weighted",
         kernel_logsumexp_weighted,
         OPTIONS_LOGITS,
         {ROW(x, LOGITS),
          {.name = "b", .stride = "ldb", .form = FORM_ROW, .content = CONTENT_FACTORS, .repeats = true},
          OUT_VALUE(lse),
          {.name = "sign", .stride = "sign", .form = FORM_VALUE, .optional = true}}},
    [OPERATION_SCALE_GRADIENT] = {"scale_gradient",
                                  kernel_scale_gradient,
                                  OPTIONS_ALL,
                                  {ROW(x, LOGITS),
                                   ROW(dx, GRADIENTS),
                                   {.name = "dscale", .stride = "dscale", .form = FORM_TOTAL}}},
    [OPERATION_SCALE_GRADIENT_ROWS] = {"scale_gradient of each row",
                                       kernel_scale_gradient_rows,
                                       OPTIONS_ALL & ~(unsigned)OPTION_SCALE,
                                       {ROW(x, LOGITS), ROW(dx, GRADIENTS), OUT_VALUE(dscale)}},
    [OPERATION_SOFTCAP_BACKWARD] = {"softcap_backward",
                                    kernel_softcap_backward,
                                    OPTIONS_ALL,
                                    {ROW(x, LOGITS), ROW(dz, GRADIENTS), OUT_ROW(dx, FIRST | SECOND)}},
    [OPERATION_SINK_GRADIENT] = {"sink_gradient",
                                 kernel_sink_gradient,
                                 OPTIONS_ALL,
                                 {ROW(x, LOGITS), ROW(y, PROBABILITIES), ROW(dy, GRADIENTS), OUT_VALUE(dsink)}},
    [OPERATION_CROSS_ENTROPY] = {"cross_entropy",
                                 kernel_cross_entropy,
                                 OPTIONS_LOGITS,
                                 {CROSS_ENTROPY_ARGUMENTS(LOGITS, FORM_VALUE)}},
    [OPERATION_CROSS_ENTROPY_REDUCED] = {"cross_entropy, reduced",
                                         kernel_cross_entropy,
                                         OPTIONS_LOGITS,
                                         {CROSS_ENTROPY_ARGUMENTS(LOGITS, FORM_TOTAL)}},
    [OPERATION_NLL] = {"nll", kernel_nll, OPTIONS_NONE, {CROSS_ENTROPY_ARGUMENTS(LOG_PROBABILITIES, FORM_VALUE)}},
    [OPERATION_NLL_REDUCED] = {"nll, reduced",
                               kernel_nll,
                               OPTIONS_NONE,
                               {CROSS_ENTROPY_ARGUMENTS(LOG_PROBABILITIES, FORM_TOTAL)}},
    [OPERATION_CROSS_ENTROPY_HESSIAN] = {"cross_entropy_hessian",
                                         kernel_cross_entropy_hessian,
                                         OPTIONS_LINEAR,
                                         {ROW(x, LOGITS), OUT_MATRIX(hess, "ldh")}},
    [OPERATION_CROSS_ENTROPY_HESSIAN_PRODUCT] = {"cross_entropy_hessian_product",
                                                 kernel_cross_entropy_hessian_product,
                                                 OPTIONS_LINEAR,
                                                 {ROW(x, LOGITS), ROW(v, GRADIENTS), OUT_ROW(hv, FIRST)}},
};
