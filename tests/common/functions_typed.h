/* The functions' own signatures behind that of functions.h. Included once for each type, with REAL, F(name), TABLE and
 * CROSS_ENTROPY_EVAL defined; no include guard for that reason. */

static smx_status softmax(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt) {
    (void)f;
    return F(smx_softmax)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, opt);
}

static smx_status softmax_backward(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt) {
    (void)f;
    return F(smx_softmax_backward)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, b[2].a, b[2].ld, opt);
}

static smx_status softmax_jacobian(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt) {
    (void)f;
    return F(smx_softmax_jacobian)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, n * b[1].ld, opt);
}

static smx_status log_softmax(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt) {
    (void)f;
    return F(smx_log_softmax)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, opt);
}

static smx_status log_softmax_backward(const function *f, size_t rows, size_t n, const block *b,
                                       const smx_options *opt) {
    (void)f;
    return F(smx_log_softmax_backward)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, b[2].a, b[2].ld, opt);
}

static smx_status logsumexp(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt) {
    (void)f;
    return F(smx_logsumexp)(rows, n, b[0].a, b[0].ld, b[1].a, opt);
}

static smx_status logsumexp_backward(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt) {
    (void)f;
    return F(smx_logsumexp_backward)(rows, n, b[0].a, b[0].ld, b[1].a, b[2].a, b[2].ld, opt);
}

static smx_status logsumexp_weighted(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt) {
    (void)f;
    return F(smx_logsumexp_weighted)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, b[2].a, b[3].a, opt);
}

static smx_status scale_gradient(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt) {
    (void)f;
    return F(smx_scale_gradient)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, b[2].a, opt);
}

static smx_status softcap_backward(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt) {
    (void)f;
    return F(smx_softcap_backward)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, b[2].a, b[2].ld, opt);
}

static smx_status sink_gradient(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt) {
    (void)f;
    return F(smx_sink_gradient)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, b[2].a, b[2].ld, b[3].a, opt);
}

static smx_status softmax_jvp(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt) {
    (void)f;
    return F(smx_softmax_jvp)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, b[2].a, b[2].ld, opt);
}

static smx_status log_softmax_jvp(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt) {
    (void)f;
    return F(smx_log_softmax_jvp)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, b[2].a, b[2].ld, opt);
}

static smx_status softmax_jacobian_product(const function *f, size_t rows, size_t n, const block *b,
                                           const smx_options *opt) {
    (void)f;
    return F(smx_softmax_jacobian_product)(rows, n, b[0].a, b[0].ld, VECTORS, b[1].a, b[1].ld, b[2].a, b[2].ld, opt);
}

static smx_status softmax_double_backward(const function *f, size_t rows, size_t n, const block *b,
                                          const smx_options *opt) {
    (void)f;
    return F(smx_softmax_double_backward)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, b[2].a, b[2].ld, b[3].a, b[3].ld,
                                          b[4].a, b[4].ld, opt);
}

static smx_status cross_entropy_hessian_product(const function *f, size_t rows, size_t n, const block *b,
                                                const smx_options *opt) {
    (void)f;
    return F(smx_cross_entropy_hessian_product)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, b[2].a, b[2].ld, opt);
}

static smx_status cross_entropy_hessian(const function *f, size_t rows, size_t n, const block *b,
                                        const smx_options *opt) {
    (void)f;
    return F(smx_cross_entropy_hessian)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, n * b[1].ld, opt);
}

static smx_status argmax(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt) {
    (void)f;
    return F(smx_argmax)(rows, n, b[0].a, b[0].ld, b[1].a, opt);
}

smx_status CROSS_ENTROPY_EVAL(size_t rows, size_t n, const void *x, size_t ldx, const cross_entropy *c,
                              const smx_options *opt) {
    F(smx_cross_entropy_args)
    ce = {
        .size = sizeof ce,
        .labels_i32 = c->labels_i32,
        .labels_i64 = c->labels_i64,
        .targets = c->targets,
        .ldt = c->ldt,
        .use_ignore_index = c->settings.use_ignore_index,
        .ignore_index = c->settings.ignore_index,
        .class_weights = c->class_weights,
        .smoothing = (REAL)c->settings.smoothing,
        .z_loss = (REAL)c->settings.z_loss,
        .softcap = (REAL)c->settings.softcap,
        .reduction = c->settings.reduction,
        .empty_mean = c->settings.empty_mean,
        .dloss = c->dloss,
        .loss = c->loss,
        .reduced = c->reduced,
        .lse = c->lse,
        .target_log_prob = c->target_log_prob,
        .argmax = c->argmax,
        .correct = c->correct,
        .count = c->count,
        .weight = c->weight,
        .dx = c->dx,
        .lddx = c->lddx,
        .dtargets = c->dtargets,
        .lddt = c->lddt,
        .bad_row = c->bad_row,
    };
    if (c->part) {
        int step = c->part->step;
        return step == STEP_FINISH ? F(smx_cross_entropy_part)(rows, n, x, ldx, &ce, &c->part->part, opt)
               : step == STEP_SUMS ? F(smx_part_sums)(rows, n, x, ldx, &ce, &c->part->part, opt)
                                   : F(smx_part_maxima)(step, rows, n, x, ldx, &ce, &c->part->part, opt);
    }
    return c->settings.log_probs ? F(smx_nll)(rows, n, x, ldx, &ce, opt)
                                 : F(smx_cross_entropy)(rows, n, x, ldx, &ce, opt);
}

