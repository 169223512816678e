/* Functions with totals over all rows, for rows that come in groups: ../groups.h. Callers are in the library's
 * floating-point environment, and have checked the arrays. */
#include "../groups.h"

smx_status NAME(smx_cross_entropy_check)(size_t n, const cross_entropy *ce) {
    smx_status status = check_fields(ce);
    return status == SMX_OK ? check_weights(ce, n) : status;
}

smx_status NAME(smx_cross_entropy_weigh)(size_t rows, size_t n, const cross_entropy *ce, smx_exact_sum *weight,
                                         int64_t *count) {
    smx_status status = check_labels(ce, rows, n);
    if (status != SMX_OK) {
        return status;
    }
    smx_exact_sum more = {{0}, 0, 0, 0};
    int64_t counted;
    weigh(ce, rows, &more, &counted);
    exact_sum_merge(weight, &more);
    *count += counted;
    return SMX_OK;
}

struct pair NAME(smx_cross_entropy_gradient)(const cross_entropy *ce, const smx_exact_sum *weight) {
    return reduced_gradient(ce, weight);
}

smx_status NAME(smx_cross_entropy_rows)(size_t rows, size_t n, const real *x, size_t ldx, const cross_entropy *ce,
                                        struct pair gradient, const smx_options *opt, smx_exact_sum *loss) {
    struct settings settings;
    struct ce_call call = {
        .base = {.settings = &settings, .rows = rows, .n = n}, .x = x, .ldx = ldx, .ce = *ce, .gradient = gradient};
    smx_exact_sum more = {{0}, 0, 0, 0};
    smx_status status = begin(opt, &settings, &call.base.kernels);
    if (status == SMX_OK) {
        call.labels_alone = labels_alone(&call);
        ce_run_rows(&call, (struct span){0, rows}, &more);
    }
    exact_sum_merge(loss, &more);
    return status;
}

real NAME(smx_cross_entropy_reduced)(const cross_entropy *ce, const smx_exact_sum *loss, const smx_exact_sum *weight) {
    return reduced(ce, loss, weight);
}

smx_status NAME(smx_scale_gradient_rows)(size_t rows, size_t n, const real *x, size_t ldx, const real *dx, size_t lddx,
                                         const smx_options *opt, smx_exact_sum *sum) {
    struct settings settings;
    struct scale_call call = {
        .base = {.settings = &settings, .rows = rows, .n = n}, .x = x, .dx = dx, .ldx = ldx, .lddx = lddx};
    smx_status status = begin(opt, &settings, &call.base.kernels);
    for (size_t k = 0; k < rows && status == SMX_OK; k++) {
        struct pair value = scale_gradient_of_row(&call, k);
        exact_sum_add(sum, value.high);
        exact_sum_add(sum, value.low);
    }
    return status;
}

real NAME(smx_total)(const smx_exact_sum *sum) { return real_of_sum(exact_sum_pair(sum)); }
