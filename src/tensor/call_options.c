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

/* What of the options is wrong, of those that say where a row's query stands; null if nothing is. */
static const char *unusable_position(const smx_tensor_options *opt) {
    bool none = opt->causal == SMX_CAUSAL_NONE && !opt->use_window && opt->alibi == NULL;
    if (opt->causal != SMX_CAUSAL_NONE && opt->causal != SMX_CAUSAL_TOP_LEFT &&
        opt->causal != SMX_CAUSAL_BOTTOM_RIGHT) {
        return "options.causal";
    }
    if (opt->use_window != 0 && opt->use_window != 1) {
        return "options.use_window";
    }
    if (!opt->use_window && (opt->window_left != 0 || opt->window_right != 0)) {
        return opt->window_left != 0 ? "options.window_left" : "options.window_right";
    }
    if ((opt->use_query_axis != 0 && opt->use_query_axis != 1) || (none && opt->use_query_axis)) {
        return "options.use_query_axis";
    }
    return !opt->use_query_axis && opt->query_axis != 0 ? "options.query_axis" : NULL;
}

/* The query that a row is, as an operand without data. */
static smx_status read_positions(const smx_tensor_options *opt, const struct view *x, const struct axes *axes,
                                 struct call *c) {
    const char *unusable = unusable_position(opt);
    if (unusable != NULL) {
        return smx_refuse(SMX_ERROR_OPTION, unusable);
    }
    if (opt->causal == SMX_CAUSAL_NONE && !opt->use_window && opt->alibi == NULL) {
        return SMX_OK;
    }
    const char *given = opt->causal != SMX_CAUSAL_NONE ? "options.causal"
                        : opt->use_window              ? "options.use_window"
                                                       : "options.alibi";
    if (axes->count != 1) {
        return smx_refuse(SMX_ERROR_OPTION, given);
    }
    int axis = axes->first, query_axis = axis - 1;
    if (opt->use_query_axis ? !smx_normal_axis(opt->query_axis, x->ndim, &query_axis) : axis == 0) {
        return smx_refuse(SMX_ERROR_SHAPE, opt->use_query_axis ? "options.query_axis" : given);
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
    c->positions.causal = opt->causal;
    c->positions.queries = x->shape[query_axis];
    c->positions.use_window = opt->use_window;
    c->positions.window_left = opt->window_left;
    c->positions.window_right = opt->window_right;
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
    [OPERAND_ALIBI] = {"options.alibi", false, DTYPES_FLOAT, OPTION_ALIBI},
    [OPERAND_SINK] = {"options.sink", false, DTYPES_FLOAT, OPTION_SINK},
};

unsigned smx_options_given(const struct call *c) {
    unsigned given = c->options.given;
    for (int i = 0; i < TENSORS_OF_OPTIONS; i++) {
        given |= c->operand[i].given ? of_options[i].options : 0;
    }
    given |= c->positions.causal != SMX_CAUSAL_NONE ? OPTION_CAUSAL : 0;
    return given | (c->positions.use_window ? OPTION_WINDOW : 0);
}

const char *smx_option_not_taken(const struct call *c, unsigned taken) {
    const unsigned scales = OPTION_SCALE | OPTION_SCALE_ROWS;
    unsigned not_taken = smx_options_given(c) & ~((taken & scales) != 0 ? taken | scales : taken);
    return not_taken == 0 ? NULL : smx_option_name(not_taken);
}

static enum dtype work_of_option(int i, enum dtype real) {
    return i == OPERAND_KEEP ? DTYPE_U8 : i == OPERAND_LENGTHS ? DTYPE_I64 : real;
}

/* A number, as a tensor of one. */
static smx_status read_scale_value(const smx_tensor_options *opt, struct call *c) {
    struct operand *o = &c->operand[OPERAND_SCALE];
    if ((opt->use_scale_value != 0 && opt->use_scale_value != 1) || (opt->use_scale_value && o->given)) {
        return smx_refuse(SMX_ERROR_OPTION, "options.use_scale_value");
    }
    if (!opt->use_scale_value) {
        return opt->scale_value != 0 ? smx_refuse(SMX_ERROR_OPTION, "options.scale_value") : SMX_OK;
    }
    o->given = true;
    o->dtype = c->real;
    o->data = c->scale_value;
    float_env caller = float_env_enter();
    smx_convert(1, DTYPE_F64, &opt->scale_value, c->real, c->scale_value);
    float_env_leave(caller);
    return SMX_OK;
}

static smx_status read_tensors(const smx_tensor_options *opt, const struct view *x, const struct axes *axes,
                               struct view views[TENSORS_OF_OPTIONS], struct call *c) {
    const DLTensor *const tensors[TENSORS_OF_OPTIONS] = {
        [OPERAND_SCALE] = opt->scale,     [OPERAND_ADD] = opt->add,     [OPERAND_KEEP] = opt->keep,
        [OPERAND_LENGTHS] = opt->lengths, [OPERAND_ALIBI] = opt->alibi, [OPERAND_SINK] = opt->sink};
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
        if (!smx_fit(&views[i], x, axes, vector, true, o)) {
            return smx_refuse(SMX_ERROR_SHAPE, of_options[i].name);
        }
    }
    return opt->lengths != NULL && axes->count != 1 ? smx_refuse(SMX_ERROR_OPTION, "options.lengths") : SMX_OK;
}

