/* Cross-entropy and negative log-likelihood over rows of arrays. The contract stands in smx/cross_entropy.h. */
#include "../base/arithmetic.h"

#include "../rows/losses.h"

#include "../base/float_env.h"
#include "../base/refused.h"
#include "../rows/part_rows.h"
#include "request.h"

/* What the two types' structs of arguments have by the same names: arrays, and the rest. */
#define READ_ARRAYS(x, ldx, g, of_rows, a)                         \
    do {                                                           \
        (a)[CE_X] = rows_of(x, ldx);                               \
        (a)[CE_LABELS] = numbers_of((of_rows).data);               \
        (a)[CE_TARGETS] = rows_of((g).targets, (g).ldt);           \
        (a)[CE_CLASS_WEIGHTS] = numbers_of((g).class_weights);     \
        (a)[CE_DLOSS] = numbers_of((g).dloss);                     \
        (a)[CE_BATCH_WEIGHT] = numbers_of((g).batch_weight);       \
        (a)[CE_LOSS] = numbers_of((g).loss);                       \
        (a)[CE_REDUCED] = numbers_of((g).reduced);                 \
        (a)[CE_LSE] = numbers_of((g).lse);                         \
        (a)[CE_TARGET_LOG_PROB] = numbers_of((g).target_log_prob); \
        (a)[CE_ARGMAX] = numbers_of((g).argmax);                   \
        (a)[CE_CORRECT] = numbers_of((g).correct);                 \
        (a)[CE_COUNT] = numbers_of((g).count);                     \
        (a)[CE_WEIGHT] = numbers_of((g).weight);                   \
        (a)[CE_DX] = rows_of((g).dx, (g).lddx);                    \
        (a)[CE_DTARGETS] = rows_of((g).dtargets, (g).lddt);        \
        (a)[CE_WEIGHT_SUM] = numbers_of((g).weight_sum);           \
        (a)[CE_LOSS_SUM] = numbers_of((g).loss_sum);               \
    } while (0)
#define READ_PROBLEM(g, of_rows, are_log_probs)                                                           \
    {                                                                                                     \
        .log_probs = are_log_probs, .labels_name = (of_rows).name, .labels = (of_rows).dtype,             \
        .use_ignore_index = (g).use_ignore_index, .ignore_index = (g).ignore_index,                       \
        .smoothing = (double)(g).smoothing, .z_loss = (double)(g).z_loss, .softcap = (double)(g).softcap, \
        .reduction = (g).reduction, .empty_mean = (g).empty_mean, .bad_row = (g).bad_row                  \
    }

/* The labels of rows, from whichever field has them. */
struct labels {
    const char *name; /* the field's */
    const void *data; /* null: there are none */
    enum dtype dtype;
};

/* False after a refusal: two fields have labels, or they are of no type. Beside targets, any are too many: that is
 * refused later. */
static bool read_labels(const int32_t *i32, const int64_t *i64, const void *any, smx_integer type, const void *targets,
                        struct labels *labels) {
    static const enum dtype dtypes[] = {
        [SMX_INT8] = DTYPE_I8,  [SMX_INT16] = DTYPE_I16,  [SMX_INT32] = DTYPE_I32,  [SMX_INT64] = DTYPE_I64,
        [SMX_UINT8] = DTYPE_U8, [SMX_UINT16] = DTYPE_U16, [SMX_UINT32] = DTYPE_U32, [SMX_UINT64] = DTYPE_U64,
    };
    bool known = SMX_INT8 <= type && type <= SMX_UINT64;
    *labels = any != NULL   ? (struct labels){"labels", any, known ? dtypes[type] : DTYPE_I64}
              : i32 != NULL ? (struct labels){"labels_i32", i32, DTYPE_I32}
                            : (struct labels){"labels_i64", i64, DTYPE_I64};
    if (targets != NULL) {
        return true;
    }
    const char *wrong = any == NULL                  ? (i32 != NULL && i64 != NULL ? "labels_i64" : NULL)
                        : i32 != NULL || i64 != NULL ? "labels"
                        : !known                     ? "labels_type"
                                                     : NULL;
    return wrong == NULL || smx_refuse(SMX_ERROR_OPTION, wrong) == SMX_OK;
}

