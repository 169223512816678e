#include "../base/arithmetic.h"

#include "losses.h"

#include "../base/float_env.h"
#include "../base/refused.h"
#include "part_rows.h"

#include <math.h>

static bool given(const struct array *a, int i) { return a[i].data != NULL; }

static double number(enum dtype real, const struct array *a, int i, size_t k) {
    const void *data = a[i].data;
    return real == DTYPE_F64 ? ((const double *)data)[k] : (double)((const float *)data)[k];
}

/* ---- Checks ---- */

const struct operation *smx_cross_entropy_operation(bool log_probs, smx_reduction reduction) {
    static const enum operation_number numbers[2][2] = {{OPERATION_CROSS_ENTROPY, OPERATION_CROSS_ENTROPY_REDUCED},
                                                        {OPERATION_NLL, OPERATION_NLL_REDUCED}};
    return &smx_operations[numbers[log_probs][reduction != SMX_REDUCTION_NONE]];
}

/* The field that log-probabilities have no use for; null if there is none. */
static const char *wrong_for_log_probs(const struct cross_entropy *ce, const struct array *a) {
    return !ce->log_probs         ? NULL
           : given(a, CE_TARGETS) ? "targets"
           : given(a, CE_LSE)     ? "lse"
           : ce->smoothing != 0   ? "smoothing"
           : ce->z_loss != 0      ? "z_loss"
           : ce->softcap != 0     ? "softcap"
                                  : NULL;
}

/* The field that makes targets of any kind too few or too many, or goes with the other kind; null if there is none. */
static const char *wrong_targets(const struct cross_entropy *ce, const struct array *a) {
    if (given(a, CE_LABELS)) {
        return given(a, CE_TARGETS) ? "targets" : given(a, CE_DTARGETS) ? "dtargets" : NULL;
    }
    return !given(a, CE_TARGETS)          ? "labels"
           : given(a, CE_TARGET_LOG_PROB) ? "target_log_prob"
           : given(a, CE_CORRECT)         ? "correct"
           : ce->use_ignore_index != 0    ? "use_ignore_index"
                                          : NULL;
}

/* Also for NaN, which is in no range. */
static bool within(double value, double low, double high) { return low <= value && value <= high; }

/* The number or choice that is none of those allowed; null if there is none. */
static const char *unusable_value(const struct cross_entropy *ce, enum dtype real) {
    if (ce->use_ignore_index != 0 && ce->use_ignore_index != 1) {
        return "use_ignore_index";
    }
    if (!within(ce->smoothing, 0, 1)) {
        return "smoothing";
    }
    if (!within(ce->z_loss, 0, real == DTYPE_F64 ? DBL_MAX : (double)FLT_MAX)) {
        return "z_loss";
    }
    if (ce->softcap != 0 && !within(ce->softcap, 0x1p-10, 0x1p15)) {
        return "softcap";
    }
    if (ce->reduction != SMX_REDUCTION_NONE && ce->reduction != SMX_REDUCTION_SUM &&
        ce->reduction != SMX_REDUCTION_MEAN) {
        return "reduction";
    }
    return ce->empty_mean != SMX_EMPTY_MEAN_NAN && ce->empty_mean != SMX_EMPTY_MEAN_ZERO ? "empty_mean" : NULL;
}

/* The field that the reduction has no use for; null if there is none. */
static const char *wrong_reduction(const struct cross_entropy *ce, const struct array *a) {
    if (ce->reduction == SMX_REDUCTION_NONE && given(a, CE_REDUCED)) {
        return "reduced";
    }
    return ce->reduction != SMX_REDUCTION_MEAN && given(a, CE_BATCH_WEIGHT) ? "batch_weight" : NULL;
}

smx_status smx_cross_entropy_check_fields(const struct cross_entropy *ce, const struct array *a, enum dtype real) {
    const char *wrong = wrong_for_log_probs(ce, a);
    wrong = wrong != NULL ? wrong : wrong_targets(ce, a);
    wrong = wrong != NULL ? wrong : unusable_value(ce, real);
    wrong = wrong != NULL ? wrong : wrong_reduction(ce, a);
    return wrong == NULL ? SMX_OK : smx_refuse(SMX_ERROR_OPTION, wrong);
}

