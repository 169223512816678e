/* The checks of cross-entropy's many arguments. */

/* Whether a real lies in [low, high], without comparing floats in the caller's environment. */
static bool between(real a, real low, real high) {
    return !is_nan(a) && place_of(low) <= place_of(a) && place_of(a) <= place_of(high);
}

/* Copies what the caller's struct has; what this version does not know must be zero. */
static smx_status read_cross_entropy(const cross_entropy *given, cross_entropy *full) {
    if (given == NULL) {
        return smx_refuse(SMX_ERROR_NULL, "ce");
    }
    return smx_read_sized(given, given->size, full, sizeof *full) ? SMX_OK : smx_refuse(SMX_ERROR_OPTION, "size");
}

/* The field that makes targets of any kind too few or too many; null if there is exactly one. */
static const char *wrong_targets(const cross_entropy *ce) {
    if (ce->targets != NULL) {
        return has_labels(ce) ? "targets" : NULL;
    }
    return ce->labels_i32 == NULL && ce->labels_i64 == NULL   ? "labels"
           : ce->labels_i32 != NULL && ce->labels_i64 != NULL ? "labels_i64"
                                                              : NULL;
}

/* The field that goes with the other kind of targets; null if there is none. */
static const char *field_of_other_targets(const cross_entropy *ce) {
    if (has_labels(ce)) {
        return ce->dtargets != NULL ? "dtargets" : NULL;
    }
    return ce->target_log_prob != NULL ? "target_log_prob"
           : ce->correct != NULL       ? "correct"
           : ce->use_ignore_index      ? "use_ignore_index"
                                       : NULL;
}

/* The number or choice that is none of those allowed; null if there is none. */
static const char *unusable_value(const cross_entropy *ce) {
    if (ce->use_ignore_index != 0 && ce->use_ignore_index != 1) {
        return "use_ignore_index";
    }
    if (!between(ce->smoothing, 0, 1)) {
        return "smoothing";
    }
    if (!between(ce->z_loss, 0, LARGEST_REAL)) {
        return "z_loss";
    }
    if (place_of(ce->softcap) != 0 && !between(ce->softcap, (real)0x1p-10, (real)0x1p15)) {
        return "softcap";
    }
    if (ce->reduction != SMX_REDUCTION_NONE && ce->reduction != SMX_REDUCTION_SUM &&
        ce->reduction != SMX_REDUCTION_MEAN) {
        return "reduction";
    }
    return ce->empty_mean != SMX_EMPTY_MEAN_NAN && ce->empty_mean != SMX_EMPTY_MEAN_ZERO ? "empty_mean" : NULL;
}

/* The field that the reduction has no use for; null if there is none. */
static const char *field_of_other_reduction(const cross_entropy *ce) {
    if (ce->reduction == SMX_REDUCTION_NONE && ce->reduced != NULL) {
        return "reduced";
    }
    return ce->reduction != SMX_REDUCTION_MEAN && ce->batch_weight != NULL ? "batch_weight" : NULL;
}

/* What the fields are by themselves and beside each other. */
static smx_status check_fields(const cross_entropy *ce) {
    const char *wrong = wrong_targets(ce);
    wrong = wrong != NULL ? wrong : field_of_other_targets(ce);
    wrong = wrong != NULL ? wrong : unusable_value(ce);
    wrong = wrong != NULL ? wrong : field_of_other_reduction(ce);
    return wrong == NULL ? SMX_OK : smx_refuse(SMX_ERROR_OPTION, wrong);
}

static smx_status check_labels(const cross_entropy *ce, size_t rows, size_t n) {
    for (size_t k = 0; k < rows && has_labels(ce); k++) {
        int64_t label = label_of_row(ce, k);
        if (!ignored(ce, k) && (label < 0 || (uint64_t)label >= n)) {
            if (ce->bad_row != NULL) {
                *ce->bad_row = k;
            }
            return smx_refuse(SMX_ERROR_LABEL, ce->labels_i32 != NULL ? "labels_i32" : "labels_i64");
        }
    }
    return SMX_OK;
}

static smx_status check_weights(const cross_entropy *ce, size_t n) {
    for (size_t c = 0; ce->class_weights != NULL && c < n; c++) {
        if (!between(ce->class_weights[c], 0, LARGEST_REAL)) {
            return smx_refuse(SMX_ERROR_OPTION, "class_weights");
        }
    }
    return SMX_OK;
}