static smx_status loss_step(const function *f, size_t rows, size_t n, const block *b, const part_call *part,
                            const smx_options *opt) {
    enum dtype labels = f->arguments[CE_LABELS].work;
    size_t bad_row;
    cross_entropy c = {
        .labels_i32 = labels == DTYPE_I32 ? b[CE_LABELS].a : NULL,
        .labels_i64 = labels == DTYPE_I64 ? b[CE_LABELS].a : NULL,
        .targets = b[CE_TARGETS].a,
        .ldt = b[CE_TARGETS].ld,
        .class_weights = b[CE_CLASS_WEIGHTS].a,
        .settings = f->ce,
        .dloss = b[CE_DLOSS].a,
        .loss = b[CE_LOSS].a,
        .reduced = b[CE_REDUCED].a,
        .lse = b[CE_LSE].a,
        .target_log_prob = b[CE_TARGET_LOG_PROB].a,
        .argmax = b[CE_ARGMAX].a,
        .correct = b[CE_CORRECT].a,
        .count = b[CE_COUNT].a,
        .weight = b[CE_WEIGHT].a,
        .dx = b[CE_DX].a,
        .lddx = b[CE_DX].ld,
        .dtargets = b[CE_DTARGETS].a,
        .lddt = b[CE_DTARGETS].ld,
        .bad_row = &bad_row,
        .part = part,
    };
    return CROSS_ENTROPY_EVAL(rows, n, b[CE_X].a, b[CE_X].ld, &c, opt);
}

static smx_status loss(const function *f, size_t rows, size_t n, const block *b, const smx_options *opt) {
    return loss_step(f, rows, n, b, NULL, opt);
}

smx_status PART_STEP(const function *f, size_t rows, size_t n, const block *b, const part_call *p,
                     const smx_options *opt) {
    if (is_loss(f)) {
        return loss_step(f, rows, n, b, p, opt);
    }
    if (p->step < STEP_SUMS) {
        return F(smx_part_maxima)(p->step, rows, n, b[0].a, b[0].ld, NULL, &p->part, opt);
    }
    if (p->step == STEP_SUMS) {
        return F(smx_part_sums)(rows, n, b[0].a, b[0].ld, NULL, &p->part, opt);
    }
    if (f->run == OPERATION_SOFTMAX) {
        return F(smx_softmax_part)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, &p->part, opt);
    }
    if (f->run == OPERATION_SOFTMAX_BACKWARD) {
        return F(smx_softmax_backward_part)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, b[2].a, b[2].ld, &p->part, opt);
    }
    if (f->run == OPERATION_LOGSUMEXP_WEIGHTED) {
        return F(smx_logsumexp_weighted_part)(rows, b[2].a, b[3].a, &p->part, opt);
    }
    return f->run == OPERATION_LOGSUMEXP
               ? F(smx_logsumexp_part)(rows, b[1].a, &p->part, opt)
               : F(smx_log_softmax_part)(rows, n, b[0].a, b[0].ld, b[1].a, b[1].ld, &p->part, opt);
}

const function_run TABLE[OPERATIONS] = {
    [OPERATION_SOFTMAX] = softmax,
    [OPERATION_SOFTMAX_BACKWARD] = softmax_backward,
    [OPERATION_SOFTMAX_JACOBIAN] = softmax_jacobian,
    [OPERATION_LOG_SOFTMAX] = log_softmax,
    [OPERATION_LOG_SOFTMAX_BACKWARD] = log_softmax_backward,
    [OPERATION_LOGSUMEXP] = logsumexp,
    [OPERATION_LOGSUMEXP_BACKWARD] = logsumexp_backward,
    [OPERATION_LOGSUMEXP_WEIGHTED] = logsumexp_weighted,
    [OPERATION_SCALE_GRADIENT] = scale_gradient,
    [OPERATION_SCALE_GRADIENT_ROWS] = scale_gradient,
    [OPERATION_SOFTCAP_BACKWARD] = softcap_backward,
    [OPERATION_SINK_GRADIENT] = sink_gradient,
    [OPERATION_SOFTMAX_JVP] = softmax_jvp,
    [OPERATION_LOG_SOFTMAX_JVP] = log_softmax_jvp,
    [OPERATION_SOFTMAX_JACOBIAN_PRODUCT] = softmax_jacobian_product,
    [OPERATION_SOFTMAX_DOUBLE_BACKWARD] = softmax_double_backward,
    [OPERATION_CROSS_ENTROPY_HESSIAN_PRODUCT] = cross_entropy_hessian_product,
    [OPERATION_CROSS_ENTROPY_HESSIAN] = cross_entropy_hessian,
    [OPERATION_ARGMAX] = argmax,
    [OPERATION_CROSS_ENTROPY] = loss,
    [OPERATION_CROSS_ENTROPY_REDUCED] = loss,
    [OPERATION_NLL] = loss,
    [OPERATION_NLL_REDUCED] = loss,
};