smx_status smx_cross_entropy_check_weights(const struct array *a, enum dtype real, size_t n) {
    for (size_t c = 0; given(a, CE_CLASS_WEIGHTS) && c < n; c++) {
        if (!within(number(real, a, CE_CLASS_WEIGHTS, c), 0, real == DTYPE_F64 ? DBL_MAX : (double)FLT_MAX)) {
            return smx_refuse(SMX_ERROR_OPTION, "class_weights");
        }
    }
    return SMX_OK;
}

static smx_status check_labels(const struct cross_entropy *ce, const struct array *a, size_t rows, size_t n) {
    for (size_t k = 0; k < rows && given(a, CE_LABELS); k++) {
        int64_t label = label_of_row(ce, a, k);
        bool no_class = (label < 0) | ((uint64_t)label >= n); /* which labels are ignored is hard to predict */
        if (no_class & !label_is_ignored(ce, label)) {
            if (ce->bad_row != NULL) {
                *ce->bad_row = k;
            }
            return smx_refuse(SMX_ERROR_LABEL, ce->labels_name);
        }
    }
    return SMX_OK;
}

/* ---- Reductions ---- */

smx_status smx_cross_entropy_weigh(const struct cross_entropy *ce, const struct array *a, enum dtype real, size_t rows,
                                   size_t n, smx_exact_sum *weight, int64_t *count) {
    smx_status status = check_labels(ce, a, rows, n);
    if (status != SMX_OK) {
        return status;
    }
    bool wanted = ce->reduction == SMX_REDUCTION_MEAN || given(a, CE_WEIGHT) || given(a, CE_WEIGHT_SUM);
    bool weighted = wanted && given(a, CE_LABELS) && given(a, CE_CLASS_WEIGHTS);
    int64_t counted = (int64_t)rows;
    size_t added = 0;
    for (size_t k = 0; k < rows && (weighted || ce->use_ignore_index != 0); k++) {
        bool ignored = row_is_ignored(ce, a, k);
        counted -= ignored;
        if (weighted && !ignored) {
            exact_sum_add(weight, number(real, a, CE_CLASS_WEIGHTS, (size_t)label_of_row(ce, a, k)));
            if (++added % EXACT_SUM_ADDITIONS == 0) {
                exact_sum_carry(weight);
            }
        }
    }
    if (!weighted) {
        exact_sum_add(weight, (double)counted);
    }
    *count += counted;
    return SMX_OK;
}

/* A mean over a weight of 0 is NaN or 0 by policy, whatever the losses; so is its gradient. */
static struct pair gradient_of(const struct cross_entropy *ce, const struct array *a, enum dtype real,
                               const smx_exact_sum *divisor) {
    bool one = !given(a, CE_DLOSS) || ce->reduction == SMX_REDUCTION_NONE;
    struct pair gradient = pair_of(one ? 1 : number(real, a, CE_DLOSS, 0));
    if (ce->reduction != SMX_REDUCTION_MEAN) {
        return gradient;
    }
    struct pair weight = exact_sum_pair(divisor);
    if (weight.high != 0) {
        return pair_div(gradient, weight);
    }
    bool zero = ce->empty_mean == SMX_EMPTY_MEAN_ZERO && isfinite(gradient.high);
    return pair_of(zero ? 0 : (double)NAN);
}

void smx_cross_entropy_prepare(struct cross_entropy *ce, const struct array *a, enum dtype real, bool plain,
                               const smx_exact_sum *weight) {
    ce->gradient = gradient_of(ce, a, real, weight);
    ce->labels_alone = plain && given(a, CE_LABELS) && !given(a, CE_CLASS_WEIGHTS) && ce->smoothing == 0 &&
                       ce->z_loss == 0 && ce->softcap == 0 &&
                       !(ce->reduction == SMX_REDUCTION_NONE && given(a, CE_DLOSS)) && fabs(ce->gradient.high) < 0x1p29;
}

static void store(enum dtype real, void *array, double value) {
    value = isnan(value) ? (double)NAN : value + 0;
    if (real == DTYPE_F64) {
        *(double *)array = value;
    } else {
        *(float *)array = (float)value;
    }
}

