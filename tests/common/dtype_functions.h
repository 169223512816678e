/* The functions of one dtype's table. Included once for each dtype, with REAL, BITS and F(name) defined; no include
 * guard for that reason. */

static double load(const void *a, size_t i) { return (double)((const REAL *)a)[i]; }

static void store(void *a, size_t i, double value) { ((REAL *)a)[i] = (REAL)value; }

static uint64_t bits(const void *a, size_t i) {
    BITS b;
    memcpy(&b, (const REAL *)a + i, sizeof b);
    return b;
}

static void store_bits(void *a, size_t i, uint64_t value) {
    BITS b = (BITS)value;
    memcpy((REAL *)a + i, &b, sizeof b);
}

static smx_status softmax(size_t rows, size_t n, const void *x, size_t ldx, void *y, size_t ldy,
                          const smx_options *opt) {
    return F(smx_softmax)(rows, n, x, ldx, y, ldy, opt);
}

static smx_status backward(size_t rows, size_t n, const void *y, size_t ldy, const void *dy, size_t lddy, void *dx,
                           size_t lddx, const smx_options *opt) {
    return F(smx_softmax_backward)(rows, n, y, ldy, dy, lddy, dx, lddx, opt);
}

static smx_status jacobian(size_t rows, size_t n, const void *y, size_t ldy, void *jac, size_t ldj,
                           size_t matrix_stride, const smx_options *opt) {
    return F(smx_softmax_jacobian)(rows, n, y, ldy, jac, ldj, matrix_stride, opt);
}

static smx_status part_max(size_t n, const void *x, softmax_stats *stats) {
    return F(smx_softmax_part_max)(n, x, stats ? &stats->MEMBER : NULL);
}

static smx_status part_sum(size_t n, const void *x, size_t row_n, softmax_stats *stats, const smx_options *opt) {
    return F(smx_softmax_part_sum)(n, x, row_n, stats ? &stats->MEMBER : NULL, opt);
}

static smx_status part_finish(size_t n, const void *x, const softmax_stats *stats, void *y, const smx_options *opt) {
    return F(smx_softmax_part_finish)(n, x, stats ? &stats->MEMBER : NULL, y, opt);
}

static smx_status stats_merge(softmax_stats *into, const softmax_stats *from) {
    return F(smx_softmax_stats_merge)(into ? &into->MEMBER : NULL, from ? &from->MEMBER : NULL);
}

static int64_t *stats_sum(softmax_stats *stats) { return stats->MEMBER.sum; }

static smx_status backward_part_max(size_t n, const void *y, const void *dy, smx_softmax_backward_stats *stats) {
    return F(smx_softmax_backward_part_max)(n, y, dy, stats);
}

static smx_status backward_part_sum(size_t n, const void *y, const void *dy, size_t row_n,
                                    smx_softmax_backward_stats *stats) {
    return F(smx_softmax_backward_part_sum)(n, y, dy, row_n, stats);
}

static smx_status backward_part_finish(size_t n, const void *y, const void *dy, const smx_softmax_backward_stats *stats,
                                       void *dx) {
    return F(smx_softmax_backward_part_finish)(n, y, dy, stats, dx);
}

const dtype TABLE = {
    .name = NAME,
    .size = sizeof(REAL),
    .underflow = UNDERFLOW_AT,
    .min_normal = MIN_NORMAL,
    .min_subnormal = MIN_SUBNORMAL,
    .max = MAX_FINITE,
    .epsilon = EPSILON,
    .offset_from = OFFSET_FROM,
    .load = load,
    .store = store,
    .bits = bits,
    .store_bits = store_bits,
    .softmax = softmax,
    .backward = backward,
    .jacobian = jacobian,
    .part_max = part_max,
    .part_sum = part_sum,
    .part_finish = part_finish,
    .stats_merge = stats_merge,
    .stats_sum = stats_sum,
    .backward_part_max = backward_part_max,
    .backward_part_sum = backward_part_sum,
    .backward_part_finish = backward_part_finish,
};
