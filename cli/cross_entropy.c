/* smx cross-entropy and smx nll: loss and gradients, of logits and of log-probabilities. The library sees a tile of
 * rows at a time, as a piece of the batch: what a mean is divided by is known before the first, and the sums are exact,
 * so that the bits are those of one call. */
#include "cross_entropy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "message.h"

static bool reduces(const settings *set) { return set->reduction != SMX_REDUCTION_NONE; }
static bool reduces_not(const settings *set) { return !reduces(set); }

static double number_at(const row_call *c, const void *numbers, size_t i) {
    return c->real == NPY_F4 ? (double)((const float *)numbers)[i] : ((const double *)numbers)[i];
}

/* ---- Before the first tile: labels, and what they weigh ---------------------------------------------------------- */

static int check(const settings *set, const input *source) {
    static const setting label_only[] = {SET_LOG_PROB, SET_CORRECT, SET_IGNORE_INDEX};
    const char *targets = source[TARGETS].array.name;
    bool labels = source[TARGETS].fit == FIT_ROWS;
    if (labels) {
        if (set->text[SET_GRAD_TARGETS] != NULL)
            return complain_usage(set->who, "--grad-targets needs dense targets, and %s has labels", targets);
    } else {
        for (size_t i = 0; i < sizeof label_only / sizeof *label_only; i++) {
            if (set->text[label_only[i]] != NULL)
                return complain_usage(set->who, "--%s needs labels, which are integers, and %s has dense targets",
                                      setting_table[label_only[i]].name, targets);
        }
    }
    if (set->text[SET_DLOSS] != NULL && set->text[SET_GRAD] == NULL && set->text[SET_GRAD_TARGETS] == NULL)
        return complain_usage(set->who, "--dloss needs --grad%s", labels ? "" : " or --grad-targets");
    return EXIT_OK;
}

static bool check_class_weights(const row_call *c) {
    totals *t = c->state;
    if (t->weights_checked || c->in[CLASS_WEIGHTS] == NULL)
        return true;
    t->weights_checked = true;
    for (size_t i = 0; i < c->n; i++) {
        double weight = number_at(c, c->in[CLASS_WEIGHTS], i);
        if (isfinite(weight) && weight >= 0)
            continue;
        complain(c->source[CLASS_WEIGHTS].array.name, "the weight of class %zu is %g, not finite and 0 or more", i,
                 weight);
        return false;
    }
    return true;
}

static bool is_ignored(const settings *set, int64_t label) {
    return set->text[SET_IGNORE_INDEX] != NULL && label == set->ignore_index;
}

/* A negative label is most likely what another tool ignores by itself. */
static void refuse_label(const row_call *c, size_t row, int64_t label) {
    char hint[80] = "";
    if (label < 0 && c->set->text[SET_IGNORE_INDEX] == NULL)
        snprintf(hint, sizeof hint, "; --ignore-index %lld leaves such rows out", (long long)label);
    complain(c->source[TARGETS].array.name, "the label of row %zu is %lld, no class: there are %zu, from 0%s",
             space_c_order(c->space, c->first + row), (long long)label, c->n, hint);
}

static bool take_label(const row_call *c, size_t row, int64_t label) {
    totals *t = c->state;
    if (is_ignored(c->set, label))
        return true;
    if (label < 0 || (uint64_t)label >= c->n) {
        refuse_label(c, row, label);
        return false;
    }
    double weight = c->in[CLASS_WEIGHTS] == NULL ? 1 : number_at(c, c->in[CLASS_WEIGHTS], (size_t)label);
    t->count++;
    return smx_exact_sum_add_f64(&t->weight_sum, 1, &weight) == SMX_OK;
}

