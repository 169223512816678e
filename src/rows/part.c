#include "../base/arithmetic.h"

#include "part.h"

#include "../base/float_env.h"
#include "../base/refused.h"
#include "matrix.h"
#include "place.h"
#include "row_parts.h"

#include <string.h>

smx_status smx_part_begin(struct part *p, const void *stats, const smx_options *opt) {
    smx_status status = smx_options_read(opt, &p->options);
    if (status != SMX_OK) {
        return status;
    }
    const struct kernels *kernels = smx_kernels_in_use(p->real);
    if (kernels == NULL) {
        return smx_no_kernels();
    }
    if (p->options.given != 0) {
        return smx_refuse(SMX_ERROR_OPTION, smx_option_name(p->options.given));
    }
    if (stats == NULL) {
        smx_refuse(SMX_ERROR_NULL, "stats");
        return SMX_ERROR_NULL; /* written out for clang's analyzer */
    }
    p->kernels = &kernels->part;
    return SMX_OK;
}

static struct matrix part_of_row(const struct part *p, const void *data) {
    return (struct matrix){data, 1, p->n, p->n, dtype_size(p->real)};
}

static smx_status check_array(const struct part *p, const void *data, const char *name) {
    struct matrix a = part_of_row(p, data);
    if (p->n == 0) {
        return SMX_OK;
    }
    if (!matrix_fits(&a)) {
        return smx_refuse(SMX_ERROR_SIZE, name);
    }
    return data == NULL ? smx_refuse(SMX_ERROR_NULL, name) : SMX_OK;
}

/* An output may be the input itself. */
static smx_status check_output(const struct part *p, const void *in, const char *name) {
    smx_status status = check_array(p, p->out, name);
    struct matrix a = part_of_row(p, in), out = part_of_row(p, p->out);
    if (status == SMX_OK && p->n != 0 && p->out != in && matrix_overlap(&out, &a)) {
        return smx_refuse(SMX_ERROR_OVERLAP, name);
    }
    return status;
}

static smx_status check_row_n(const struct part *p) {
    return p->row_n < p->n || p->row_n > SMX_ROW_MOST ? smx_refuse(SMX_ERROR_SIZE, "row_n") : SMX_OK;
}

static void write_sum(const struct part *p, struct wide sum) {
    wide_carry(&sum);
    memcpy(p->sum, sum.limb, sizeof sum.limb);
}

/* ---- Softmax ---- */

smx_status smx_part_max(struct part *p) {
    smx_status status = check_array(p, p->x, "x");
    if (status == SMX_OK) {
        float_env caller = float_env_enter();
        p->kernels->max(p->n, p->x, p->max);
        float_env_leave(caller);
        write_sum(p, (struct wide){{0}});
    }
    return status;
}

smx_status smx_part_sum(struct part *p) {
    smx_status status = check_row_n(p);
    if (status != SMX_OK || (status = check_array(p, p->x, "x")) != SMX_OK) {
        return status;
    }
    struct wide sum = {{0}};
    float_env caller = float_env_enter();
    if (p->kernels->filling(p->options.policy, p->max) == FILL_NOT) {
        p->kernels->terms(p->n, p->x, p->max, p->row_n, NULL, &sum);
    }
    float_env_leave(caller);
    write_sum(p, sum);
    return SMX_OK;
}

/* A row's sum holds the term of its maximum, which is at least sqrt(1/2). */
static bool sum_of_a_row(const struct part *p, struct wide sum) {
    const int one = p->real == DTYPE_F64 ? 87 : 67; /* a term of 1 is 2^one */
    wide_carry(&sum);
    return sum.limb[3] > 0 || (sum.limb[3] == 0 && sum.limb[2] >= (int64_t)1 << (one - 1 - 64));
}

