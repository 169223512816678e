/* smx jacobian: equation (5) for each row along the last axis. A matrix that is too large for memory is made in strips,
 * and these in pieces. */
#include <math.h>
#include <string.h>

#include "commands.h"
#include "operation.h"

/* Two pieces of a row, one after the other, and their matrix. */
typedef struct pieces {
    double sample[2 * MAX_STRIP];
    double minor[4 * MAX_STRIP * MAX_STRIP];
} pieces;

static smx_status jacobian(const row_call *c) {
    return ROW_CALL(c, smx_softmax_jacobian, c->rows, c->n, c->in[0], c->n, c->out[0], c->n, c->n * c->n, c->options);
}

/* A number that is not finite spoils the whole matrix. */
static bool is_finite(const row_call *c) {
    for (size_t i = 0; i < c->n; i++) {
        if (!isfinite(c->real == NPY_F4 ? ((const float *)c->in[0])[i] : ((const double *)c->in[0])[i]))
            return false;
    }
    return true;
}

static void sample_row(const row_call *c, size_t first, size_t count, bool finite, char *to) {
    size_t item = npy_item_size(c->real);
    if (finite)
        memcpy(to, (const char *)c->in[0] + first * item, count * item);
    else
        memset(to, 0xff, count * item); /* NaN */
}

/* J_ij depends on y_i and y_j alone, so the matrix of a sample of a row is a minor of the row's own. The piece of the
 * strip that holds the diagonal needs its own rows only. */
static smx_status strip(const row_call *c, size_t first, size_t rows) {
    pieces *p = c->state;
    size_t item = npy_item_size(c->real), columns;
    bool finite = is_finite(c);
    char *sample = (char *)p->sample, *out = c->out[0];
    sample_row(c, first, rows, finite, sample);
    for (size_t k = 0; k < c->n; k += columns) {
        size_t left = (k < first ? first : c->n) - k;
        columns = k == first ? rows : left < MAX_STRIP ? left : MAX_STRIP;
        size_t n = k == first ? rows : rows + columns;
        if (k != first)
            sample_row(c, k, columns, finite, sample + rows * item);
        smx_status status =
            ROW_CALL(c, smx_softmax_jacobian, 1, n, (void *)sample, n, (void *)p->minor, n, n * n, c->options);
        if (status != SMX_OK)
            return status;
        for (size_t r = 0; r < rows; r++)
            memcpy(out + (r * c->n + k) * item, (char *)p->minor + (r * n + n - columns) * item, columns * item);
    }
    return SMX_OK;
}

const command jacobian_command = {
    .name = "jacobian",
    .summary = "Jacobian matrix of each row of a softmax",
    .arguments = "Y.npy -o J.npy [OPTION...]",
    .text = "Writes the Jacobian of softmax for each row of its result Y along the last axis,\n"
            "\n"
            "    J_ij = y_i (1 - y_i) if i = j, else -y_i y_j\n"
            "\n"
            "A Y of shape (..., n) gives (..., n, n), in C order. Y may be '-', standard input; Y\n"
            "and the result may be larger than memory.\n",
    .example = "smx jacobian Y.npy -o J.npy",
    .inputs = 1,
    .settings = SETS_OUTPUT,
    .needs = SET(SET_OUTPUT),
    .operation = &(const row_operation){.source = {{.fit = FIT_SAME}},
                                        .result = {{.extent = EXTENT_SQUARES}},
                                        .rows = jacobian,
                                        .strip = strip,
                                        .state_bytes = sizeof(pieces)},
};