static struct matrix numbers_of(const void *data, size_t n, size_t size, const char *name) {
    struct matrix a = {data, 1, n, n, size, name, name};
    return a;
}

#define ARRAYS_MAX 13

struct arrays {
    struct matrix array[ARRAYS_MAX];
    size_t count;
};

static void add_array(struct arrays *arrays, struct matrix a) {
    if (a.data != NULL && a.rows != 0 && a.n != 0) {
        arrays->array[arrays->count++] = a;
    }
}

/* Outputs must not overlap inputs, options or each other; but dx may be x. */
static smx_status check_arrays(const struct ce_call *call) {
    const cross_entropy *ce = &call->ce;
    size_t rows = call->base.rows, n = call->base.n;
    struct matrix x = matrix_of(call->x, rows, n, call->ldx, "x", "ldx");
    struct matrix dx = matrix_of(ce->dx, rows, n, ce->lddx, "dx", "lddx");
    struct arrays in = {.count = 0}, out = {.count = 0};
    add_array(&in, x);
    add_array(&in, numbers_of(ce->labels_i32, rows, sizeof(int32_t), "labels_i32"));
    add_array(&in, numbers_of(ce->labels_i64, rows, sizeof(int64_t), "labels_i64"));
    add_array(&in, matrix_of(ce->targets, rows, n, ce->ldt, "targets", "ldt"));
    add_array(&in, numbers_of(ce->class_weights, n, sizeof(real), "class_weights"));
    add_array(&in, numbers_of(ce->dloss, ce->reduction == SMX_REDUCTION_NONE ? rows : 1, sizeof(real), "dloss"));
    add_array(&out, dx);
    add_array(&in, numbers_of(ce->batch_weight, 1, sizeof(smx_exact_sum), "batch_weight"));
    add_array(&out, matrix_of(ce->dtargets, rows, n, ce->lddt, "dtargets", "lddt"));
    add_array(&out, numbers_of(ce->loss, rows, sizeof(real), "loss"));
    add_array(&out, numbers_of(ce->reduced, 1, sizeof(real), "reduced"));
    add_array(&out, numbers_of(ce->lse, rows, sizeof(real), "lse"));
    add_array(&out, numbers_of(ce->target_log_prob, rows, sizeof(real), "target_log_prob"));
    add_array(&out, numbers_of(ce->argmax, rows, sizeof(int64_t), "argmax"));
    add_array(&out, numbers_of(ce->correct, rows, 1, "correct"));
    add_array(&out, numbers_of(ce->count, 1, sizeof(int64_t), "count"));
    add_array(&out, numbers_of(ce->weight, 1, sizeof(real), "weight"));
    add_array(&out, numbers_of(ce->weight_sum, 1, sizeof(smx_exact_sum), "weight_sum"));
    add_array(&out, numbers_of(ce->loss_sum, 1, sizeof(smx_exact_sum), "loss_sum"));
    smx_status status = SMX_OK;
    for (size_t i = 0; i < in.count && status == SMX_OK; i++) {
        status = check_matrix(&in.array[i]);
    }
    for (size_t i = 0; i < out.count && status == SMX_OK; i++) {
        status = check_matrix(&out.array[i]);
        if (status == SMX_OK && rows != 0 && n != 0) {
            status = check_apart_from_options(&out.array[i], call->base.settings, rows, n);
        }
        for (size_t j = 0; j < in.count && status == SMX_OK; j++) {
            bool in_place = i == 0 && j == 0 && ce->dx != NULL && matrix_same(&out.array[i], &in.array[j]);
            status = in_place ? SMX_OK : check_apart(&out.array[i], &in.array[j]);
        }
        for (size_t j = 0; j < i && status == SMX_OK; j++) {
            status = check_apart(&out.array[i], &out.array[j]);
        }
    }
    return status;
}

static smx_status check_cross_entropy(const struct ce_call *call) {
    const cross_entropy *ce = &call->ce;
    size_t rows = call->base.rows, n = call->base.n;
    smx_status status = check_fields(ce);
    if (status != SMX_OK) {
        return status;
    }
    if (rows != 0 && n != 0 && call->x == NULL) {
        return smx_refuse(SMX_ERROR_NULL, "x");
    }
    status = check_arrays(call);
    if (status == SMX_OK && rows != 0 && n != 0) {
        status = check_logits(call->base.settings, rows, n);
    }
    if (status == SMX_OK && (status = check_weights(ce, n)) == SMX_OK) {
        status = check_labels(ce, rows, n);
    }
    return status;
}