smx_status smx_part_finish(struct part *p) {
    struct wide sum, ignored = {{0}};
    memcpy(sum.limb, p->sum, sizeof sum.limb);
    float_env caller = float_env_enter();
    enum filling filling = p->kernels->filling(p->options.policy, p->max);
    float_env_leave(caller);
    if (filling == FILL_NOT && !sum_of_a_row(p, sum)) {
        return smx_refuse(SMX_ERROR_STATS, "stats");
    }
    smx_status status = check_array(p, p->x, "x");
    if (status != SMX_OK || (status = check_output(p, p->x, "y")) != SMX_OK || p->n == 0) {
        return status;
    }
    caller = float_env_enter();
    if (filling != FILL_NOT) {
        p->kernels->fill(p->n, filling, p->out);
    } else {
        p->kernels->terms(p->n, p->x, p->max, p->n, p->out, &ignored);
        p->kernels->scale(p->n, p->out, &sum, p->out);
    }
    float_env_leave(caller);
    return SMX_OK;
}

smx_status smx_stats_merge(enum dtype real, void *into_max, int64_t into[4], const void *max, const int64_t from[4]) {
    const double wide = (double)INFINITY;
    const float narrow = INFINITY;
    int64_t end = real == DTYPE_F64 ? smx_place(real, &wide, 0) : smx_place(real, &narrow, 0);
    int64_t a = smx_place(real, into_max, 0), b = smx_place(real, max, 0);
    bool both_nan = (a > end || a < -end) && (b > end || b < -end);
    if (a != b && !both_nan && !(smx_sum_is_zero(into) && smx_sum_is_zero(from))) {
        return smx_refuse(SMX_ERROR_STATS, "from");
    }
    smx_merge_max(real, into_max, max);
    smx_merge_sum(into, from);
    return SMX_OK;
}

/* ---- Its backward pass ---- */

static smx_status begin_backward(struct part *p, const void *stats) {
    smx_status status = smx_part_begin(p, stats, NULL);
    if (status == SMX_OK && (status = check_array(p, p->x, "y")) == SMX_OK) {
        status = check_array(p, p->dy, "dy");
    }
    return status;
}

bool smx_exponent_of_a_row(enum dtype real, int32_t exponent) {
    int32_t least = real == DTYPE_F64 ? -2148 : -298, most = real == DTYPE_F64 ? 2047 : 255;
    return exponent == INT32_MIN || exponent == INT32_MAX || (exponent >= least && exponent <= most);
}

smx_status smx_part_backward_max(struct part *p, smx_softmax_backward_stats *stats) {
    smx_status status = begin_backward(p, stats);
    if (status == SMX_OK) {
        float_env caller = float_env_enter();
        smx_softmax_backward_stats result = {.exponent = p->kernels->backward_exponent(p->n, p->x, p->dy)};
        float_env_leave(caller);
        *stats = result;
    }
    return status;
}

smx_status smx_part_backward_sum(struct part *p, smx_softmax_backward_stats *stats) {
    smx_status status = begin_backward(p, stats);
    if (status != SMX_OK || (status = check_row_n(p)) != SMX_OK) {
        return status;
    }
    if (!smx_exponent_of_a_row(p->real, stats->exponent)) {
        return smx_refuse(SMX_ERROR_STATS, "stats");
    }
    struct wide sum = {{0}};
    float_env caller = float_env_enter();
    p->kernels->backward_products(p->n, p->x, p->dy, stats->exponent, p->row_n, &sum);
    float_env_leave(caller);
    p->sum = stats->sum;
    write_sum(p, sum);
    return SMX_OK;
}

smx_status smx_part_backward_finish(struct part *p, const smx_softmax_backward_stats *stats) {
    smx_status status = begin_backward(p, stats);
    if (status != SMX_OK) {
        return status;
    }
    if (!smx_exponent_of_a_row(p->real, stats->exponent)) {
        return smx_refuse(SMX_ERROR_STATS, "stats");
    }
    if ((status = check_output(p, p->x, "dx")) != SMX_OK || (status = check_output(p, p->dy, "dx")) != SMX_OK ||
        p->n == 0) {
        return status;
    }
    struct wide sum;
    memcpy(sum.limb, stats->sum, sizeof sum.limb);
    float_env caller = float_env_enter();
    p->kernels->backward_finish(p->n, p->x, p->dy, stats->exponent, &sum, p->out);
    float_env_leave(caller);
    return SMX_OK;
}
