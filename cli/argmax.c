/* smx argmax: the limit of softmax at temperature 0. The library has it beside the loss, so each row gets a label that
 * is ignored. */
#include "commands.h"
#include "operation.h"

enum { ARGMAX, LABELS };
enum { IGNORED = -1 };

static smx_status argmax(const row_call *c) {
    int64_t *labels = c->out[LABELS];
    for (size_t r = 0; r < c->rows; r++)
        labels[r] = IGNORED;
    const smx_cross_entropy_args_f32 f32 = {.size = sizeof f32,
                                            .labels_i64 = labels,
                                            .use_ignore_index = 1,
                                            .ignore_index = IGNORED,
                                            .argmax = c->out[ARGMAX]};
    const smx_cross_entropy_args_f64 f64 = {.size = sizeof f64,
                                            .labels_i64 = labels,
                                            .use_ignore_index = 1,
                                            .ignore_index = IGNORED,
                                            .argmax = c->out[ARGMAX]};
    return c->real == NPY_F4 ? smx_cross_entropy_f32(c->rows, c->n, c->in[0], c->n, &f32, c->options)
                             : smx_cross_entropy_f64(c->rows, c->n, c->in[0], c->n, &f64, c->options);
}

const command argmax_command = {
    .name = "argmax",
    .summary = "where each row has its first largest logit",
    .arguments = "X.npy -o A.npy [OPTION...]",
    .text = "Writes where each row of X along an axis has the first of its largest logits,\n"
            "\n"
            "    z_i = scale x_i + mask_i\n"
            "\n"
            "as i8, in the shape of X without that axis: the limit of softmax at temperature 0. A\n"
            "row with a NaN in it, and one that is masked out or -inf throughout, give -1.\n",
    .example = "smx argmax X.npy -o A.npy --mask KEEP.npy",
    .inputs = 1,
    .settings = SETS_X | SET(SET_OUTPUT) | SET(SET_AXIS) | SET(SET_KEEPDIMS) | SET(SET_THREADS) | SET(SET_MEMORY) |
                SET(SET_HELP),
    .needs = SET(SET_OUTPUT),
    .operation =
        &(const row_operation){
            .source = {{.fit = FIT_SAME}},
            .result = {[ARGMAX] = {.extent = EXTENT_ROWS, .dtype = NPY_I8},
                       [LABELS] = {.extent = EXTENT_ROWS, .to = SETTINGS, .dtype = NPY_I8, .always = true}},
            .rows = argmax},
};
