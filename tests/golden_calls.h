/* The call that each case stands for. Included once for each type, with REAL and F(name) defined; no include guard for
 * that reason. */

static REAL F(number)(const golden_case *c, golden_array a) {
    return c->array[a] ? *(const REAL *)c->array[a] : (REAL)0;
}

static smx_status F(call_cross_entropy)(const golden_case *c, const smx_options *opt, REAL *out) {
    int64_t label = (int64_t)F(number)(c, GOLDEN_LABEL);
    F(smx_cross_entropy_args)
    ce = {.size = sizeof ce,
          .class_weights = c->array[GOLDEN_CLASS_WEIGHTS],
          .smoothing = F(number)(c, GOLDEN_SMOOTHING),
          .z_loss = F(number)(c, GOLDEN_Z_LOSS),
          .softcap = F(number)(c, GOLDEN_SOFTCAP),
          .dloss = c->array[GOLDEN_DLOSS],
          .loss = out,
          .lse = out + 1,
          .dx = out + 2,
          .lddx = c->n};
    if (c->function == GOLDEN_CROSS_ENTROPY) {
        ce.labels_i64 = &label;
        ce.target_log_prob = out + 2 + c->n;
    } else {
        ce.targets = c->array[GOLDEN_TARGETS];
        ce.ldt = c->n;
        ce.dtargets = out + 2 + c->n;
        ce.lddt = c->n;
    }
    return F(smx_cross_entropy)(1, c->n, c->array[GOLDEN_X], c->n, &ce, opt);
}

static smx_status F(call_nll)(const golden_case *c, const smx_options *opt, REAL *out) {
    int64_t label = (int64_t)F(number)(c, GOLDEN_LABEL);
    F(smx_cross_entropy_args)
    ce = {.size = sizeof ce,
          .labels_i64 = &label,
          .class_weights = c->array[GOLDEN_CLASS_WEIGHTS],
          .dloss = c->array[GOLDEN_DLOSS],
          .loss = out,
          .dx = out + 1,
          .lddx = c->n,
          .target_log_prob = out + 1 + c->n};
    return F(smx_nll)(1, c->n, c->array[GOLDEN_Y], c->n, &ce, opt);
}

static smx_status F(call_argmax)(const golden_case *c, const smx_options *opt, REAL *out) {
    int64_t place = 0;
    smx_status status = F(smx_argmax)(1, c->n, c->array[GOLDEN_X], c->n, &place, opt);
    *out = (REAL)place;
    return status;
}

static smx_status F(call)(const golden_case *c, const smx_options *opt, REAL *out) {
    size_t n = c->n;
    void *const *a = c->array;
    switch (c->function) {
    case GOLDEN_SOFTMAX:
        return F(smx_softmax)(1, n, a[GOLDEN_X], n, out, n, opt);
    case GOLDEN_BACKWARD:
        return F(smx_softmax_backward)(1, n, a[GOLDEN_Y], n, a[GOLDEN_DY], n, out, n, opt);
    case GOLDEN_JACOBIAN:
        return F(smx_softmax_jacobian)(1, n, a[GOLDEN_Y], n, out, n, n * n, opt);
    case GOLDEN_LOG_SOFTMAX:
        return F(smx_log_softmax)(1, n, a[GOLDEN_X], n, out, n, opt);
    case GOLDEN_LOG_SOFTMAX_BACKWARD:
        return F(smx_log_softmax_backward)(1, n, a[GOLDEN_Y], n, a[GOLDEN_DY], n, out, n, opt);
    case GOLDEN_LOGSUMEXP:
        return F(smx_logsumexp)(1, n, a[GOLDEN_X], n, out, opt);
    case GOLDEN_LOGSUMEXP_BACKWARD:
        return F(smx_logsumexp_backward)(1, n, a[GOLDEN_X], n, a[GOLDEN_DLSE], out, n, opt);
    case GOLDEN_LOGSUMEXP_WEIGHTED:
        return F(smx_logsumexp_weighted)(1, n, a[GOLDEN_X], n, a[GOLDEN_B], n, out, out + 1, opt);
    case GOLDEN_SCALE_GRADIENT:
        return F(smx_scale_gradient)(1, n, a[GOLDEN_X], n, a[GOLDEN_DX], n, out, opt);
    case GOLDEN_CROSS_ENTROPY:
    case GOLDEN_CROSS_ENTROPY_DENSE:
        return F(call_cross_entropy)(c, opt, out);
    case GOLDEN_SOFTMAX_JVP:
        return F(smx_softmax_jvp)(1, n, a[GOLDEN_Y], n, a[GOLDEN_V], n, out, n, opt);
    case GOLDEN_LOG_SOFTMAX_JVP:
        return F(smx_log_softmax_jvp)(1, n, a[GOLDEN_Y], n, a[GOLDEN_V], n, out, n, opt);
    case GOLDEN_DOUBLE_BACKWARD:
        return F(smx_softmax_double_backward)(1, n, a[GOLDEN_Y], n, a[GOLDEN_DY], n, a[GOLDEN_DDX], n, out, n, out + n,
                                              n, opt);
    case GOLDEN_HESSIAN_PRODUCT:
        return F(smx_cross_entropy_hessian_product)(1, n, a[GOLDEN_X], n, a[GOLDEN_V], n, out, n, opt);
    case GOLDEN_HESSIAN:
        return F(smx_cross_entropy_hessian)(1, n, a[GOLDEN_X], n, out, n, n * n, opt);
    case GOLDEN_NLL:
        return F(call_nll)(c, opt, out);
    case GOLDEN_ARGMAX:
        return F(call_argmax)(c, opt, out);
    case GOLDEN_SOFTCAP_BACKWARD:
        return F(smx_softcap_backward)(1, n, a[GOLDEN_X], n, a[GOLDEN_DZ], n, out, n, opt);
    case GOLDEN_SINK_GRADIENT:
        return F(smx_sink_gradient)(1, n, a[GOLDEN_X], n, a[GOLDEN_Y], n, a[GOLDEN_DY], n, out, opt);
    case GOLDEN_FUNCTIONS:
    default:
        return SMX_ERROR_OPTION;
    }
}
