/* Cross-entropy. The contract stands in smx/cross_entropy.h. */
#include "logits.h"

typedef struct NAME(smx_cross_entropy_args) cross_entropy;

struct ce_call {
    struct row_call base;
    const real *x;
    size_t ldx;
    cross_entropy ce;
    struct pair gradient;           /* dL/d(sum of the losses), for sum and mean */
    bool labels_alone;              /* nothing but labels makes the losses */
    smx_exact_sum *loss;            /* of the only piece, */
    struct exact_sum_shared losses; /* or of all */
};

static inline bool has_labels(const cross_entropy *ce) { return ce->labels_i32 != NULL || ce->labels_i64 != NULL; }

static inline int64_t label_of_row(const cross_entropy *ce, size_t k) {
    return ce->labels_i32 != NULL ? ce->labels_i32[k] : ce->labels_i64 != NULL ? ce->labels_i64[k] : -1;
}

static inline bool ignored(const cross_entropy *ce, size_t k) {
    return ce->use_ignore_index && has_labels(ce) && label_of_row(ce, k) == ce->ignore_index;
}

static inline real weight_of_row(const cross_entropy *ce, size_t k) {
    return has_labels(ce) && ce->class_weights != NULL ? ce->class_weights[label_of_row(ce, k)] : 1;
}

/* ---- Rows ---- */

static void ignored_row(const struct ce_call *c, size_t k) {
    const cross_entropy *ce = &c->ce;
    size_t n = c->base.n;
    if (ce->loss != NULL) {
        ce->loss[k] = 0;
    }
    if (ce->target_log_prob != NULL) {
        ce->target_log_prob[k] = 0;
    }
    if (ce->correct != NULL) {
        ce->correct[k] = 0;
    }
    if (ce->dx != NULL) {
        c->base.kernels->row_fill(n, FILL_ZERO, ce->dx + k * ce->lddx);
    }
}

/* What rows have whatever their label. */
static void write_statistics(const cross_entropy *ce, struct span rows, const struct NAME(smx_ce_result) * results) {
    for (size_t i = 0; ce->lse != NULL && i < rows.n; i++) {
        ce->lse[rows.from + i] = results[i].lse;
    }
    for (size_t i = 0; ce->argmax != NULL && i < rows.n; i++) {
        ce->argmax[rows.from + i] = results[i].argmax;
    }
}

/* What rows have that are not ignored, array by array: row by row, this took a sixth of the time at n = 10. */
static void write_losses(const cross_entropy *ce, struct span rows, const struct NAME(smx_ce_result) * results,
                         smx_exact_sum *loss) {
    for (size_t i = 0; ce->loss != NULL && i < rows.n; i++) {
        ce->loss[rows.from + i] = results[i].loss;
    }
    for (size_t i = 0; ce->target_log_prob != NULL && i < rows.n; i++) {
        ce->target_log_prob[rows.from + i] = results[i].target_log_prob;
    }
    for (size_t i = 0; ce->correct != NULL && i < rows.n; i++) {
        ce->correct[rows.from + i] = results[i].argmax == label_of_row(ce, rows.from + i);
    }
    for (size_t i = 0; (ce->reduced != NULL || ce->loss_sum != NULL) && i < rows.n; i++) {
        exact_sum_add(loss, (double)results[i].loss);
    }
}

/* Row k as the kernels take it. */
static struct NAME(smx_ce_row) ce_row_of(const struct ce_call *c, size_t k) {
    const cross_entropy *ce = &c->ce;
    const struct settings *settings = c->base.settings;
    size_t n = c->base.n;
    bool skip = ignored(ce, k);
    struct NAME(smx_ce_row) row = {.l = logits_of_row(settings, k, n, n == 0 ? NULL : c->x + k * c->ldx),
                                   .n = kept_entries(settings, k, n),
                                   .classes = n,
                                   .policy = settings->policy,
                                   .label = skip ? -1 : label_of_row(ce, k),
                                   .class_weights = ce->class_weights,
                                   .smoothing = ce->smoothing,
                                   .z_loss = ce->z_loss,
                                   .gradient = c->gradient};
    row.l.softcap = ce->softcap;
    if (ce->reduction == SMX_REDUCTION_NONE && ce->dloss != NULL) {
        row.gradient = pair_of((double)ce->dloss[k]);
    }
    if (!skip) {
        row.targets = ce->targets == NULL ? NULL : ce->targets + k * ce->ldt;
        row.dx = ce->dx == NULL ? NULL : ce->dx + k * ce->lddx;
        row.dtargets = ce->dtargets == NULL ? NULL : ce->dtargets + k * ce->lddt;
    }
    return row;
}

