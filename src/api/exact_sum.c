/* The public functions of smx_exact_sum. */
#include "../base/arithmetic.h"

#include "../base/kulisch.h"

#include "../base/float_env.h"
#include "../base/refused.h"

#include <stddef.h>

static smx_status check_values(const smx_exact_sum *sum, size_t n, const void *values, size_t size) {
    if (sum == NULL || (n != 0 && values == NULL)) {
        return smx_refuse(SMX_ERROR_NULL, sum == NULL ? "sum" : "values");
    }
    return n > PTRDIFF_MAX / size ? smx_refuse(SMX_ERROR_SIZE, "values") : SMX_OK;
}

smx_status smx_exact_sum_add_f32(smx_exact_sum *sum, size_t n, const float *values) {
    smx_status status = check_values(sum, n, values, sizeof *values);
    if (status == SMX_OK) {
        float_env caller = float_env_enter();
        for (size_t i = 0; i < n; i++) {
            exact_sum_add(sum, (double)values[i]);
            if (i % EXACT_SUM_ADDITIONS == EXACT_SUM_ADDITIONS - 1) {
                exact_sum_carry(sum);
            }
        }
        exact_sum_carry(sum);
        float_env_leave(caller);
    }
    return status;
}

smx_status smx_exact_sum_add_f64(smx_exact_sum *sum, size_t n, const double *values) {
    smx_status status = check_values(sum, n, values, sizeof *values);
    if (status == SMX_OK) {
        float_env caller = float_env_enter();
        for (size_t i = 0; i < n; i++) {
            exact_sum_add(sum, values[i]);
            if (i % EXACT_SUM_ADDITIONS == EXACT_SUM_ADDITIONS - 1) {
                exact_sum_carry(sum);
            }
        }
        exact_sum_carry(sum);
        float_env_leave(caller);
    }
    return status;
}

smx_status smx_exact_sum_merge(smx_exact_sum *into, const smx_exact_sum *from) {
    if (into == NULL || from == NULL) {
        return smx_refuse(SMX_ERROR_NULL, into == NULL ? "into" : "from");
    }
    exact_sum_merge(into, from);
    return SMX_OK;
}

/* Canonical if NaN; +0 if 0. */
static double clean(double a) { return isnan(a) ? (double)NAN : a + 0; }

smx_status smx_exact_sum_value_f32(const smx_exact_sum *sum, float *value) {
    if (sum == NULL || value == NULL) {
        return smx_refuse(SMX_ERROR_NULL, sum == NULL ? "sum" : "value");
    }
    float_env caller = float_env_enter();
    *value = (float)clean(rounded_to_odd(exact_sum_pair(sum)));
    float_env_leave(caller);
    return SMX_OK;
}

smx_status smx_exact_sum_value_f64(const smx_exact_sum *sum, double *value) {
    if (sum == NULL || value == NULL) {
        return smx_refuse(SMX_ERROR_NULL, sum == NULL ? "sum" : "value");
    }
    float_env caller = float_env_enter();
    *value = clean(exact_sum_pair(sum).high);
    float_env_leave(caller);
    return SMX_OK;
}

smx_status smx_exact_sum_ratio_f32(const smx_exact_sum *sum, const smx_exact_sum *divisor, float *value) {
    if (sum == NULL || divisor == NULL || value == NULL) {
        return smx_refuse(SMX_ERROR_NULL, sum == NULL ? "sum" : divisor == NULL ? "divisor" : "value");
    }
    float_env caller = float_env_enter();
    *value = (float)clean(exact_sum_ratio(sum, divisor));
    float_env_leave(caller);
    return SMX_OK;
}

smx_status smx_exact_sum_ratio_f64(const smx_exact_sum *sum, const smx_exact_sum *divisor, double *value) {
    if (sum == NULL || divisor == NULL || value == NULL) {
        return smx_refuse(SMX_ERROR_NULL, sum == NULL ? "sum" : divisor == NULL ? "divisor" : "value");
    }
    float_env caller = float_env_enter();
    *value = clean(exact_sum_ratio(sum, divisor));
    float_env_leave(caller);
    return SMX_OK;
}
