/* smx scale-gradient: the gradient of a loss with respect to the scale of the logits. */
#include "commands.h"
#include "operation.h"

enum { EACH_ROW, ALL_ROWS };

static bool one_a_row(const settings *set) { return set->text[SET_SCALE_FILE] != NULL; }
static bool one(const settings *set) { return !one_a_row(set); }

/* The sum over all rows is exact until it is rounded, which only one call can do. */
static smx_status scale_gradient(const row_call *c) {
    void *out = c->out[one(c->set) ? ALL_ROWS : EACH_ROW];
    return ROW_CALL(c, smx_scale_gradient, c->rows, c->n, c->in[0], c->n, c->in[1], c->n, out, c->options);
}

const command scale_gradient_command = {
    .name = "scale-gradient",
    .summary = "gradient with respect to the scale of the logits",
    .arguments = "X.npy DX.npy -o DSCALE.npy [OPTION...]",
    .text = "Writes the gradient with respect to the scale\n"
            "\n"
            "    dscale = (sum x dx) / scale\n"
            "\n"
            "from the logits X and the gradient DX that any backward pass here gave with that scale\n"
            "and those masks: one number of shape () over all rows, which are in memory as a whole\n"
            "then; or with --scale-file one for each row. That with respect to a temperature T is\n"
            "-dscale / T^2.\n",
    .example = "smx scale-gradient X.npy DX.npy -o DSCALE.npy --scale 0.5",
    .inputs = 2,
    .settings = SETS_ARRAY | SETS_LOGITS,
    .needs = SET(SET_OUTPUT),
    .operation = &(const row_operation){.source = {{.fit = FIT_SAME}, {.fit = FIT_SAME}},
                                        .result = {{.extent = EXTENT_ROWS, .allowed = one_a_row},
                                                   {.extent = EXTENT_ONE, .allowed = one}},
                                        .rows = scale_gradient,
                                        .whole = one},
};