/* So many rows go to the kernels at once: what four of the widest vectors take in their lanes; and one of them, of rows
 * that are more than labels. */
#define CE_ROWS ((size_t)64)
#define CE_FULL_ROWS ((size_t)16)

/* The results of up to CE_FULL_ROWS rows. */
static void ce_full_rows(const struct ce_call *c, struct span run, struct NAME(smx_ce_result) * results) {
    const cross_entropy *ce = &c->ce;
    size_t n = c->base.n;
    struct NAME(smx_ce_row) rows[CE_FULL_ROWS];
    for (size_t i = 0; i < run.n; i++) {
        rows[i] = ce_row_of(c, run.from + i);
    }
    c->base.kernels->cross_entropy_rows(run.n, rows, c->ldx, ce->lddx, results);
    for (size_t i = 0; i < run.n; i++) {
        if (rows[i].dx != NULL) {
            fill_rest(c->base.kernels, n, rows[i].n, FILL_ZERO, rows[i].dx);
        }
        if (rows[i].dtargets != NULL) {
            fill_rest(c->base.kernels, n, rows[i].n, FILL_ZERO, rows[i].dtargets);
        }
    }
}

/* Of any number of rows. */
static void ce_results(const struct ce_call *c, struct span run, struct NAME(smx_ce_result) * results) {
    for (size_t done = 0; done < run.n; done += CE_FULL_ROWS) {
        size_t left = run.n - done;
        ce_full_rows(c, (struct span){run.from + done, left < CE_FULL_ROWS ? left : CE_FULL_ROWS}, results + done);
    }
}

/* The same, where labels are all there is, for as many rows as the kernels have a short way for; their number. */
static size_t ce_results_of_labels(const struct ce_call *c, struct span run, struct NAME(smx_ce_result) * results) {
    const cross_entropy *ce = &c->ce;
    struct NAME(smx_ce_labels) shared = {c->base.n,
                                         c->ldx,
                                         ce->lddx,
                                         c->gradient,
                                         ce->argmax != NULL || ce->correct != NULL,
                                         ce->lse == NULL && ce->argmax == NULL};
    int64_t made[CE_ROWS] = {0};
    bool given = ce->labels_i64 != NULL && !ce->use_ignore_index;
    for (size_t i = 0; i < run.n && !given; i++) {
        made[i] = ignored(ce, run.from + i) ? -1 : label_of_row(ce, run.from + i);
    }
    const int64_t *labels = given ? ce->labels_i64 + run.from : made;
    const real *x = c->base.n > 0 ? c->x + run.from * c->ldx : c->x; /* of no entries, which may be null */
    return c->base.kernels->cross_entropy_labels(run.n, &shared, x, labels,
                                                 ce->dx == NULL ? NULL : ce->dx + run.from * ce->lddx, results);
}

/* Whether nothing of a row is computed. */
static inline bool idle(const cross_entropy *ce, size_t k) {
    return ce->lse == NULL && ce->argmax == NULL && ignored(ce, k);
}

/* Up to CE_ROWS rows. */
static void ce_rows(const struct ce_call *c, struct span run, smx_exact_sum *loss) {
    const cross_entropy *ce = &c->ce;
    struct NAME(smx_ce_result) results[CE_ROWS];
    size_t done = c->labels_alone ? ce_results_of_labels(c, run, results) : 0;
    while (done < run.n) {
        size_t end = done;
        while (end < run.n && !idle(ce, run.from + end)) {
            end++;
        }
        if (end > done) {
            ce_results(c, (struct span){run.from + done, end - done}, results + done);
        }
        done = end + 1;
    }
    write_statistics(ce, run, results);
    for (size_t i = 0; i < run.n; i++) {
        size_t first = i;
        while (i < run.n && !ignored(ce, run.from + i)) {
            i++;
        }
        write_losses(ce, (struct span){run.from + first, i - first}, results + first, loss);
        if (i < run.n) {
            ignored_row(c, run.from + i);
        }
    }
}

static void ce_run_rows(const struct ce_call *c, struct span run, smx_exact_sum *loss) {
    while (run.n > 0) {
        struct span next = {run.from, run.n < CE_ROWS ? run.n : CE_ROWS};
        ce_rows(c, next, loss);
        run.from += next.n;
        run.n -= next.n;
    }
}

static void ce_task(void *data, size_t i) {
    struct ce_call *c = data;
    float_env caller = float_env_enter();
    struct span run = piece_of(c->base.rows, c->base.pieces, i);
    if (c->base.pieces == 1) {
        ce_run_rows(c, run, c->loss);
    } else {
        smx_exact_sum loss = {{0}, 0, 0, 0};
        ce_run_rows(c, run, &loss);
        exact_sum_share(&loss, &c->losses);
    }
    float_env_leave(caller);
}

