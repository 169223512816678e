/* smx jvp, log-softmax-jvp, jacobian-product, double-backward, hessian-product and hessian. */
#include "commands.h"
#include "operation.h"

static smx_status jvp(const row_call *c) {
    return ROW_CALL(c, smx_softmax_jvp, c->rows, c->n, c->in[0], c->n, c->in[1], c->n, c->out[0], c->n, c->options);
}

static smx_status log_softmax_jvp(const row_call *c) {
    return ROW_CALL(c, smx_log_softmax_jvp, c->rows, c->n, c->in[0], c->n, c->in[1], c->n, c->out[0], c->n, c->options);
}

static smx_status jacobian_product(const row_call *c) {
    return ROW_CALL(c, smx_softmax_jacobian_product, c->rows, c->n, c->in[0], c->n, c->source[1].count, c->in[1], c->n,
                    c->out[0], c->n, c->options);
}

static smx_status double_backward(const row_call *c) {
    return ROW_CALL(c, smx_softmax_double_backward, c->rows, c->n, c->in[0], c->n, c->in[1], c->n, c->in[2], c->n,
                    c->out[0], c->n, c->out[1], c->n, c->options);
}

static smx_status hessian_product(const row_call *c) {
    return ROW_CALL(c, smx_cross_entropy_hessian_product, c->rows, c->n, c->in[0], c->n, c->in[1], c->n, c->out[0],
                    c->n, c->options);
}

static smx_status hessian(const row_call *c) {
    return ROW_CALL(c, smx_cross_entropy_hessian, c->rows, c->n, c->in[0], c->n, c->out[0], c->n, c->n * c->n,
                    c->options);
}

const command jvp_command = {
    .name = "jvp",
    .summary = "Jacobian of softmax times a vector for each row",
    .arguments = "Y.npy V.npy -o JV.npy [OPTION...]",
    .text = "Writes the product of softmax's Jacobian with a tangent V (forward mode),\n"
            "\n"
            "    jv_i = scale y_i (v_i - sum_j y_j v_j)\n"
            "\n"
            "from softmax's result Y. Give it the scale and masks of the forward pass.\n",
    .example = "smx jvp Y.npy V.npy -o JV.npy",
    .inputs = 2,
    .settings = SETS_ARRAY | SETS_LOGITS,
    .needs = SET(SET_OUTPUT),
    .operation = &(const row_operation){.source = {{.fit = FIT_SAME}, {.fit = FIT_SAME}},
                                        .result = {{.extent = EXTENT_SAME}},
                                        .rows = jvp},
};

const command log_softmax_jvp_command = {
    .name = "log-softmax-jvp",
    .summary = "Jacobian of log-softmax times a vector for each row",
    .arguments = "Y.npy V.npy -o JV.npy [OPTION...]",
    .text = "Writes the product of log-softmax's Jacobian with a tangent V (forward mode),\n"
            "\n"
            "    jv_i = scale (v_i - sum_j exp(y_j) v_j)\n"
            "\n"
            "from log-softmax's result Y. Give it the scale and masks of the forward pass.\n",
    .example = "smx log-softmax-jvp Y.npy V.npy -o JV.npy",
    .inputs = 2,
    .settings = SETS_ARRAY | SETS_LOGITS,
    .needs = SET(SET_OUTPUT),
    .operation = &(const row_operation){.source = {{.fit = FIT_SAME}, {.fit = FIT_SAME}},
                                        .result = {{.extent = EXTENT_SAME}},
                                        .rows = log_softmax_jvp},
};