void smx_store_sum(enum dtype real, void *array, const smx_exact_sum *sum) {
    struct pair value = exact_sum_pair(sum);
    store(real, array, real == DTYPE_F64 ? value.high : rounded_to_odd(value));
}

void smx_cross_entropy_total(const struct cross_entropy *ce, const struct array *a, enum dtype real,
                             const struct totals *totals) {
    if (given(a, CE_COUNT)) {
        *(int64_t *)a[CE_COUNT].data = totals->count;
    }
    if (given(a, CE_WEIGHT)) {
        smx_store_sum(real, a[CE_WEIGHT].data, totals->weight);
    }
    if (!given(a, CE_REDUCED)) {
        return;
    }
    if (ce->reduction != SMX_REDUCTION_MEAN) {
        smx_store_sum(real, a[CE_REDUCED].data, totals->loss);
        return;
    }
    bool empty = exact_sum_pair(totals->divisor).high == 0;
    bool zero = empty && ce->empty_mean == SMX_EMPTY_MEAN_ZERO;
    store(real, a[CE_REDUCED].data, zero ? 0 : exact_sum_ratio(totals->loss, totals->divisor));
}

/* ---- The whole way ---- */

/* Whether anything is wanted that takes more than labels. */
static bool wants_rows(const struct array *a) {
    return given(a, CE_LOSS) || given(a, CE_REDUCED) || given(a, CE_LSE) || given(a, CE_TARGET_LOG_PROB) ||
           given(a, CE_ARGMAX) || given(a, CE_CORRECT) || given(a, CE_DX) || given(a, CE_DTARGETS) ||
           given(a, CE_LOSS_SUM);
}

static smx_status check(struct rows_request *r, const struct cross_entropy *ce, struct rows_run *run) {
    float_env caller = float_env_enter();
    smx_status status = smx_cross_entropy_check_fields(ce, r->array, r->real);
    if (status == SMX_OK && (status = smx_rows_check(r, run)) == SMX_OK) {
        status = smx_cross_entropy_check_weights(r->array, r->real, smx_row_length(r));
    }
    if (status == SMX_OK && r->part != NULL) {
        status = smx_part_check(r, &run->options, true);
    }
    float_env_leave(caller);
    return status;
}

smx_status smx_cross_entropy_rows(struct rows_request *r, struct cross_entropy *ce) {
    const struct array *a = r->array;
    smx_exact_sum weight = {{0}, 0, 0, 0}, loss = weight;
    int64_t count = 0;
    struct rows_run run;
    r->operation = smx_cross_entropy_operation(ce->log_probs, ce->reduction);
    r->labels = ce->labels;
    smx_status status = check(r, ce, &run);
    if (status != SMX_OK) {
        return status;
    }
    if (ce->softcap != 0 && (run.options.given & OPTION_SOFTCAP) != 0) {
        return smx_refuse(SMX_ERROR_OPTION, "softcap");
    }
    const smx_exact_sum *divisor = given(a, CE_BATCH_WEIGHT) ? a[CE_BATCH_WEIGHT].data : &weight;
    float_env caller = float_env_enter();
    status = smx_cross_entropy_weigh(ce, a, r->real, r->rows, smx_row_length(r), &weight, &count);
    if (status == SMX_OK) {
        smx_cross_entropy_prepare(ce, a, r->real, run.call.plain, divisor);
    }
    float_env_leave(caller);
    if (status != SMX_OK) {
        return status;
    }
    run.call.ce = ce;
    if (r->part != NULL && r->part->step != PART_FINISH) {
        run.idle = false;
        smx_rows_run(&run);
        return SMX_OK;
    }
    run.call.sum = &loss;
    if (wants_rows(a)) {
        smx_rows_run(&run);
    }
    caller = float_env_enter();
    if (given(a, CE_WEIGHT_SUM)) {
        exact_sum_merge(a[CE_WEIGHT_SUM].data, &weight);
    }
    if (given(a, CE_LOSS_SUM)) {
        exact_sum_merge(a[CE_LOSS_SUM].data, &loss);
    }
    const struct totals totals = {&loss, &weight, divisor, count};
    smx_cross_entropy_total(ce, a, r->real, &totals);
    float_env_leave(caller);
    return SMX_OK;
}