/* ---- Reductions ---- */

/* The number and weight of the rows that count. */
static void weigh(const cross_entropy *ce, size_t rows, smx_exact_sum *weight, int64_t *count) {
    bool weighted = has_labels(ce) && ce->class_weights != NULL;
    *count = (int64_t)rows;
    for (size_t k = 0; k < rows && (weighted || ce->use_ignore_index); k++) {
        if (ignored(ce, k)) {
            --*count;
        } else if (weighted) {
            exact_sum_add(weight, (double)weight_of_row(ce, k));
        }
    }
    if (!weighted) {
        exact_sum_add(weight, (double)*count);
    }
}

/* A mean over a weight of 0 is NaN or 0 by policy, whatever the losses; so is its gradient. */
static struct pair reduced_gradient(const cross_entropy *ce, const smx_exact_sum *divisor) {
    struct pair gradient = pair_of(ce->dloss == NULL || ce->reduction == SMX_REDUCTION_NONE ? 1 : (double)*ce->dloss);
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

static real reduced(const cross_entropy *ce, const smx_exact_sum *loss, const smx_exact_sum *weight) {
    if (ce->reduction != SMX_REDUCTION_MEAN) {
        return real_of_sum(exact_sum_pair(loss));
    }
    bool empty = exact_sum_pair(weight).high == 0;
    return empty && ce->empty_mean == SMX_EMPTY_MEAN_ZERO ? 0 : clean((real)exact_sum_ratio(loss, weight));
}

/* Whether the rows are such as the kernels' cross_entropy_labels takes. */
static bool labels_alone(const struct ce_call *call) {
    const cross_entropy *ce = &call->ce;
    return settings_plain(call->base.settings) && has_labels(ce) && ce->targets == NULL && ce->class_weights == NULL &&
           ce->smoothing == 0 && ce->z_loss == 0 && ce->softcap == 0 &&
           !(ce->reduction == SMX_REDUCTION_NONE && ce->dloss != NULL) && fabs(call->gradient.high) < 0x1p29;
}

/* Whether anything is wanted that takes more than labels. */
static bool wants_rows(const cross_entropy *ce) {
    return ce->loss != NULL || ce->reduced != NULL || ce->lse != NULL || ce->target_log_prob != NULL ||
           ce->argmax != NULL || ce->correct != NULL || ce->dx != NULL || ce->dtargets != NULL || ce->loss_sum != NULL;
}

static void ce_run(struct ce_call *call) {
    const cross_entropy *ce = &call->ce;
    smx_exact_sum weight = {{0}, 0, 0, 0}, loss = weight;
    int64_t count;
    call->loss = &loss;
    float_env caller = float_env_enter();
    weigh(ce, call->base.rows, &weight, &count);
    const smx_exact_sum *divisor = ce->batch_weight != NULL ? ce->batch_weight : &weight;
    call->gradient = reduced_gradient(ce, divisor);
    call->labels_alone = labels_alone(call);
    float_env_leave(caller);
    if (call->base.rows != 0 && wants_rows(ce)) {
        call->base.pieces = smx_pieces(call->base.settings, call->base.rows, call->base.n + 1);
        smx_run_tasks(call->base.settings, call->base.pieces, ce_task, call);
    }
    if (call->base.pieces > 1) {
        loss = exact_sum_of_shared(&call->losses);
    }
    caller = float_env_enter();
    if (ce->count != NULL) {
        *ce->count = count;
    }
    if (ce->weight_sum != NULL) {
        exact_sum_merge(ce->weight_sum, &weight);
    }
    if (ce->loss_sum != NULL) {
        exact_sum_merge(ce->loss_sum, &loss);
    }
    if (ce->weight != NULL) {
        *ce->weight = real_of_sum(exact_sum_pair(&weight));
    }
    if (ce->reduced != NULL) {
        *ce->reduced = reduced(ce, &loss, divisor);
    }
    float_env_leave(caller);
}

#include "cross_entropy_checks.h"

smx_status NAME(smx_cross_entropy)(size_t rows, size_t n, const real *x, size_t ldx, const cross_entropy *ce,
                                   const smx_options *opt) {
    struct settings settings;
    struct ce_call call = {.base = {.settings = &settings, .rows = rows, .n = n}, .x = x, .ldx = ldx};
    smx_status status = begin(opt, &settings, &call.base.kernels);
    if (status == SMX_OK && (status = read_cross_entropy(ce, &call.ce)) == SMX_OK &&
        (status = check_cross_entropy(&call)) == SMX_OK) {
        ce_run(&call);
    }
    return status;
}
