/* The row functions of one type behind the one signature that calls on tensors have. */
#include "rows_table.h"

static smx_status softmax(const struct call *c, size_t rows, const struct block *b, const smx_options *opt) {
    return NAME(smx_softmax)(rows, c->n, b[0].data, b[0].ld, b[1].data, b[1].ld, opt);
}

static smx_status softmax_backward(const struct call *c, size_t rows, const struct block *b, const smx_options *opt) {
    return NAME(smx_softmax_backward)(rows, c->n, b[0].data, b[0].ld, b[1].data, b[1].ld, b[2].data, b[2].ld, opt);
}

static smx_status softmax_jacobian(const struct call *c, size_t rows, const struct block *b, const smx_options *opt) {
    return NAME(smx_softmax_jacobian)(rows, c->n, b[0].data, b[0].ld, b[1].data, b[1].ld, b[1].matrix, opt);
}

static smx_status log_softmax(const struct call *c, size_t rows, const struct block *b, const smx_options *opt) {
    return NAME(smx_log_softmax)(rows, c->n, b[0].data, b[0].ld, b[1].data, b[1].ld, opt);
}

static smx_status logsumexp(const struct call *c, size_t rows, const struct block *b, const smx_options *opt) {
    return NAME(smx_logsumexp)(rows, c->n, b[0].data, b[0].ld, b[1].data, opt);
}

const struct rows_table NAME(smx_rows) = {
    .softmax = softmax,
    .softmax_backward = softmax_backward,
    .softmax_jacobian = softmax_jacobian,
    .log_softmax = log_softmax,
    .logsumexp = logsumexp,
};
