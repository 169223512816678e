/* smx log-softmax, its backward pass and its Jacobian-vector product. */
#include "commands.h"
#include "operation.h"

static smx_status log_softmax(const row_call *c) {
    return ROW_CALL(c, smx_log_softmax, c->rows, c->n, c->in[0], c->n, c->out[0], c->n, c->options);
}

static smx_status backward(const row_call *c) {
    return ROW_CALL(c, smx_log_softmax_backward, c->rows, c->n, c->in[0], c->n, c->in[1], c->n, c->out[0], c->n,
                    c->options);
}

const command log_softmax_command = {
    .name = "log-softmax",
    .summary = "logarithm of softmax, with every digit near certainty",
    .arguments = "X.npy -o Y.npy [OPTION...]",
    .text = "Writes the logarithm of the softmax of X along an axis,\n"
            "\n"
            "    y_i = z_i - log sum_j exp(z_j),  z_i = scale x_i + mask_i\n"
            "\n"
            "with the shape and order (C or Fortran) of X. Entries that are masked out get -inf.\n"
            "It keeps every digit however certain a row is: [0, -60] gives -8.7565109e-27 first.\n",
    .example = "smx log-softmax X.npy -o Y.npy --axis 1",
    .inputs = 1,
    .settings = SETS_ARRAY | SETS_X | SETS_POLICIES,
    .needs = SET(SET_OUTPUT),
    .operation =
        &(const row_operation){.source = {{.fit = FIT_SAME}}, .result = {{.extent = EXTENT_SAME}}, .rows = log_softmax},
};

const command log_softmax_backward_command = {
    .name = "log-softmax-backward",
    .summary = "gradient of log-softmax's input from that of its result",
    .arguments = "Y.npy DY.npy -o DX.npy [OPTION...]",
    .text = "Writes the gradient of log-softmax's input\n"
            "\n"
            "    dx_i = scale (dy_i - exp(y_i) sum_j dy_j)\n"
            "\n"
            "from its result Y and the gradient of that, DY. Give it the scale and masks of the\n"
            "forward pass; masked places get 0.\n",
    .example = "smx log-softmax-backward Y.npy DY.npy -o DX.npy",
    .inputs = 2,
    .settings = SETS_ARRAY | SETS_LOGITS,
    .needs = SET(SET_OUTPUT),
    .operation = &(const row_operation){.source = {{.fit = FIT_SAME}, {.fit = FIT_SAME}},
                                        .result = {{.extent = EXTENT_SAME}},
                                        .rows = backward},
};