const command jacobian_product_command = {
    .name = "jacobian-product",
    .summary = "Jacobian of softmax times several vectors for each row",
    .arguments = "Y.npy V.npy -o OUT.npy [OPTION...]",
    .text = "Writes the products of each row's Jacobian with several vectors,\n"
            "\n"
            "    out_c = scale J(y) v_c,  J_ij = y_i (1 - y_i) if i = j, else -y_i y_j\n"
            "\n"
            "from softmax's result Y of shape (..., n), and V of shape (..., count, n); the result\n"
            "has V's shape. Both are in C order. A mask is that of Y's rows.\n",
    .example = "smx jacobian-product Y.npy V.npy -o OUT.npy",
    .inputs = 2,
    .settings = SETS_OUTPUT | SETS_LOGITS,
    .needs = SET(SET_OUTPUT),
    .operation = &(const row_operation){.source = {{.fit = FIT_SAME}, {.fit = FIT_VECTORS}},
                                        .result = {{.extent = EXTENT_VECTORS}},
                                        .rows = jacobian_product},
};

const command double_backward_command = {
    .name = "double-backward",
    .summary = "gradients of softmax's backward pass itself",
    .arguments = "Y.npy DY.npy DDX.npy [--grad-y GY.npy] [--grad-dy GDY.npy] [OPTION...]",
    .text = "Writes the gradients of the backward pass dx = scale y (dy - s), s = sum_j y_j dy_j,\n"
            "from its inputs Y and DY, and DDX, the gradient of its result dx:\n"
            "\n"
            "    gy_i = scale (ddx_i (dy_i - s) - dy_i t),  t = sum_j y_j ddx_j\n"
            "    gdy_i = scale y_i (ddx_i - t)\n",
    .example = "smx double-backward Y.npy DY.npy DDX.npy --grad-y GY.npy --grad-dy GDY.npy",
    .inputs = 3,
    .settings = SETS_ROWS | SET(SET_AXIS) | SETS_LOGITS | SET(SET_GRAD_Y) | SET(SET_GRAD_DY),
    .needs = SET(SET_GRAD_Y) | SET(SET_GRAD_DY),
    .operation = &(const row_operation){.source = {{.fit = FIT_SAME}, {.fit = FIT_SAME}, {.fit = FIT_SAME}},
                                        .result = {{.extent = EXTENT_SAME, .to = SET_GRAD_Y},
                                                   {.extent = EXTENT_SAME, .to = SET_GRAD_DY}},
                                        .rows = double_backward},
};

const command hessian_product_command = {
    .name = "hessian-product",
    .summary = "Hessian of cross-entropy times a vector for each row",
    .arguments = "X.npy V.npy -o HV.npy [OPTION...]",
    .text = "Writes the product of cross-entropy's Hessian with a vector for each row of logits,\n"
            "\n"
            "    hv_i = scale^2 p_i (v_i - sum_j p_j v_j),  p = softmax(scale x + mask)\n"
            "\n"
            "It is the Hessian for labels, or for targets that sum to 1.\n",
    .example = "smx hessian-product X.npy V.npy -o HV.npy",
    .inputs = 2,
    .settings = SETS_ARRAY | SETS_LOGITS | SETS_POLICIES,
    .needs = SET(SET_OUTPUT),
    .operation = &(const row_operation){.source = {{.fit = FIT_SAME}, {.fit = FIT_SAME}},
                                        .result = {{.extent = EXTENT_SAME}},
                                        .rows = hessian_product},
};

const command hessian_command = {
    .name = "hessian",
    .summary = "Hessian of cross-entropy for each row",
    .arguments = "X.npy -o H.npy [OPTION...]",
    .text = "Writes the Hessian of cross-entropy for each row of logits along the last axis,\n"
            "\n"
            "    H_ij = scale^2 p_i (1 - p_i) if i = j, else -scale^2 p_i p_j,  p = softmax(scale x + mask)\n"
            "\n"
            "An X of shape (..., n) gives (..., n, n), in C order. One matrix at a time is in memory as\n"
            "a whole. It is the Hessian for labels, or for targets that sum to 1.\n",
    .example = "smx hessian X.npy -o H.npy",
    .inputs = 1,
    .settings = SETS_OUTPUT | SETS_LOGITS | SETS_POLICIES,
    .needs = SET(SET_OUTPUT),
    .operation =
        &(const row_operation){.source = {{.fit = FIT_SAME}}, .result = {{.extent = EXTENT_SQUARES}}, .rows = hessian},
};
