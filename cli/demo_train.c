/* Softmax regression by gradient descent with momentum, to the same bits everywhere.
 *
 * The softmax, forward and backward, is the library's. The matrix products around it keep its promise: each sum is
 * added up in one fixed order, in double, and each product has two float factors, so that it is exact in double (48
 * bits at most) and a compiler that contracts it to an FMA changes nothing. What is left is single IEEE operations and
 * roundings to float; nothing the weights depend on is a call to libm.
 */
#include "demo.h"

#include <math.h>

/* Full-batch steps on a convex loss. These values had the validation accuracy of any from a coarse grid (within
 * its noise) when the training samples were cut in four folds; the test samples had no say in them. */
static const float learning_rate = 1.0f;
static const float momentum = 0.9f;
static const float weight_decay = 1e-4f; /* L2; the biases have none */

smx_status demo_predict(const demo_model *model, const demo_set *set, float *probabilities,
                        const smx_options *options) {
    for (size_t k = 0; k < set->count; k++) {
        const float *image = set->images + k * DEMO_PIXELS;
        double logits[DEMO_CLASSES];
        for (int c = 0; c < DEMO_CLASSES; c++)
            logits[c] = (double)model->weights[DEMO_PIXELS][c];
        for (int p = 0; p < DEMO_PIXELS; p++)
            for (int c = 0; c < DEMO_CLASSES; c++)
                logits[c] += (double)image[p] * (double)model->weights[p][c];
        for (int c = 0; c < DEMO_CLASSES; c++)
            probabilities[k * DEMO_CLASSES + (size_t)c] = (float)logits[c];
    }
    return smx_softmax_f32(set->count, DEMO_CLASSES, probabilities, DEMO_CLASSES, probabilities, DEMO_CLASSES, options);
}

/* dL/dlogits of the mean cross-entropy L = -1/K sum_k log y_k,label.
 *
 * One would write (y - onehot) / K at once: the softmax and the logarithm cancel. Here the two stay apart, since what
 * is on show is the backward pass for any loss, equation (6):
 *
 *     dx_i = y_i (dy_i - sum_j y_j dy_j)
 *
 * and this loss is L(y), with dL/dy_i = -1 / (K y_i) at the label and 0 elsewhere. The sum is then -1/K, so that (6)
 * gives y_i / K, and at the label y_i / K - 1/K: the same. */
static smx_status gradient_of_logits(const demo_set *set, const float *probabilities, float *gradient,
                                     const smx_options *options) {
    /* A label whose probability underflowed to 0 would divide by 0; from here up, 1 / (K y) stays finite. */
    const float tiny = 0x1p-100f;
    for (size_t k = 0; k < set->count; k++) {
        size_t row = k * DEMO_CLASSES;
        for (size_t c = 0; c < DEMO_CLASSES; c++)
            gradient[row + c] = 0.0f;
        float y = probabilities[row + set->labels[k]];
        gradient[row + set->labels[k]] = -1.0f / ((float)set->count * (y > tiny ? y : tiny));
    }
    return smx_softmax_backward_f32(set->count, DEMO_CLASSES, probabilities, DEMO_CLASSES, gradient, DEMO_CLASSES,
                                    gradient, DEMO_CLASSES, options);
}

/* dL/dweights = (images, 1)^T dL/dlogits. */
static void gradient_of_weights(const demo_set *set, const float *gradient, double sums[DEMO_INPUTS][DEMO_CLASSES]) {
    for (int p = 0; p < DEMO_INPUTS; p++)
        for (int c = 0; c < DEMO_CLASSES; c++)
            sums[p][c] = 0.0;
    for (size_t k = 0; k < set->count; k++) {
        const float *image = set->images + k * DEMO_PIXELS;
        const float *row = gradient + k * DEMO_CLASSES;
        for (int p = 0; p < DEMO_PIXELS; p++)
            for (int c = 0; c < DEMO_CLASSES; c++)
                sums[p][c] += (double)image[p] * (double)row[c];
        for (int c = 0; c < DEMO_CLASSES; c++)
            sums[DEMO_PIXELS][c] += (double)row[c];
    }
}

smx_status demo_descend(demo_model *model, const demo_set *set, const float *probabilities, float *gradient,
                        const smx_options *options) {
    smx_status status = gradient_of_logits(set, probabilities, gradient, options);
    if (status != SMX_OK)
        return status;
    double sums[DEMO_INPUTS][DEMO_CLASSES];
    gradient_of_weights(set, gradient, sums);
    for (int p = 0; p < DEMO_INPUTS; p++) {
        double decay = p < DEMO_PIXELS ? (double)weight_decay : 0.0;
        for (int c = 0; c < DEMO_CLASSES; c++) {
            float *weight = &model->weights[p][c];
            float *velocity = &model->velocity[p][c];
            double slope = sums[p][c] + decay * (double)*weight;
            *velocity = (float)(slope + (double)momentum * (double)*velocity);
            *weight = (float)((double)*weight - (double)learning_rate * (double)*velocity);
        }
    }
    return SMX_OK;
}

double demo_loss(const demo_set *set, const float *probabilities) {
    double sum = 0.0;
    for (size_t k = 0; k < set->count; k++)
        sum -= log((double)probabilities[k * DEMO_CLASSES + set->labels[k]]);
    return sum / (double)set->count;
}

int demo_class(const float *probabilities) {
    int best = 0;
    for (int c = 1; c < DEMO_CLASSES; c++)
        if (probabilities[c] > probabilities[best])
            best = c;
    return best;
}

void demo_count(const demo_set *set, const float *probabilities, size_t counts[DEMO_CLASSES][DEMO_CLASSES]) {
    for (int i = 0; i < DEMO_CLASSES; i++)
        for (int j = 0; j < DEMO_CLASSES; j++)
            counts[i][j] = 0;
    for (size_t k = 0; k < set->count; k++)
        counts[set->labels[k]][demo_class(probabilities + k * DEMO_CLASSES)]++;
}

double demo_accuracy(const demo_set *set, const float *probabilities) {
    size_t right = 0;
    for (size_t k = 0; k < set->count; k++)
        right += demo_class(probabilities + k * DEMO_CLASSES) == set->labels[k];
    return (double)right / (double)set->count;
}
