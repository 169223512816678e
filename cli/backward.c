/* smx backward: equation (6) along an axis. */
#include "commands.h"
#include "operation.h"

static smx_status rows(const row_call *c) {
    return ROW_CALL(c, smx_softmax_backward, c->rows, c->n, c->in[0], c->n, c->in[1], c->n, c->out[0], c->n,
                    c->options);
}

static smx_status part_max(npy_dtype dtype, size_t n, const void *const *in, row_stats *stats) {
    return dtype == NPY_F4 ? smx_softmax_backward_part_max_f32(n, in[0], in[1], &stats->backward)
                           : smx_softmax_backward_part_max_f64(n, in[0], in[1], &stats->backward);
}

static smx_status part_sum(npy_dtype dtype, size_t n, const void *const *in, size_t row_n, row_stats *stats,
                           const smx_options *options) {
    (void)options;
    return dtype == NPY_F4 ? smx_softmax_backward_part_sum_f32(n, in[0], in[1], row_n, &stats->backward)
                           : smx_softmax_backward_part_sum_f64(n, in[0], in[1], row_n, &stats->backward);
}

static smx_status part_finish(npy_dtype dtype, size_t n, const void *const *in, const row_stats *stats, void *out,
                              const smx_options *options) {
    (void)options;
    return dtype == NPY_F4 ? smx_softmax_backward_part_finish_f32(n, in[0], in[1], &stats->backward, out)
                           : smx_softmax_backward_part_finish_f64(n, in[0], in[1], &stats->backward, out);
}

static smx_status merge(npy_dtype dtype, row_stats *into, const row_stats *from) {
    (void)dtype;
    return smx_softmax_backward_stats_merge(&into->backward, &from->backward);
}

static const row_parts parts = {2, part_max, part_sum, part_finish, merge};

const command backward_command = {
    .name = "backward",
    .summary = "gradient of softmax's input from that of its result",
    .arguments = "Y.npy DY.npy -o DX.npy [OPTION...]",
    .text = "Writes the gradient of softmax's input\n"
            "\n"
            "    dx_i = scale y_i (dy_i - sum_j y_j dy_j)\n"
            "\n"
            "from its result Y and the gradient of that, DY, along an axis. DY has the shape and\n"
            "order (C or Fortran) of Y, and so has the result. Masked places get 0. One input may\n"
            "be '-', standard input; all may be larger than memory.\n",
    .example = "smx backward Y.npy DY.npy -o DX.npy",
    .inputs = 2,
    .settings = SETS_ARRAY | SETS_LOGITS,
    .needs = SET(SET_OUTPUT),
    .operation = &(const row_operation){.source = {{.fit = FIT_SAME}, {.fit = FIT_SAME}},
                                        .result = {{.extent = EXTENT_SAME}},
                                        .rows = rows,
                                        .parts = &parts},
};
