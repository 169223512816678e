/* Cross-entropy and negative log-likelihood over tensors. The contract stands in smx/tensor.h. */
#include "../base/arithmetic.h"

#include "../rows/losses.h"

#include "../base/attributes.h"
#include "../base/float_env.h"
#include "../base/refused.h"
#include "call_options.h"
#include "layout.h"
#include "move.h"
#include "run_call.h"
#include "scratch.h"
#include "stage.h"

#include <string.h>

static void read_tensors(const DLTensor *x, const smx_tensor_cross_entropy_args *ce, const DLTensor **tensor) {
    const DLTensor *const all[TENSORS_MAX] = {
        [CE_X] = x,
        [CE_LABELS] = ce->labels,
        [CE_TARGETS] = ce->targets,
        [CE_CLASS_WEIGHTS] = ce->class_weights,
        [CE_DLOSS] = ce->dloss,
        [CE_LOSS] = ce->loss,
        [CE_REDUCED] = ce->reduced,
        [CE_LSE] = ce->lse,
        [CE_TARGET_LOG_PROB] = ce->target_log_prob,
        [CE_ARGMAX] = ce->argmax,
        [CE_CORRECT] = ce->correct,
        [CE_COUNT] = ce->count,
        [CE_WEIGHT] = ce->weight,
        [CE_DX] = ce->dx,
        [CE_DTARGETS] = ce->dtargets,
    };
    memcpy(tensor, all, sizeof all);
}

/* A number of the caller's, rounded to the type of the arithmetic. */
static double rounded(enum dtype real, double value) { return real == DTYPE_F64 ? value : (double)(float)value; }

static struct cross_entropy problem_of(bool log_probs, const smx_tensor_cross_entropy_args *given, enum dtype real) {
    struct cross_entropy problem = {.log_probs = log_probs,
                                    .labels_name = "labels",
                                    .labels = DTYPE_I64,
                                    .use_ignore_index = given->use_ignore_index,
                                    .ignore_index = given->ignore_index,
                                    .smoothing = rounded(real, given->smoothing),
                                    .z_loss = rounded(real, given->z_loss),
                                    .softcap = rounded(real, given->softcap),
                                    .reduction = given->reduction,
                                    .empty_mean = given->empty_mean,
                                    .bad_row = given->bad_row};
    return problem;
}

