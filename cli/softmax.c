/* smx softmax: equation (1) along an axis. */
#include "commands.h"
#include "operation.h"

static smx_status rows(const row_call *c) {
    return ROW_CALL(c, smx_softmax, c->rows, c->n, c->in[0], c->n, c->out[0], c->n, c->options);
}

static smx_status part_max(npy_dtype dtype, size_t n, const void *const *in, row_stats *stats) {
    return dtype == NPY_F4 ? smx_softmax_part_max_f32(n, in[0], &stats->softmax_f32)
                           : smx_softmax_part_max_f64(n, in[0], &stats->softmax_f64);
}

static smx_status part_sum(npy_dtype dtype, size_t n, const void *const *in, size_t row_n, row_stats *stats,
                           const smx_options *options) {
    return dtype == NPY_F4 ? smx_softmax_part_sum_f32(n, in[0], row_n, &stats->softmax_f32, options)
                           : smx_softmax_part_sum_f64(n, in[0], row_n, &stats->softmax_f64, options);
}

static smx_status part_finish(npy_dtype dtype, size_t n, const void *const *in, const row_stats *stats, void *out,
                              const smx_options *options) {
    return dtype == NPY_F4 ? smx_softmax_part_finish_f32(n, in[0], &stats->softmax_f32, out, options)
                           : smx_softmax_part_finish_f64(n, in[0], &stats->softmax_f64, out, options);
}

static smx_status merge(npy_dtype dtype, row_stats *into, const row_stats *from) {
    return dtype == NPY_F4 ? smx_softmax_stats_merge_f32(&into->softmax_f32, &from->softmax_f32)
                           : smx_softmax_stats_merge_f64(&into->softmax_f64, &from->softmax_f64);
}

static const row_parts parts = {1, part_max, part_sum, part_finish, merge};

const command softmax_command = {
    .name = "softmax",
    .summary = "softmax of an array along an axis",
    .arguments = "X.npy -o Y.npy [OPTION...]",
    .text = "Writes the softmax of X along an axis,\n"
            "\n"
            "    y_i = exp(x_i) / sum_j exp(x_j)\n"
            "\n"
            "with the shape and order (C or Fortran) of X. With a scale or masks, exp is taken of\n"
            "the logits scale x_i + mask_i, and entries that are masked out get 0. X may be '-',\n"
            "standard input, and may be larger than memory.\n",
    .example = "smx softmax X.npy -o Y.npy --temperature 0.7 --mask KEEP.npy",
    .inputs = 1,
    .settings = SETS_ARRAY | SETS_X | SET(SET_SINK) | SETS_POLICIES,
    .needs = SET(SET_OUTPUT),
    .operation =
        &(const row_operation){
            .source = {{.fit = FIT_SAME}}, .result = {{.extent = EXTENT_SAME}}, .rows = rows, .parts = &parts},
};
