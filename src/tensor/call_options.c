#include "../base/arithmetic.h"

#include "call_options.h"

#include "../base/float_env.h"
#include "../base/refused.h"
#include "../isa/dispatch.h"
#include "fit.h"
#include "layout.h"
#include "stage.h"

#include <math.h>
#include <string.h>

bool smx_normal_axis(int axis, int ndim, int *normal) {
    *normal = axis < 0 ? axis + ndim : axis;
    return -ndim <= axis && axis < ndim;
}

/* The query that a row is, as an operand without data. */
static smx_status read_causal(const smx_tensor_options *opt, const struct view *x, int axis, struct call *c) {
    if (opt->causal != SMX_CAUSAL_NONE && opt->causal != SMX_CAUSAL_TOP_LEFT &&
        opt->causal != SMX_CAUSAL_BOTTOM_RIGHT) {
        return smx_refuse(SMX_ERROR_OPTION, "options.causal");
    }
    if ((opt->use_query_axis != 0 && opt->use_query_axis != 1) ||
        (opt->causal == SMX_CAUSAL_NONE && opt->use_query_axis)) {
        return smx_refuse(SMX_ERROR_OPTION, "options.use_query_axis");
    }
    if (!opt->use_query_axis && opt->query_axis != 0) {
        return smx_refuse(SMX_ERROR_OPTION, "options.query_axis");
    }
    if (opt->causal == SMX_CAUSAL_NONE) {
        return SMX_OK;
    }
    int query_axis = axis - 1;
    if (opt->use_query_axis ? !smx_normal_axis(opt->query_axis, x->ndim, &query_axis) : axis == 0) {
        return smx_refuse(SMX_ERROR_SHAPE, opt->use_query_axis ? "options.query_axis" : "options.causal");
    }
    if (query_axis == axis) {
        return smx_refuse(SMX_ERROR_OPTION, "options.query_axis");
    }
    struct operand *query = &c->operand[OPERAND_QUERY];
    query->given = true;
    query->form = FORM_VALUE;
    query->work = DTYPE_I64;
    query->extent[0] = query->extent[1] = 1;
    query->row[query_axis < axis ? query_axis : query_axis - 1] = 1;
    c->causal = opt->causal;
    c->queries = x->shape[query_axis];
    return SMX_OK;
}

static const struct {
    const char *name;
    bool vector;
    int dtypes;
    unsigned options; /* what it is to the engine */
} of_options[] = {
    [OPERAND_SCALE] = {"options.scale", false, DTYPES_FLOAT, OPTION_SCALE | OPTION_SCALE_ROWS},
    [OPERAND_ADD] = {"options.add", true, DTYPES_FLOAT, OPTION_ADD},
    [OPERAND_KEEP] = {"options.keep", true, DTYPES_FLAG, OPTION_KEEP},
    [OPERAND_LENGTHS] = {"options.lengths", false, DTYPES_INTEGER, OPTION_LENGTHS},
};

const char *smx_option_not_taken(const struct call *c, unsigned taken) {
    for (int i = 0; i < TENSORS_OF_OPTIONS; i++) {
        if (c->operand[i].given && (of_options[i].options & taken) == 0) {
            return of_options[i].name;
        }
    }
    return c->operand[OPERAND_QUERY].given && (taken & OPTION_CAUSAL) == 0 ? "options.causal" : NULL;
}

static enum dtype work_of_option(int i, enum dtype real) {
    return i == OPERAND_KEEP ? DTYPE_U8 : i == OPERAND_LENGTHS ? DTYPE_I64 : real;
}

