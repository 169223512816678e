/* Types and layouts by themselves. */
#include "../arithmetic.h"

#include "arguments.h"

#include "../float_env.h"
#include "../refused.h"
#include "call_options.h"
#include "layout.h"
#include "move.h"

struct copy {
    const struct call *call; /* its arguments are the source and the destination, of FORM_VECTOR */
    size_t rows, pieces;
};

static void copy_task(void *data, size_t piece) {
    const struct copy *copy = data;
    const struct call *c = copy->call;
    const struct operand *src = &c->operand[OPERANDS_OF_OPTIONS], *dst = src + 1;
    size_t each = copy->rows / copy->pieces + (copy->rows % copy->pieces != 0), index[NDIM_MAX];
    size_t end = piece * each + each < copy->rows ? piece * each + each : copy->rows;
    float_env caller = float_env_enter();
    for (size_t row = piece * each; row < end;) {
        size_t run = smx_layout_index(c, row, index);
        run = run < end - row ? run : end - row;
        struct place from = {src->dtype, src->data + smx_layout_offset(c, src, index), src->row[c->ndim - 1],
                             src->stride[1]};
        struct place to = {dst->dtype, dst->data + smx_layout_offset(c, dst, index), dst->row[c->ndim - 1],
                           dst->stride[1]};
        smx_move(run, c->n, from, to);
        row += run;
    }
    float_env_leave(caller);
}

/* The dimension along which the elements of dst stand side by side, as the axis. */
static int axis_for(const struct view *dst) {
    for (int d = dst->ndim - 1; d >= 0; d--) {
        if (dst->stride[d] == (ptrdiff_t)smx_dtype_size(dst->dtype)) {
            return d;
        }
    }
    return dst->ndim - 1;
}

/* A tensor without dimensions as one of one. */
static DLTensor with_dimension(const DLTensor *t, int64_t *one) {
    DLTensor with = *t;
    if (t->ndim == 0) {
        with.ndim = 1;
        with.shape = one;
        with.strides = NULL;
    }
    return with;
}

/* The name of the first option that is not one of threads; null if none is given. */
static const char *not_of_threads(const struct call *c) {
    if (c->row_options.plus_inf != SMX_PLUS_INF_NAN) {
        return "options.plus_inf";
    }
    return c->row_options.minus_inf_row != SMX_MINUS_INF_ROW_NAN ? "options.minus_inf_row" : smx_options_first(c);
}

smx_status smx_tensor_copy(const DLTensor *src, DLTensor *dst, const smx_tensor_options *opt) {
    if (src == NULL || dst == NULL) {
        return smx_refuse(SMX_ERROR_NULL, src == NULL ? "src" : "dst");
    }
    if (src->ndim != dst->ndim) {
        return smx_refuse(SMX_ERROR_SHAPE, "dst");
    }
    int64_t one = 1;
    DLTensor from = with_dimension(src, &one), to = with_dimension(dst, &one);
    struct argument arguments[] = {{.name = "src", .tensor = &from, .form = FORM_VECTOR},
                                   {.name = "dst", .tensor = &to, .form = FORM_VECTOR, .output = true, .in_place = 1}};
    struct view view;
    smx_status status = smx_view_of(&to, DTYPES_FLOAT, &view);
    struct call call;
    struct row_functions none = {NULL, NULL, NULL, NULL};
    if (status != SMX_OK) {
        return smx_refuse(status, "dst");
    }
    if ((status = smx_call_prepare(arguments, 2, axis_for(&view), opt, none, &call)) != SMX_OK) {
        return status;
    }
    const char *not_taken = not_of_threads(&call);
    if (not_taken != NULL) {
        return smx_refuse(SMX_ERROR_OPTION, not_taken);
    }
    struct copy copy = {.call = &call, .rows = smx_call_rows(&call)};
    const struct operand *in = &call.operand[OPERANDS_OF_OPTIONS];
    if (copy.rows == 0 || call.n == 0 || in[0].data == in[1].data) {
        return SMX_OK;
    }
    smx_layout_sort(&call);
    smx_layout_coalesce(&call, false);
    copy.pieces = smx_pieces(&call.settings, copy.rows, call.n);
    smx_run_tasks(&call.settings, copy.pieces, copy_task, &copy);
    return SMX_OK;
}
