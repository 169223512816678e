/* The call of the library for a tile of smx cross-entropy or smx nll; cross_entropy.c includes it for each type, REAL,
 * whose functions are called NAME(name). */

static smx_status NAME(evaluate)(const row_call *c, bool log_probs) {
    const settings *set = c->set;
    totals *t = c->state;
    bool labels = has_labels(c);
    const NAME(smx_cross_entropy_args) ce = {
        .size = sizeof ce,
        .labels_i64 = labels ? c->in[TARGETS] : NULL,
        .targets = labels ? NULL : c->in[TARGETS],
        .ldt = labels ? 0 : c->n,
        .use_ignore_index = set->text[SET_IGNORE_INDEX] != NULL,
        .ignore_index = set->ignore_index,
        .class_weights = c->in[CLASS_WEIGHTS],
        .smoothing = (REAL)set->smoothing,
        .z_loss = (REAL)set->z_loss,
        .reduction = set->reduction,
        .empty_mean = set->empty_mean,
        .dloss = c->in[DLOSS],
        .batch_weight = set->reduction == SMX_REDUCTION_MEAN ? &t->weight_sum : NULL,
        .loss_sum = &t->loss_sum,
        .loss = c->out[ROW_LOSS],
        .lse = c->out[LSE],
        .target_log_prob = c->out[LOG_PROB],
        .argmax = c->out[ARGMAX],
        .correct = labels ? c->out[CORRECT] : NULL,
        .dx = c->out[GRAD],
        .lddx = c->out[GRAD] == NULL ? 0 : c->n,
        .dtargets = c->out[GRAD_TARGETS],
        .lddt = c->out[GRAD_TARGETS] == NULL ? 0 : c->n,
    };
    return log_probs ? NAME(smx_nll)(c->rows, c->n, c->in[LOGITS], c->n, &ce, c->options)
                     : NAME(smx_cross_entropy)(c->rows, c->n, c->in[LOGITS], c->n, &ce, c->options);
}