smx_status smx_tensor_options_read_row(const smx_tensor_options *opt, struct call *c) {
    smx_options row = {.size = sizeof row,
                       .plus_inf = opt->plus_inf,
                       .minus_inf_row = opt->minus_inf_row,
                       .threads = opt->threads,
                       .parallel_for = opt->parallel_for,
                       .pool = opt->pool,
                       .softcap = opt->softcap};
    c->row_options = row;
    smx_status status = smx_options_read(&c->row_options, &c->options);
    return status == SMX_OK && smx_kernels_in_use(DTYPE_F32) == NULL ? smx_no_kernels() : status;
}

smx_status smx_tensor_options_read(const smx_tensor_options *opt, const struct view *x, const struct axes *axes,
                                   struct view views[TENSORS_OF_OPTIONS], struct call *c) {
    smx_status status = read_tensors(opt, x, axes, views, c);
    if (status == SMX_OK) {
        status = read_scale_value(opt, c);
    }
    return status == SMX_OK ? read_positions(opt, x, axes, c) : status;
}

/* ---- Values of the options ---- */

static bool scale_in_range(enum dtype real, const unsigned char *scale) {
    double value;
    smx_convert(1, real, scale, DTYPE_F64, &value);
    return fabs(value) >= 0x1p-64 && fabs(value) <= 0x1p64;
}

static bool slope_in_range(enum dtype real, const unsigned char *slope) {
    double value;
    smx_convert(1, real, slope, DTYPE_F64, &value);
    return isfinite(value);
}

static bool length_in_range(const unsigned char *length, size_t n) {
    int64_t value;
    memcpy(&value, length, sizeof value);
    return value >= 0 && (uint64_t)value <= n;
}

/* Every scale or length once, however often it is repeated. */
static bool values_in_range(const struct call *c, int which) {
    struct call values = {.operands = OPERANDS_OF_OPTIONS};
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
            if (which == OPERAND_SCALE   ? !scale_in_range(c->real, value)
                : which == OPERAND_ALIBI ? !slope_in_range(c->real, value)
                                         : !length_in_range(value, c->n)) {
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
        bool number = c->operand[OPERAND_SCALE].data == c->scale_value;
        status = smx_refuse(SMX_ERROR_SCALE, number ? "options.scale_value" : "options.scale");
    } else if (c->operand[OPERAND_LENGTHS].given && !values_in_range(c, OPERAND_LENGTHS)) {
        status = smx_refuse(SMX_ERROR_LENGTH, "options.lengths");
    } else if (c->operand[OPERAND_ALIBI].given && !values_in_range(c, OPERAND_ALIBI)) {
        status = smx_refuse(SMX_ERROR_OPTION, "options.alibi");
    }
    float_env_leave(caller);
    return status;
}
