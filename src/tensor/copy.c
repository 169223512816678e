/* Types and layouts by themselves. */
#include "../base/arithmetic.h"

#include "arguments.h"

#include "../base/float_env.h"
#include "../base/refused.h"
#include "call_options.h"
#include "layout.h"
#include "move.h"

struct copy {
    const struct call *call; /* its arguments are the source and the destination, of FORM_ROW */
    size_t rows, pieces;
};

static void copy_task(void *data, size_t piece) {
    const struct copy *copy = data;
    const struct call *c = copy->call;
    const struct operand *src = &c->operand[OPERANDS_OF_OPTIONS], *dst = src + 1;
    size_t each = copy->rows / copy->pieces + (copy->rows % copy->pieces != 0), index[DIMENSIONS_MAX];
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

/* The dimension along which the elements of dst stand side by side, as the axis. Of no dimensions it is -1. */
static int axis_for(const struct view *dst) {
    for (int d = dst->ndim - 1; d >= 0; d--) {
        if (dst->stride[d] == (ptrdiff_t)dtype_size(dst->dtype)) {
            return d;
        }
    }
    return dst->ndim - 1;
}

/* What is given of the options that say something about rows, and is no tensor; null if nothing is. */
static const char *of_rows(const struct call *c) {
    if (c->keepdims) {
        return "options.keepdims";
    }
    if (c->row_options.plus_inf != SMX_PLUS_INF_NAN) {
        return "options.plus_inf";
    }
    return c->row_options.minus_inf_row != SMX_MINUS_INF_ROW_NAN ? "options.minus_inf_row" : NULL;
}

/* No kernel computes it. */
static const struct operation copy_operation = {
    .name = "copy",
    .kernel = KERNELS,
    .options = OPTIONS_NONE,
    .argument = {{.name = "src", .form = FORM_ROW, .content = CONTENT_LOGITS},
                 {.name = "dst", .form = FORM_ROW, .in_place = 1}},
};

smx_status smx_tensor_copy(const DLTensor *src, DLTensor *dst, const smx_tensor_options *opt) {
    if (src == NULL || dst == NULL) {
        return smx_refuse(SMX_ERROR_NULL, src == NULL ? "src" : "dst");
    }
    if (src->ndim != dst->ndim) {
        return smx_refuse(SMX_ERROR_SHAPE, "dst");
    }
    struct view view;
    smx_status status = smx_view_of(dst, DTYPES_FLOAT, &view);
    struct call call;
    if (status != SMX_OK) {
        return smx_refuse(status, "dst");
    }
    const DLTensor *const tensors[] = {src, dst};
    const struct tensor_request request = {&copy_operation, NULL, tensors, axis_for(&view), opt};
    if ((status = smx_call_prepare(&request, &call)) != SMX_OK) {
        return status;
    }
    const char *not_taken = of_rows(&call);
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
    copy.pieces = smx_pieces(&call.options, copy.rows, call.n);
    smx_run_tasks(&call.options, copy.pieces, copy_task, &copy);
    return SMX_OK;
}