static bool survey(const row_call *c) {
    totals *t = c->state;
    if (!check_class_weights(c))
        return false;
    if (!has_labels(c)) {
        double rows = (double)c->rows;
        t->count += c->rows;
        return smx_exact_sum_add_f64(&t->weight_sum, 1, &rows) == SMX_OK;
    }
    const int64_t *labels = c->in[TARGETS];
    for (size_t r = 0; r < c->rows; r++) {
        if (!take_label(c, r, labels[r]))
            return false;
    }
    return true;
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------- */

/* A number of the arithmetic's type. */
typedef union number {
    float f32;
    double f64;
} number;

static smx_status value_of(const row_call *c, const smx_exact_sum *sum, double *value) {
    number rounded;
    smx_status status = ROW_CALL(c, smx_exact_sum_value, sum, (void *)&rounded);
    *value = number_at(c, &rounded, 0);
    return status;
}

#define REAL float
#define NAME(name) name##_f32
#include "cross_entropy_template.h"
#undef REAL
#undef NAME
#define REAL double
#define NAME(name) name##_f64
#include "cross_entropy_template.h"

static smx_status evaluate(const row_call *c, bool log_probs) {
    totals *t = c->state;
    smx_status status = ROW_CALL(c, evaluate, c, log_probs);
    for (size_t r = 0; status == SMX_OK && has_labels(c) && r < c->rows; r++)
        t->correct += ((const uint8_t *)c->out[CORRECT])[r];
    return status;
}

static smx_status cross_entropy(const row_call *c) { return evaluate(c, false); }
static smx_status nll(const row_call *c) { return evaluate(c, true); }

/* ---- After the last ---------------------------------------------------------------------------------------------- */

static smx_status finish(const row_call *c) {
    totals *t = c->state;
    number loss = {0};
    smx_status status = value_of(c, &t->weight_sum, &t->weight);
    bool mean = c->set->reduction == SMX_REDUCTION_MEAN;
    if (status == SMX_OK && !(mean && t->weight == 0 && c->set->empty_mean == SMX_EMPTY_MEAN_ZERO))
        status = mean ? ROW_CALL(c, smx_exact_sum_ratio, &t->loss_sum, &t->weight_sum, (void *)&loss)
                      : ROW_CALL(c, smx_exact_sum_value, &t->loss_sum, (void *)&loss);
    t->reduced_loss = number_at(c, &loss, 0);
    if (c->out[REDUCED_LOSS] != NULL)
        memcpy(c->out[REDUCED_LOSS], &loss, npy_item_size(c->real));
    return status;
}

/* ---- Commands ---------------------------------------------------------------------------------------------------- */

/* What both do. A result whose option a command does not take is never asked for. */
#define LOSS_OPERATION(fit_of_targets, dtypes_of_targets, evaluate_rows)                                             \
    &(const row_operation) {                                                                                         \
        .source = {[LOGITS] = {.fit = FIT_SAME},                                                                     \
                   [TARGETS] = {.fit = (fit_of_targets), .dtypes = (dtypes_of_targets)},                             \
                   [CLASS_WEIGHTS] = {.fit = FIT_CLASSES, .from = SET_CLASS_WEIGHTS},                                \
                   [DLOSS] = {.fit = FIT_ROWS, .from = SET_DLOSS}},                                                  \
        .result = {[ROW_LOSS] = {.extent = EXTENT_ROWS, .always = true, .allowed = reduces_not},                     \
                   [REDUCED_LOSS] = {.extent = EXTENT_ONE, .allowed = reduces},                                      \
                   [GRAD] = {.extent = EXTENT_SAME, .to = SET_GRAD},                                                 \
                   [GRAD_TARGETS] = {.extent = EXTENT_SAME, .to = SET_GRAD_TARGETS},                                 \
                   [LSE] = {.extent = EXTENT_ROWS, .to = SET_LSE},                                                   \
                   [LOG_PROB] = {.extent = EXTENT_ROWS, .to = SET_LOG_PROB},                                         \
                   [ARGMAX] = {.extent = EXTENT_ROWS, .to = SET_ARGMAX, .dtype = NPY_I8},                            \
                   [CORRECT] = {.extent = EXTENT_ROWS, .to = SET_CORRECT, .dtype = NPY_BOOL, .always = true}},       \
        .rows = (evaluate_rows), .check = check, .survey = survey, .finish = finish, .report = cross_entropy_report, \
        .state_bytes = sizeof(totals)                                                                                \
    }

#define SETS_LOSS                                                                                                  \
    (SETS_ARRAY | SET(SET_GRAD) | SET(SET_LOG_PROB) | SET(SET_ARGMAX) | SET(SET_CORRECT) | SET(SET_IGNORE_INDEX) | \
     SET(SET_CLASS_WEIGHTS) | SET(SET_REDUCTION) | SET(SET_EMPTY_MEAN) | SET(SET_DLOSS))

#define TEXT_OF_LOSS                                                                            \
    "The loss is an exact sum over the rows: the same bits in any order. -o writes it: one\n"   \
    "number of shape (), or with --reduction none one for each row. Nothing is printed if an\n" \
    "output is '-'.\n"

const command cross_entropy_command = {
    .name = "cross-entropy",
    .summary = "cross-entropy of logits: loss, accuracy, gradients",
    .arguments = "X.npy TARGETS.npy [OPTION...]",
    .text = "Prints the cross-entropy of the logits X, how many rows count, and the accuracy; writes\n"
            "what the options ask for, all in one pass over X. TARGETS has a label for each row (any\n"
            "integers, the shape of X without the axis), or is dense (f2, bf16, f4 or f8, the shape\n"
            "of X). With z = scale x + mask, weights w of the classes and smoothing E, a row's loss is\n"
            "\n"
            "    (1 - E) w_t (-log p_t) + (E / n) sum_c w_c (-log p_c) + C lse^2     for a label t\n"
            "    sum_c T_c w_c (-log p_c) + C lse^2,  T_c = (1 - E) target_c + E / n\n"
            "\n"
            "with p = softmax(z), lse = logsumexp(z). With dense targets a mean is the sum divided by\n"
            "the number of rows, also where there are class weights.\n" TEXT_OF_LOSS,
    .example = "smx cross-entropy X.npy LABELS.npy --ignore-index -100 --grad DX.npy",
    .inputs = 2,
    .settings = SETS_LOSS | SETS_X | SETS_POLICIES | SET(SET_GRAD_TARGETS) | SET(SET_LSE) | SET(SET_SMOOTHING) |
                SET(SET_Z_LOSS),
    .operation = LOSS_OPERATION(FIT_SAME, NPY_REALS | NPY_INTEGERS, cross_entropy),
};

const command nll_command = {
    .name = "nll",
    .summary = "negative log-likelihood of log-probabilities: loss, accuracy, gradient",
    .arguments = "LOGP.npy LABELS.npy [OPTION...]",
    .text = "Prints the negative log-likelihood of labels under the log-probabilities LOGP, which\n"
            "'smx log-softmax' writes, how many rows count, and the accuracy; writes what the options\n"
            "ask for. LABELS has a label for each row (any integers, the shape of LOGP without the\n"
            "axis). With weights w of the classes, the loss of a row with label t is\n"
            "\n"
            "    -w_t logp_t\n"
            "\n"
            "The other entries of a row count for argmax and accuracy alone.\n" TEXT_OF_LOSS,
    .example = "smx nll LOGP.npy LABELS.npy --ignore-index -100 --grad DLOGP.npy",
    .inputs = 2,
    .settings = SETS_LOSS,
    .operation = LOSS_OPERATION(FIT_ROWS, NPY_INTEGERS, nll),
};