static smx_status read_tensors(const smx_tensor_options *opt, const struct view *x, int axis,
                               struct view views[TENSORS_OF_OPTIONS], struct call *c) {
    const DLTensor *const tensors[TENSORS_OF_OPTIONS] = {[OPERAND_SCALE] = opt->scale,
                                                         [OPERAND_ADD] = opt->add,
                                                         [OPERAND_KEEP] = opt->keep,
                                                         [OPERAND_LENGTHS] = opt->lengths};
    for (int i = 0; i < TENSORS_OF_OPTIONS; i++) {
        struct operand *o = &c->operand[i];
        bool vector = of_options[i].vector;
        o->form = vector ? FORM_ROW : FORM_VALUE;
        o->extent[0] = o->extent[1] = 1;
        o->repeats = true;
        o->work = work_of_option(i, c->real);
        if (tensors[i] == NULL) {
            continue;
        }
        smx_status status = smx_view_of(tensors[i], of_options[i].dtypes, &views[i]);
        if (status != SMX_OK) {
            return smx_refuse(status, of_options[i].name);
        }
        smx_operand_fill(&views[i], o->form, c->n, o);
        if (!smx_fit(&views[i], x, axis, vector, true, o)) {
            return smx_refuse(SMX_ERROR_SHAPE, of_options[i].name);
        }
    }
    return SMX_OK;
}

smx_status smx_options_read_row(const smx_tensor_options *opt, struct call *c) {
    smx_options row = {.size = sizeof row,
                       .plus_inf = opt->plus_inf,
                       .minus_inf_row = opt->minus_inf_row,
                       .threads = opt->threads,
                       .parallel_for = opt->parallel_for,
                       .pool = opt->pool};
    c->row_options = row;
    smx_status status = smx_settings_read(&c->row_options, &c->settings);
    return status == SMX_OK && smx_kernels_in_use(DTYPE_F32) == NULL ? smx_no_kernels() : status;
}

smx_status smx_options_read(const smx_tensor_options *opt, const struct view *x, int axis,
                            struct view views[TENSORS_OF_OPTIONS], struct call *c) {
    smx_status status = read_tensors(opt, x, axis, views, c);
    return status == SMX_OK ? read_causal(opt, x, axis, c) : status;
}

/* ---- Values of the options ---- */

static bool scale_in_range(enum dtype real, const unsigned char *scale) {
    double value;
    smx_convert(1, real, scale, DTYPE_F64, &value);
    return fabs(value) >= 0x1p-64 && fabs(value) <= 0x1p64;
}

static bool length_in_range(const unsigned char *length, size_t n) {
    int64_t value;
    memcpy(&value, length, sizeof value);
    return value >= 0 && (uint64_t)value <= n;
}

/* Every scale or length once, however often it is repeated. */
static bool values_in_range(const struct call *c, int which) {
    struct call values = {.ndim = 0};
    struct operand *o = &values.operand[which];
    *o = c->operand[which];
    for (int d = 0; d < c->ndim; d++) {
        if (o->row[d] != 0) {
            o->row[values.ndim] = o->row[d];
            values.shape[values.ndim++] = c->shape[d];
        }
    }
    smx_layout_coalesce(&values, true);
    size_t rows = smx_call_rows(&values), size = dtype_size(o->work);
    unsigned char chunk[64 * 8];
    for (size_t first = 0; first < rows; first += 64) {
        size_t count = rows - first < 64 ? rows - first : 64;
        smx_stage(&values, o, first, count, chunk);
        for (size_t k = 0; k < count; k++) {
            const unsigned char *value = chunk + k * size;
            if (which == OPERAND_SCALE ? !scale_in_range(c->real, value) : !length_in_range(value, c->n)) {
                return false;
            }
        }
    }
    return true;
}

smx_status smx_options_check_values(const struct call *c) {
    smx_status status = SMX_OK;
    float_env caller = float_env_enter();
    if (c->operand[OPERAND_SCALE].given && !values_in_range(c, OPERAND_SCALE)) {
        status = smx_refuse(SMX_ERROR_SCALE, "options.scale");
    } else if (c->operand[OPERAND_LENGTHS].given && !values_in_range(c, OPERAND_LENGTHS)) {
        status = smx_refuse(SMX_ERROR_LENGTH, "options.lengths");
    }
    float_env_leave(caller);
    return status;
}
