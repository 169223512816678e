/* The row functions of one type behind the one signature that calls on tensors have. */
#include "../groups.h"
#include "../refused.h"
#include "cross_entropy.h"
#include "rows_table.h"
#include "stage.h"

/* The arguments of row functions that are a matrix, and its stride. */
#define MATRIX(i) b[i].data, b[i].ld

#define ROWS_OF_TWO(name)                                                                                      \
    static smx_status name(const struct call *c, size_t rows, const struct block *b, const smx_options *opt) { \
        return NAME(smx_##name)(rows, c->n, MATRIX(0), MATRIX(1), opt);                                        \
    }
#define ROWS_OF_THREE(name)                                                                                    \
    static smx_status name(const struct call *c, size_t rows, const struct block *b, const smx_options *opt) { \
        return NAME(smx_##name)(rows, c->n, MATRIX(0), MATRIX(1), MATRIX(2), opt);                             \
    }

ROWS_OF_TWO(softmax_columns)
ROWS_OF_TWO(log_softmax_columns)
ROWS_OF_TWO(softmax)
ROWS_OF_THREE(softmax_backward)
ROWS_OF_TWO(log_softmax)
ROWS_OF_THREE(log_softmax_backward)
ROWS_OF_THREE(softmax_jvp)
ROWS_OF_THREE(log_softmax_jvp)
ROWS_OF_THREE(cross_entropy_hessian_product)

static smx_status softmax_jacobian(const struct call *c, size_t rows, const struct block *b, const smx_options *opt) {
    return NAME(smx_softmax_jacobian)(rows, c->n, MATRIX(0), MATRIX(1), b[1].matrix, opt);
}

static smx_status cross_entropy_hessian(const struct call *c, size_t rows, const struct block *b,
                                        const smx_options *opt) {
    return NAME(smx_cross_entropy_hessian)(rows, c->n, MATRIX(0), MATRIX(1), b[1].matrix, opt);
}

static smx_status logsumexp(const struct call *c, size_t rows, const struct block *b, const smx_options *opt) {
    return NAME(smx_logsumexp)(rows, c->n, MATRIX(0), b[1].data, opt);
}

static smx_status logsumexp_backward(const struct call *c, size_t rows, const struct block *b, const smx_options *opt) {
    return NAME(smx_logsumexp_backward)(rows, c->n, MATRIX(0), b[1].data, MATRIX(2), opt);
}

static smx_status logsumexp_weighted(const struct call *c, size_t rows, const struct block *b, const smx_options *opt) {
    size_t ldb = b[1].single ? 0 : b[1].ld;
    return NAME(smx_logsumexp_weighted)(rows, c->n, MATRIX(0), b[1].data, ldb, b[2].data, b[3].data, opt);
}

static smx_status softmax_double_backward(const struct call *c, size_t rows, const struct block *b,
                                          const smx_options *opt) {
    return NAME(smx_softmax_double_backward)(rows, c->n, MATRIX(0), MATRIX(1), MATRIX(2), MATRIX(3), MATRIX(4), opt);
}

/* ---- The gradient of a scale, one a row or one for all ---- */

static smx_status scale_gradient(const struct call *c, size_t rows, const struct block *b, const smx_options *opt) {
    return NAME(smx_scale_gradient)(rows, c->n, MATRIX(0), MATRIX(1), b[2].data, opt);
}

static smx_status scale_gradient_group(const struct call *c, size_t rows, const struct block *b, const smx_options *opt,
                                       void *sums) {
    return NAME(smx_scale_gradient_rows)(rows, c->n, MATRIX(0), MATRIX(1), opt, sums);
}

/* Of all pieces of the work. */
static smx_exact_sum merged(size_t pieces, const unsigned char *sums, size_t apart) {
    smx_exact_sum all = {{0}, 0, 0, 0};
    for (size_t i = 0; i < pieces; i++) {
        exact_sum_merge(&all, (const smx_exact_sum *)(const void *)(sums + i * apart));
    }
    return all;
}

static void scale_gradient_finish(const struct call *c, const struct block *b, size_t pieces, const unsigned char *sums,
                                  size_t apart) {
    (void)c;
    real *dscale = b[2].data;
    smx_exact_sum sum = merged(pieces, sums, apart);
    *dscale = NAME(smx_total)(&sum);
}

/* ---- Cross-entropy ---- */

/* What the row function is told, but for `reduced`, count and weight of groups: their blocks have none. */
static NAME(smx_cross_entropy_args) problem_of(const struct call *c, const struct block *b) {
    const struct cross_entropy_parameters *p = c->parameters;
    NAME(smx_cross_entropy_args)
    ce = {.size = sizeof ce,
          .labels_i64 = b[CE_LABELS].data,
          .targets = b[CE_TARGETS].data,
          .ldt = b[CE_TARGETS].ld,
          .use_ignore_index = p->given.use_ignore_index,
          .ignore_index = p->given.ignore_index,
          .class_weights = b[CE_CLASS_WEIGHTS].data,
          .smoothing = NAME(p->smoothing),
          .z_loss = NAME(p->z_loss),
          .softcap = NAME(p->softcap),
          .reduction = p->given.reduction,
          .empty_mean = p->given.empty_mean,
          .dloss = b[CE_DLOSS].data,
          .loss = b[CE_LOSS].data,
          .reduced = b[CE_REDUCED].data,
          .lse = b[CE_LSE].data,
          .target_log_prob = b[CE_TARGET_LOG_PROB].data,
          .argmax = b[CE_ARGMAX].data,
          .correct = b[CE_CORRECT].data,
          .count = b[CE_COUNT].data,
          .weight = b[CE_WEIGHT].data,
          .dx = b[CE_DX].data,
          .lddx = b[CE_DX].ld,
          .dtargets = b[CE_DTARGETS].data,
          .lddt = b[CE_DTARGETS].ld};
    return ce;
}

static smx_status cross_entropy(const struct call *c, size_t rows, const struct block *b, const smx_options *opt) {
    NAME(smx_cross_entropy_args) ce = problem_of(c, b);
    return NAME(smx_cross_entropy)(rows, c->n, MATRIX(CE_X), &ce, opt);
}

/* The labels in C order, so that the first bad one is found; some at a time. */
static smx_status weigh_labels(const struct call *c, NAME(smx_cross_entropy_args) ce, smx_exact_sum *weight,
                               int64_t *count, size_t *bad_row) {
    int64_t labels[256];
    size_t rows = smx_call_rows(c), bad = 0;
    ce.labels_i64 = labels;
    ce.bad_row = &bad;
    for (size_t first = 0; first < rows; first += 256) {
        size_t some = rows - first < 256 ? rows - first : 256;
        smx_stage(c, &c->operand[OPERANDS_OF_OPTIONS + CE_LABELS], first, some, (unsigned char *)labels);
        smx_status status = NAME(smx_cross_entropy_weigh)(some, c->n, &ce, weight, count);
        if (status != SMX_OK) {
            if (bad_row != NULL) {
                *bad_row = first + bad;
            }
            return smx_refuse(status, "labels");
        }
    }
    return SMX_OK;
}

static smx_status cross_entropy_begin(const struct call *c, struct cross_entropy_parameters *p) {
    NAME(p->smoothing) = (real)p->given.smoothing;
    NAME(p->z_loss) = (real)p->given.z_loss;
    NAME(p->softcap) = (real)p->given.softcap;
    struct block b[OPERANDS_MAX] = {{0}};
    _Alignas(8) total_memory totals;
    for (int i = 0; i < OPERANDS_MAX; i++) { /* for what is given and what is not */
        b[i].data = c->operand[i].given ? c->operand[i].data : NULL;
    }
    smx_stage_totals(c, b, totals);
    NAME(smx_cross_entropy_args) ce = problem_of(c, b + OPERANDS_OF_OPTIONS);
    smx_status status = NAME(smx_cross_entropy_check)(c->n, &ce);
    if (status == SMX_OK) {
        status = ce.labels_i64 != NULL
                     ? weigh_labels(c, ce, &p->weight, &p->count, p->given.bad_row)
                     : NAME(smx_cross_entropy_weigh)(smx_call_rows(c), c->n, &ce, &p->weight, &p->count);
    }
    if (status == SMX_OK) {
        p->gradient = NAME(smx_cross_entropy_gradient)(&ce, &p->weight);
    }
    return status;
}

static smx_status cross_entropy_group(const struct call *c, size_t rows, const struct block *b, const smx_options *opt,
                                      void *sums) {
    NAME(smx_cross_entropy_args) ce = problem_of(c, b);
    const struct cross_entropy_parameters *p = c->parameters;
    real wanted;
    ce.reduced = c->operand[OPERANDS_OF_OPTIONS + CE_REDUCED].given ? &wanted : NULL;
    return NAME(smx_cross_entropy_rows)(rows, c->n, MATRIX(CE_X), &ce, p->gradient, opt, sums);
}

static void cross_entropy_finish(const struct call *c, const struct block *b, size_t pieces, const unsigned char *sums,
                                 size_t apart) {
    NAME(smx_cross_entropy_args) ce = problem_of(c, b);
    const struct cross_entropy_parameters *p = c->parameters;
    if (ce.reduced != NULL) {
        smx_exact_sum loss = merged(pieces, sums, apart);
        *ce.reduced = NAME(smx_cross_entropy_reduced)(&ce, &loss, &p->weight);
    }
    if (ce.weight != NULL) {
        *ce.weight = NAME(smx_total)(&p->weight);
    }
    if (ce.count != NULL) {
        *ce.count = p->count;
    }
}

const struct rows_table NAME(smx_rows) = {
    .softmax_columns = softmax_columns,
    .log_softmax_columns = log_softmax_columns,
    .softmax = softmax,
    .softmax_backward = softmax_backward,
    .softmax_jacobian = softmax_jacobian,
    .softmax_jvp = softmax_jvp,
    .softmax_double_backward = softmax_double_backward,
    .log_softmax = log_softmax,
    .log_softmax_backward = log_softmax_backward,
    .log_softmax_jvp = log_softmax_jvp,
    .logsumexp = logsumexp,
    .logsumexp_backward = logsumexp_backward,
    .logsumexp_weighted = logsumexp_weighted,
    .scale_gradient = scale_gradient,
    .scale_gradient_totals = {sizeof(smx_exact_sum), scale_gradient_group, scale_gradient_finish},
    .cross_entropy = cross_entropy,
    .cross_entropy_begin = cross_entropy_begin,
    .cross_entropy_totals = {sizeof(smx_exact_sum), cross_entropy_group, cross_entropy_finish},
    .cross_entropy_hessian = cross_entropy_hessian,
    .cross_entropy_hessian_product = cross_entropy_hessian_product,
};