/* Class weights as an array of the type of the arithmetic: labels look them up. Scratch memory to free, or `small`. */
static void *pack_class_weights(struct call *c, unsigned char *small, size_t small_bytes) {
    struct operand *o = &c->operand[OPERANDS_OF_OPTIONS + CE_CLASS_WEIGHTS];
    struct block block;
    if (!o->given || c->n == 0 || smx_layout_block(o, 1, 0, &block)) {
        return small;
    }
    size_t size = dtype_size(o->work);
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

/* What all rows share: totals, class weights; and, of everything else, whether it is given. */
static void shared_arrays(struct call *c, struct array a[CE_ARGUMENTS]) {
    memset(a, 0, CE_ARGUMENTS * sizeof *a);
    for (int i = 0; i < CE_TENSORS; i++) {
        const struct operand *o = &c->operand[OPERANDS_OF_OPTIONS + i];
        if (o->given) {
            a[i].data = o->form == FORM_TOTAL ? c->total[i] : o->data;
        }
    }
}

enum { SOME_LABELS = 256 };

/* Number and weight of the rows that count. Labels go in C order, some at a time, so that the first bad one is found.
 * Not inlined, or they would stay on the stack while rows are computed. */
NOT_INLINE static smx_status weigh(const struct call *c, const struct cross_entropy *given, const struct array *a,
                                   smx_exact_sum *weight, int64_t *count) {
    int64_t labels[SOME_LABELS];
    struct array some[CE_ARGUMENTS];
    struct cross_entropy ce = *given;
    size_t rows = smx_call_rows(c), bad = 0;
    memcpy(some, a, sizeof some);
    if (a[CE_LABELS].data == NULL) {
        return smx_cross_entropy_weigh(&ce, a, c->real, rows, c->n, weight, count);
    }
    some[CE_LABELS].data = labels;
    ce.bad_row = &bad;
    for (size_t first = 0; first < rows; first += SOME_LABELS) {
        size_t n = rows - first < SOME_LABELS ? rows - first : SOME_LABELS;
        smx_exact_sum more = {{0}, 0, 0, 0};
        smx_stage(c, &c->operand[OPERANDS_OF_OPTIONS + CE_LABELS], first, n, (unsigned char *)labels);
        smx_status status = smx_cross_entropy_weigh(&ce, some, c->real, n, c->n, &more, count);
        if (status != SMX_OK) {
            if (given->bad_row != NULL) {
                *given->bad_row = first + bad;
            }
            return status;
        }
        exact_sum_merge(weight, &more);
    }
    return SMX_OK;
}

/* Of a call that is prepared, with class weights as an array. */
static smx_status run(struct call *c, struct cross_entropy *ce) {
    struct array a[CE_ARGUMENTS];
    smx_exact_sum weight = {{0}, 0, 0, 0}, loss = weight;
    int64_t count = 0;
    float_env caller = float_env_enter();
    smx_stage_totals(c);
    shared_arrays(c, a);
    smx_status status = smx_cross_entropy_check_fields(ce, a, c->real);
    if (status == SMX_OK && (status = smx_cross_entropy_check_weights(a, c->real, c->n)) == SMX_OK &&
        (status = weigh(c, ce, a, &weight, &count)) == SMX_OK) {
        smx_cross_entropy_prepare(ce, a, c->real, smx_options_given(c) == 0, &weight);
    }
    float_env_leave(caller);
    if (status != SMX_OK) {
        return status;
    }
    c->ce = ce;
    c->sum = &loss;
    if ((status = smx_call_run(c)) == SMX_OK) {
        caller = float_env_enter();
        smx_cross_entropy_total(ce, a, c->real, &(struct totals){&loss, &weight, &weight, count});
        smx_unstage_totals(c);
        float_env_leave(caller);
    }
    return status;
}

/* Of a call that is prepared. */
static smx_status pack_and_run(struct call *c, struct cross_entropy *ce) {
    _Alignas(8) unsigned char small[2048];
    float_env caller = float_env_enter();
    void *class_weights = pack_class_weights(c, small, sizeof small);
    float_env_leave(caller);
    if (class_weights == NULL) {
        return smx_refuse(SMX_ERROR_MEMORY, "");
    }
    smx_status status = run(c, ce);
    if (class_weights != small) {
        smx_scratch_free(class_weights);
    }
    return status;
}

static smx_status losses(bool log_probs, const DLTensor *x, int axis, const smx_tensor_cross_entropy_args *ce,
                         const smx_tensor_options *opt) {
    smx_tensor_cross_entropy_args given;
    const DLTensor *tensor[TENSORS_MAX];
    struct call call;
    if (ce == NULL) {
        return smx_refuse(SMX_ERROR_NULL, "ce");
    }
    if (!smx_read_sized(ce, ce->size, &given, sizeof given)) {
        return smx_refuse(SMX_ERROR_OPTION, "size");
    }
    read_tensors(x, &given, tensor);
    const struct operation *operation = smx_cross_entropy_operation(log_probs, given.reduction);
    const struct tensor_request request = {operation, NULL, tensor, axis, opt};
    smx_status status = smx_call_prepare(&request, &call);
    if (status != SMX_OK) {
        return status;
    }
    if (given.softcap != 0 && (smx_options_given(&call) & OPTION_SOFTCAP) != 0) {
        return smx_refuse(SMX_ERROR_OPTION, "softcap");
    }
    float_env caller = float_env_enter();
    struct cross_entropy problem = problem_of(log_probs, &given, call.real);
    float_env_leave(caller);
    return pack_and_run(&call, &problem);
}

smx_status smx_cross_entropy(const DLTensor *x, int axis, const smx_tensor_cross_entropy_args *ce,
                             const smx_tensor_options *opt) {
    return losses(false, x, axis, ce, opt);
}

smx_status smx_nll(const DLTensor *x, int axis, const smx_tensor_cross_entropy_args *ce,
                   const smx_tensor_options *opt) {
    return losses(true, x, axis, ce, opt);
}