static smx_status losses_f32(const struct rows_part *part, bool log_probs, size_t rows, size_t n, const float *x,
                             size_t ldx, const smx_cross_entropy_args_f32 *ce, const smx_options *opt) {
    smx_cross_entropy_args_f32 given;
    if (ce == NULL) {
        return smx_refuse(SMX_ERROR_NULL, "ce");
    }
    if (!smx_read_sized(ce, ce->size, &given, sizeof given)) {
        return smx_refuse(SMX_ERROR_OPTION, "size");
    }
    struct labels labels;
    if (!read_labels(given.labels_i32, given.labels_i64, given.labels, given.labels_type, given.targets, &labels)) {
        return SMX_ERROR_OPTION;
    }
    struct array a[CE_ARGUMENTS];
    READ_ARRAYS(x, ldx, given, labels, a);
    float_env caller = float_env_enter(); /* a float that signals NaN raises a flag on its way to double */
    struct cross_entropy problem = READ_PROBLEM(given, labels, log_probs);
    float_env_leave(caller);
    struct rows_request request = REQUEST(CROSS_ENTROPY, F32, a);
    request.part = part;
    return smx_cross_entropy_rows(&request, &problem);
}

static smx_status losses_f64(const struct rows_part *part, bool log_probs, size_t rows, size_t n, const double *x,
                             size_t ldx, const smx_cross_entropy_args_f64 *ce, const smx_options *opt) {
    smx_cross_entropy_args_f64 given;
    if (ce == NULL) {
        return smx_refuse(SMX_ERROR_NULL, "ce");
    }
    if (!smx_read_sized(ce, ce->size, &given, sizeof given)) {
        return smx_refuse(SMX_ERROR_OPTION, "size");
    }
    struct labels labels;
    if (!read_labels(given.labels_i32, given.labels_i64, given.labels, given.labels_type, given.targets, &labels)) {
        return SMX_ERROR_OPTION;
    }
    struct array a[CE_ARGUMENTS];
    READ_ARRAYS(x, ldx, given, labels, a);
    float_env caller = float_env_enter(); /* a float that signals NaN raises a flag on its way to double */
    struct cross_entropy problem = READ_PROBLEM(given, labels, log_probs);
    float_env_leave(caller);
    struct rows_request request = REQUEST(CROSS_ENTROPY, F64, a);
    request.part = part;
    return smx_cross_entropy_rows(&request, &problem);
}

smx_status smx_cross_entropy_f32(size_t rows, size_t n, const float *x, size_t ldx,
                                 const smx_cross_entropy_args_f32 *ce, const smx_options *opt) {
    return losses_f32(NULL, false, rows, n, x, ldx, ce, opt);
}

smx_status smx_nll_f32(size_t rows, size_t n, const float *x, size_t ldx, const smx_cross_entropy_args_f32 *ce,
                       const smx_options *opt) {
    return losses_f32(NULL, true, rows, n, x, ldx, ce, opt);
}

smx_status smx_cross_entropy_f64(size_t rows, size_t n, const double *x, size_t ldx,
                                 const smx_cross_entropy_args_f64 *ce, const smx_options *opt) {
    return losses_f64(NULL, false, rows, n, x, ldx, ce, opt);
}

smx_status smx_nll_f64(size_t rows, size_t n, const double *x, size_t ldx, const smx_cross_entropy_args_f64 *ce,
                       const smx_options *opt) {
    return losses_f64(NULL, true, rows, n, x, ldx, ce, opt);
}

/* ---- Rows in parts ---- */

/* A round that there is not is refused where the part is read. */
static enum part_step step_of_round(int round) {
    return round >= 1 && round <= SMX_PART_ROUNDS ? (enum part_step)round : PART_NO_STEP;
}

