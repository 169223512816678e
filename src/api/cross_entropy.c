/* Cross-entropy over rows of arrays. The contract stands in smx/cross_entropy.h. */
#include "../base/arithmetic.h"

#include "../rows/losses.h"

#include "../base/float_env.h"
#include "../base/refused.h"
#include "request.h"

/* What the two types' structs of arguments have by the same names: arrays, and the rest. */
#define READ_ARRAYS(x, ldx, g, a)                                                                            \
    do {                                                                                                     \
        (a)[CE_X] = rows_of(x, ldx);                                                                         \
        (a)[CE_LABELS] = numbers_of((g).labels_i32 != NULL ? (const void *)(g).labels_i32 : (g).labels_i64); \
        (a)[CE_TARGETS] = rows_of((g).targets, (g).ldt);                                                     \
        (a)[CE_CLASS_WEIGHTS] = numbers_of((g).class_weights);                                               \
        (a)[CE_DLOSS] = numbers_of((g).dloss);                                                               \
        (a)[CE_BATCH_WEIGHT] = numbers_of((g).batch_weight);                                                 \
        (a)[CE_LOSS] = numbers_of((g).loss);                                                                 \
        (a)[CE_REDUCED] = numbers_of((g).reduced);                                                           \
        (a)[CE_LSE] = numbers_of((g).lse);                                                                   \
        (a)[CE_TARGET_LOG_PROB] = numbers_of((g).target_log_prob);                                           \
        (a)[CE_ARGMAX] = numbers_of((g).argmax);                                                             \
        (a)[CE_CORRECT] = numbers_of((g).correct);                                                           \
        (a)[CE_COUNT] = numbers_of((g).count);                                                               \
        (a)[CE_WEIGHT] = numbers_of((g).weight);                                                             \
        (a)[CE_DX] = rows_of((g).dx, (g).lddx);                                                              \
        (a)[CE_DTARGETS] = rows_of((g).dtargets, (g).lddt);                                                  \
        (a)[CE_WEIGHT_SUM] = numbers_of((g).weight_sum);                                                     \
        (a)[CE_LOSS_SUM] = numbers_of((g).loss_sum);                                                         \
    } while (0)
#define READ_PROBLEM(g)                                                                                                \
    {                                                                                                                  \
        .labels_name = (g).labels_i32 != NULL ? "labels_i32" : "labels_i64", .use_ignore_index = (g).use_ignore_index, \
        .labels = (g).labels_i32 != NULL ? DTYPE_I32 : DTYPE_I64, .ignore_index = (g).ignore_index,                    \
        .smoothing = (double)(g).smoothing, .z_loss = (double)(g).z_loss, .softcap = (double)(g).softcap,              \
        .reduction = (g).reduction, .empty_mean = (g).empty_mean, .bad_row = (g).bad_row                               \
    }

smx_status smx_cross_entropy_f32(size_t rows, size_t n, const float *x, size_t ldx,
                                 const smx_cross_entropy_args_f32 *ce, const smx_options *opt) {
    smx_cross_entropy_args_f32 given = {0};
    if (ce == NULL) {
        return smx_refuse(SMX_ERROR_NULL, "ce");
    }
    if (!smx_read_sized(ce, ce->size, &given, sizeof given)) {
        return smx_refuse(SMX_ERROR_OPTION, "size");
    }
    if (given.labels_i32 != NULL && given.labels_i64 != NULL && given.targets == NULL) {
        return smx_refuse(SMX_ERROR_OPTION, "labels_i64");
    }
    struct array a[CE_ARGUMENTS];
    READ_ARRAYS(x, ldx, given, a);
    float_env caller = float_env_enter(); /* a float that signals NaN raises a flag on its way to double */
    struct cross_entropy problem = READ_PROBLEM(given);
    float_env_leave(caller);
    struct rows_request request = REQUEST(CROSS_ENTROPY, F32, a);
    return smx_cross_entropy_rows(&request, &problem);
}

smx_status smx_cross_entropy_f64(size_t rows, size_t n, const double *x, size_t ldx,
                                 const smx_cross_entropy_args_f64 *ce, const smx_options *opt) {
    smx_cross_entropy_args_f64 given = {0};
    if (ce == NULL) {
        return smx_refuse(SMX_ERROR_NULL, "ce");
    }
    if (!smx_read_sized(ce, ce->size, &given, sizeof given)) {
        return smx_refuse(SMX_ERROR_OPTION, "size");
    }
    if (given.labels_i32 != NULL && given.labels_i64 != NULL && given.targets == NULL) {
        return smx_refuse(SMX_ERROR_OPTION, "labels_i64");
    }
    struct array a[CE_ARGUMENTS];
    READ_ARRAYS(x, ldx, given, a);
    float_env caller = float_env_enter(); /* a float that signals NaN raises a flag on its way to double */
    struct cross_entropy problem = READ_PROBLEM(given);
    float_env_leave(caller);
    struct rows_request request = REQUEST(CROSS_ENTROPY, F64, a);
    return smx_cross_entropy_rows(&request, &problem);
}
