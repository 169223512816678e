/* smx softmax: equation (1) along an axis. */
#include "commands.h"
#include "settings.h"
#include "transform.h"

static smx_status whole_rows(npy_dtype dtype, size_t rows, size_t n, const void *const *in, void *out,
                             const smx_options *options) {
    return dtype == NPY_F4 ? smx_softmax_f32(rows, n, in[0], n, out, n, options)
                           : smx_softmax_f64(rows, n, in[0], n, out, n, options);
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

static const row_operation softmax = {1, whole_rows, part_max, part_sum, part_finish, merge};

static const char help[] =
    "usage: smx softmax X.npy -o Y.npy [OPTION...]\n"
    "\n"
    "Writes the softmax of X along an axis, y_i = exp(x_i) / sum_j exp(x_j), with the\n"
    "dtype, shape and order of X: little-endian f4 or f8, C or Fortran. X may be '-',\n"
    "standard input, and may be larger than memory.\n"
    "\n"
    "      --axis A           the axis of the sum, from the end if negative (default: -1)\n"
    "      --plus-inf P       a row with +inf in it becomes 'nan' (default), or the 'limit': the same for\n"
    "                         each +inf, and 0 elsewhere\n"
    "      --minus-inf-row P  a row of nothing but -inf becomes 'nan' (default) or 'zeros'\n" SETTINGS_COMMON_HELP;

int smx_softmax_main(int argc, char **argv) {
    static const struct option table[] = {{"axis", required_argument, NULL, SET_AXIS},
                                          {"help", no_argument, NULL, SET_HELP},
                                          {"memory", required_argument, NULL, SET_MEMORY},
                                          {"minus-inf-row", required_argument, NULL, SET_MINUS_INF_ROW},
                                          {"output", required_argument, NULL, SET_OUTPUT},
                                          {"plus-inf", required_argument, NULL, SET_PLUS_INF},
                                          {"threads", required_argument, NULL, SET_THREADS},
                                          {0}};
    settings set;
    int status = settings_parse(&set, argc, argv, table, softmax.inputs, help);
    return status >= 0 ? status : transform(&softmax, &set);
}
