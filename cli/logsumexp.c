/* smx logsumexp, weighted and signed too, and its backward pass. */
#include "commands.h"
#include "message.h"
#include "operation.h"

enum { X, WEIGHTS, LSE = 0, SIGN = 1 };

static smx_status logsumexp(const row_call *c) {
    if (c->in[WEIGHTS] == NULL)
        return ROW_CALL(c, smx_logsumexp, c->rows, c->n, c->in[X], c->n, c->out[LSE], c->options);
    size_t ld = c->source[WEIGHTS].one_row ? 0 : c->n;
    return ROW_CALL(c, smx_logsumexp_weighted, c->rows, c->n, c->in[X], c->n, c->in[WEIGHTS], ld, c->out[LSE],
                    c->out[SIGN], c->options);
}

static smx_status backward(const row_call *c) {
    return ROW_CALL(c, smx_logsumexp_backward, c->rows, c->n, c->in[0], c->n, c->in[1], c->out[0], c->n, c->options);
}

static int check(const settings *set, const input *source) {
    (void)source;
    if (set->text[SET_SIGN] != NULL && set->text[SET_WEIGHTS] == NULL)
        return complain_usage(set->who, "--sign needs --weights: without them every sum is positive");
    if (set->text[SET_SINK] != NULL && set->text[SET_WEIGHTS] != NULL)
        return complain_usage(set->who, "--sink has no weight: it does not go with --weights");
    return EXIT_OK;
}

const command logsumexp_command = {
    .name = "logsumexp",
    .summary = "logarithm of a sum of exponentials, weighted and signed too",
    .arguments = "X.npy -o LSE.npy [OPTION...]",
    .text = "Writes the logarithm of the sum of exponentials of each row of X along an axis,\n"
            "\n"
            "    lse = log sum_j exp(z_j),  z_j = scale x_j + mask_j\n"
            "    lse = log |sum_j b_j exp(z_j)|  with weights b\n"
            "\n"
            "The result has the shape of X without that axis. A row that is masked out, and a sum\n"
            "of 0, give -inf.\n",
    .example = "smx logsumexp X.npy -o LSE.npy --weights B.npy --sign SIGN.npy",
    .inputs = 1,
    .settings = SETS_ARRAY | SETS_X | SET(SET_SINK) | SET(SET_KEEPDIMS) | SET(SET_WEIGHTS) | SET(SET_SIGN),
    .needs = SET(SET_OUTPUT) | SET(SET_SIGN),
    .operation = &(const row_operation){.source = {{.fit = FIT_SAME}, {.fit = FIT_BROADCAST, .from = SET_WEIGHTS}},
                                        .result = {{.extent = EXTENT_ROWS, .always = true},
                                                   {.extent = EXTENT_ROWS, .to = SET_SIGN}},
                                        .rows = logsumexp,
                                        .check = check},
};

const command logsumexp_backward_command = {
    .name = "logsumexp-backward",
    .summary = "gradient of logsumexp's input from that of its result",
    .arguments = "X.npy DLSE.npy -o DX.npy [OPTION...]",
    .text = "Writes the gradient of logsumexp's input\n"
            "\n"
            "    dx_i = scale dlse softmax(z)_i,  z_i = scale x_i + mask_i\n"
            "\n"
            "from X and DLSE, the gradient of the result: one number for each row of X, in the shape\n"
            "of X without the axis.\n",
    .example = "smx logsumexp-backward X.npy DLSE.npy -o DX.npy",
    .inputs = 2,
    .settings = SETS_ARRAY | SETS_X | SET(SET_SINK) | SETS_POLICIES,
    .needs = SET(SET_OUTPUT),
    .operation = &(const row_operation){.source = {{.fit = FIT_SAME}, {.fit = FIT_ROWS}},
                                        .result = {{.extent = EXTENT_SAME}},
                                        .rows = backward},
};
