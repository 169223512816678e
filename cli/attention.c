/* smx softcap-backward and sink-gradient: what a softcap and sinks add to the backward pass of softmax. */
#include "commands.h"
#include "operation.h"

static smx_status softcap_backward(const row_call *c) {
    return ROW_CALL(c, smx_softcap_backward, c->rows, c->n, c->in[0], c->n, c->in[1], c->n, c->out[0], c->n,
                    c->options);
}

static smx_status sink_gradient(const row_call *c) {
    return ROW_CALL(c, smx_sink_gradient, c->rows, c->n, c->in[0], c->n, c->in[1], c->n, c->in[2], c->n, c->out[0],
                    c->options);
}

const command softcap_backward_command = {
    .name = "softcap-backward",
    .summary = "gradient of logits from that of the logits with a softcap",
    .arguments = "X.npy DZ.npy -o DX.npy [OPTION...]",
    .text = "Writes the gradient with respect to the logits before --softcap C\n"
            "\n"
            "    dx_i = (1 - tanh(scale x_i / C)^2) dz_i\n"
            "\n"
            "from X and what backward or log-softmax-backward gave, DZ, with the same scale and\n"
            "masks: they have no X, and so take no softcap.\n",
    .example = "smx softcap-backward X.npy DX.npy -o DX.npy --softcap 50",
    .inputs = 2,
    .settings = SETS_ARRAY | SETS_X,
    .needs = SET(SET_OUTPUT),
    .operation = &(const row_operation){.source = {{.fit = FIT_SAME}, {.fit = FIT_SAME}},
                                        .result = {{.extent = EXTENT_SAME}},
                                        .rows = softcap_backward},
};

const command sink_gradient_command = {
    .name = "sink-gradient",
    .summary = "gradient of softmax with respect to sinks",
    .arguments = "X.npy Y.npy DY.npy -o DSINK.npy [OPTION...]",
    .text = "Writes the gradient of softmax with respect to the sink s of each row\n"
            "\n"
            "    dsink = -p_s sum_i y_i dy_i,  p_s = exp(s) / (exp(s) + sum_j exp(z_j))\n"
            "\n"
            "from its input X, its result Y with --sink, and the gradient of that, DY. The gradient\n"
            "of a sink that rows share is the sum of theirs.\n",
    .example = "smx sink-gradient X.npy Y.npy DY.npy -o DSINK.npy --sink SINK.npy",
    .inputs = 3,
    .settings = SETS_ARRAY | SETS_X | SETS_POLICIES | SET(SET_SINK) | SET(SET_KEEPDIMS),
    .needs = SET(SET_OUTPUT),
    .operation = &(const row_operation){.source = {{.fit = FIT_SAME}, {.fit = FIT_SAME}, {.fit = FIT_SAME}},
                                        .result = {{.extent = EXTENT_ROWS}},
                                        .rows = sink_gradient},
};