/* A step of logarithms or softmax alone, without losses. */
static smx_status share(enum dtype real, enum part_step step, size_t rows, size_t n, struct array x,
                        const smx_part *given, const smx_options *opt) {
    const struct rows_request request = {.real = real, .rows = rows, .n = n, .vectors = 1, .array = &x, .opt = opt};
    return smx_part_share(&request, given, step);
}

/* A part as losses take it. */
static smx_status part_of_losses(const smx_part *given, enum part_step step, size_t n, struct rows_part *part) {
    smx_status status = smx_part_read(given, step, n, part);
    if (status != SMX_OK) {
        return status;
    }
    if (part->b != NULL) {
        return smx_refuse(SMX_ERROR_OPTION, "part.b");
    }
    return part->kind == SMX_PART_LOGARITHMS ? SMX_OK : smx_refuse(SMX_ERROR_OPTION, "part.kind");
}

static smx_status part_f32(enum part_step step, size_t rows, size_t n, const float *x, size_t ldx,
                           const smx_cross_entropy_args_f32 *ce, const smx_part *given, const smx_options *opt) {
    if (ce == NULL && step != PART_FINISH) {
        return share(DTYPE_F32, step, rows, n, rows_of(x, ldx), given, opt);
    }
    struct rows_part part;
    smx_status status = part_of_losses(given, step, n, &part);
    return status == SMX_OK ? losses_f32(&part, false, rows, n, x, ldx, ce, opt) : status;
}

smx_status smx_part_maxima_f32(int round, size_t rows, size_t n, const float *x, size_t ldx,
                               const smx_cross_entropy_args_f32 *ce, const smx_part *part, const smx_options *opt) {
    return part_f32(step_of_round(round), rows, n, x, ldx, ce, part, opt);
}

smx_status smx_part_sums_f32(size_t rows, size_t n, const float *x, size_t ldx, const smx_cross_entropy_args_f32 *ce,
                             const smx_part *part, const smx_options *opt) {
    return part_f32(PART_ADD, rows, n, x, ldx, ce, part, opt);
}

smx_status smx_cross_entropy_part_f32(size_t rows, size_t n, const float *x, size_t ldx,
                                      const smx_cross_entropy_args_f32 *ce, const smx_part *part,
                                      const smx_options *opt) {
    return part_f32(PART_FINISH, rows, n, x, ldx, ce, part, opt);
}

static smx_status part_f64(enum part_step step, size_t rows, size_t n, const double *x, size_t ldx,
                           const smx_cross_entropy_args_f64 *ce, const smx_part *given, const smx_options *opt) {
    if (ce == NULL && step != PART_FINISH) {
        return share(DTYPE_F64, step, rows, n, rows_of(x, ldx), given, opt);
    }
    struct rows_part part;
    smx_status status = part_of_losses(given, step, n, &part);
    return status == SMX_OK ? losses_f64(&part, false, rows, n, x, ldx, ce, opt) : status;
}

smx_status smx_part_maxima_f64(int round, size_t rows, size_t n, const double *x, size_t ldx,
                               const smx_cross_entropy_args_f64 *ce, const smx_part *part, const smx_options *opt) {
    return part_f64(step_of_round(round), rows, n, x, ldx, ce, part, opt);
}

smx_status smx_part_sums_f64(size_t rows, size_t n, const double *x, size_t ldx, const smx_cross_entropy_args_f64 *ce,
                             const smx_part *part, const smx_options *opt) {
    return part_f64(PART_ADD, rows, n, x, ldx, ce, part, opt);
}

smx_status smx_cross_entropy_part_f64(size_t rows, size_t n, const double *x, size_t ldx,
                                      const smx_cross_entropy_args_f64 *ce, const smx_part *part,
                                      const smx_options *opt) {
    return part_f64(PART_FINISH, rows, n, x, ldx, ce, part, opt);
}
