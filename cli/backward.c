/* smx backward: equation (6) along an axis. */
#include "commands.h"
#include "settings.h"
#include "transform.h"

static smx_status whole_rows(npy_dtype dtype, size_t rows, size_t n, const void *const *in, void *out,
                             const smx_options *options) {
    return dtype == NPY_F4 ? smx_softmax_backward_f32(rows, n, in[0], n, in[1], n, out, n, options)
                           : smx_softmax_backward_f64(rows, n, in[0], n, in[1], n, out, n, options);
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

static const row_operation backward = {2, whole_rows, part_max, part_sum, part_finish, merge};

static const char help[] =
    "usage: smx backward Y.npy DY.npy -o DX.npy [OPTION...]\n"
    "\n"
    "Writes the gradient of softmax's input, dx_i = y_i (dy_i - sum_j y_j dy_j), from\n"
    "its result Y and the gradient of that, DY, along an axis. Y and DY have the same\n"
    "dtype (little-endian f4 or f8), shape and order (C or Fortran), and so has the\n"
    "result. One of them may be '-', standard input; both may be larger than memory.\n"
    "\n"
    "      --axis A           the axis of the sum, from the end if negative (default: -1)\n" SETTINGS_COMMON_HELP;

int smx_backward_main(int argc, char **argv) {
    static const struct option table[] = {
        {"axis", required_argument, NULL, SET_AXIS},       {"help", no_argument, NULL, SET_HELP},
        {"memory", required_argument, NULL, SET_MEMORY},   {"output", required_argument, NULL, SET_OUTPUT},
        {"threads", required_argument, NULL, SET_THREADS}, {0}};
    settings set;
    int status = settings_parse(&set, argc, argv, table, backward.inputs, help);
    return status >= 0 ? status : transform(&backward, &set);
}
