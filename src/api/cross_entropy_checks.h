/* The checks of cross-entropy's many arguments. */

/* Whether a real lies in [low, high], without comparing floats in the caller's environment. */
static bool between(real a, real low, real high) {
    return !is_nan(a) && place_of(low) <= place_of(a) && place_of(a) <= place_of(high);
}

/* Copies what the caller's struct has; what this version does not know must be zero. */
static smx_status read_cross_entropy(const cross_entropy *given, cross_entropy *full) {
    if (given == NULL) {
        return SMX_ERROR_NULL;
    }
    return smx_read_sized(given, given->size, full, sizeof *full) ? SMX_OK : SMX_ERROR_OPTION;
}

static bool fields_make_sense(const cross_entropy *ce) {
    int given = (ce->labels_i32 != NULL) + (ce->labels_i64 != NULL) + (ce->targets != NULL);
    bool labels = has_labels(ce);
    real largest = LARGEST_REAL;
    return given == 1 && (labels || (ce->target_log_prob == NULL && ce->correct == NULL && !ce->use_ignore_index)) &&
           (!labels || ce->dtargets == NULL) && (ce->use_ignore_index == 0 || ce->use_ignore_index == 1) &&
           between(ce->smoothing, 0, 1) && between(ce->z_loss, 0, largest) &&
           (place_of(ce->softcap) == 0 || between(ce->softcap, (real)0x1p-10, (real)0x1p15)) &&
           (ce->reduction == SMX_REDUCTION_NONE || ce->reduction == SMX_REDUCTION_SUM ||
            ce->reduction == SMX_REDUCTION_MEAN) &&
           (ce->empty_mean == SMX_EMPTY_MEAN_NAN || ce->empty_mean == SMX_EMPTY_MEAN_ZERO) &&
           !(ce->reduction == SMX_REDUCTION_NONE && ce->reduced != NULL) &&
           !(ce->reduction != SMX_REDUCTION_MEAN && ce->batch_weight != NULL);
}

static smx_status check_labels(const cross_entropy *ce, size_t rows, size_t n) {
    for (size_t k = 0; k < rows && has_labels(ce); k++) {
        int64_t label = label_of_row(ce, k);
        if (!ignored(ce, k) && (label < 0 || (uint64_t)label >= n)) {
            if (ce->bad_row != NULL) {
                *ce->bad_row = k;
            }
            return SMX_ERROR_LABEL;
        }
    }
    return SMX_OK;
}

static smx_status check_weights(const cross_entropy *ce, size_t n) {
    for (size_t c = 0; ce->class_weights != NULL && c < n; c++) {
        if (!between(ce->class_weights[c], 0, LARGEST_REAL)) {
            return SMX_ERROR_OPTION;
        }
    }
    return SMX_OK;
}

static struct matrix numbers_of(const void *data, size_t n, size_t size) {
    struct matrix a = {data, 1, n, n, size};
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
    struct matrix x = matrix_of(call->x, rows, n, call->ldx), dx = matrix_of(ce->dx, rows, n, ce->lddx);
    struct arrays in = {.count = 0}, out = {.count = 0};
    add_array(&in, x);
    add_array(&in, numbers_of(ce->labels_i32, rows, sizeof(int32_t)));
    add_array(&in, numbers_of(ce->labels_i64, rows, sizeof(int64_t)));
    add_array(&in, matrix_of(ce->targets, rows, n, ce->ldt));
    add_array(&in, numbers_of(ce->class_weights, n, sizeof(real)));
    add_array(&in, numbers_of(ce->dloss, ce->reduction == SMX_REDUCTION_NONE ? rows : 1, sizeof(real)));
    add_array(&out, dx);
    add_array(&in, numbers_of(ce->batch_weight, 1, sizeof(smx_exact_sum)));
    add_array(&out, matrix_of(ce->dtargets, rows, n, ce->lddt));
    add_array(&out, numbers_of(ce->loss, rows, sizeof(real)));
    add_array(&out, numbers_of(ce->reduced, 1, sizeof(real)));
    add_array(&out, numbers_of(ce->lse, rows, sizeof(real)));
    add_array(&out, numbers_of(ce->target_log_prob, rows, sizeof(real)));
    add_array(&out, numbers_of(ce->argmax, rows, sizeof(int64_t)));
    add_array(&out, numbers_of(ce->correct, rows, 1));
    add_array(&out, numbers_of(ce->count, 1, sizeof(int64_t)));
    add_array(&out, numbers_of(ce->weight, 1, sizeof(real)));
    add_array(&out, numbers_of(ce->weight_sum, 1, sizeof(smx_exact_sum)));
    add_array(&out, numbers_of(ce->loss_sum, 1, sizeof(smx_exact_sum)));
    smx_status status = SMX_OK;
    for (size_t i = 0; i < in.count && status == SMX_OK; i++) {
        status = check_matrix(in.array[i]);
    }
    for (size_t i = 0; i < out.count && status == SMX_OK; i++) {
        status = check_matrix(out.array[i]);
        if (status == SMX_OK && rows != 0 && n != 0) {
            status = check_apart_from_options(out.array[i], call->base.settings, rows, n);
        }
        for (size_t j = 0; j < in.count && status == SMX_OK; j++) {
            bool in_place = i == 0 && j == 0 && ce->dx != NULL && matrix_same(out.array[i], in.array[j]);
            status = !in_place && matrix_overlap(out.array[i], in.array[j]) ? SMX_ERROR_OVERLAP : SMX_OK;
        }
        for (size_t j = 0; j < i && status == SMX_OK; j++) {
            status = matrix_overlap(out.array[i], out.array[j]) ? SMX_ERROR_OVERLAP : SMX_OK;
        }
    }
    return status;
}

static smx_status check_cross_entropy(const struct ce_call *call) {
    const cross_entropy *ce = &call->ce;
    size_t rows = call->base.rows, n = call->base.n;
    if (!fields_make_sense(ce)) {
        return SMX_ERROR_OPTION;
    }
    if (rows != 0 && n != 0 && call->x == NULL) {
        return SMX_ERROR_NULL;
    }
    smx_status status = check_arrays(call);
    if (status == SMX_OK && rows != 0 && n != 0) {
        status = check_logits(call->base.settings, rows, n);
    }
    if (status == SMX_OK && (status = check_weights(ce, n)) == SMX_OK) {
        status = check_labels(ce, rows, n);
    }
    return status;
}
