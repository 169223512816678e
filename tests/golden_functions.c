/* The functions that golden vectors know, and the arrays that they take and give. */
#include "golden.h"

#include <stdlib.h>

const golden_part golden_arrays[GOLDEN_ARRAYS] = {
    [GOLDEN_X] = {"x", GOLDEN_ROW},
    [GOLDEN_Y] = {"y", GOLDEN_ROW},
    [GOLDEN_DY] = {"dy", GOLDEN_ROW},
    [GOLDEN_DX] = {"dx", GOLDEN_ROW},
    [GOLDEN_DDX] = {"ddx", GOLDEN_ROW},
    [GOLDEN_DZ] = {"dz", GOLDEN_ROW},
    [GOLDEN_DLSE] = {"dlse", GOLDEN_ONE},
    [GOLDEN_B] = {"b", GOLDEN_ROW},
    [GOLDEN_V] = {"v", GOLDEN_ROW},
    [GOLDEN_LABEL] = {"label", GOLDEN_ONE},
    [GOLDEN_TARGETS] = {"targets", GOLDEN_ROW},
    [GOLDEN_SCALE] = {"scale", GOLDEN_ONE},
    [GOLDEN_ADD] = {"add", GOLDEN_ROW},
    [GOLDEN_KEEP] = {"keep", GOLDEN_ROW},
    [GOLDEN_LENGTH] = {"length", GOLDEN_ONE},
    [GOLDEN_CLASS_WEIGHTS] = {"class_weights", GOLDEN_ROW},
    [GOLDEN_SMOOTHING] = {"smoothing", GOLDEN_ONE},
    [GOLDEN_Z_LOSS] = {"z_loss", GOLDEN_ONE},
    [GOLDEN_SOFTCAP] = {"softcap", GOLDEN_ONE},
    [GOLDEN_DLOSS] = {"dloss", GOLDEN_ONE},
    [GOLDEN_CAUSAL] = {"causal", GOLDEN_ONE},
    [GOLDEN_QUERIES] = {"queries", GOLDEN_ONE},
    [GOLDEN_WINDOW_LEFT] = {"window_left", GOLDEN_ONE},
    [GOLDEN_WINDOW_RIGHT] = {"window_right", GOLDEN_ONE},
    [GOLDEN_ALIBI] = {"alibi", GOLDEN_ONE},
    [GOLDEN_SINK] = {"sink", GOLDEN_ONE},
};

const golden_signature golden_signatures[GOLDEN_FUNCTIONS] = {
    [GOLDEN_SOFTMAX] = {"softmax", 1, {GOLDEN_X}, {{"y", GOLDEN_ROW}}},
    [GOLDEN_BACKWARD] = {"backward", 2, {GOLDEN_Y, GOLDEN_DY}, {{"dx", GOLDEN_ROW}}},
    [GOLDEN_JACOBIAN] = {"jacobian", 1, {GOLDEN_Y}, {{"jac", GOLDEN_MATRIX}}},
    [GOLDEN_LOG_SOFTMAX] = {"log_softmax", 1, {GOLDEN_X}, {{"y", GOLDEN_ROW}}},
    [GOLDEN_LOG_SOFTMAX_BACKWARD] = {"log_softmax_backward", 2, {GOLDEN_Y, GOLDEN_DY}, {{"dx", GOLDEN_ROW}}},
    [GOLDEN_LOGSUMEXP] = {"logsumexp", 1, {GOLDEN_X}, {{"lse", GOLDEN_ONE}}},
    [GOLDEN_LOGSUMEXP_BACKWARD] = {"logsumexp_backward", 2, {GOLDEN_X, GOLDEN_DLSE}, {{"dx", GOLDEN_ROW}}},
    [GOLDEN_LOGSUMEXP_WEIGHTED] = {"logsumexp_weighted",
                                   2,
                                   {GOLDEN_X, GOLDEN_B},
                                   {{"lse", GOLDEN_ONE}, {"sign", GOLDEN_ONE}}},
    [GOLDEN_SCALE_GRADIENT] = {"scale_gradient", 2, {GOLDEN_X, GOLDEN_DX}, {{"dscale", GOLDEN_ONE}}},
    [GOLDEN_CROSS_ENTROPY] =
        {"cross_entropy",
         2,
         {GOLDEN_X, GOLDEN_LABEL},
         {{"loss", GOLDEN_ONE}, {"lse", GOLDEN_ONE}, {"dx", GOLDEN_ROW}, {"target_log_prob", GOLDEN_ONE}}},
    [GOLDEN_CROSS_ENTROPY_DENSE] =
        {"cross_entropy_dense",
         2,
         {GOLDEN_X, GOLDEN_TARGETS},
         {{"loss", GOLDEN_ONE}, {"lse", GOLDEN_ONE}, {"dx", GOLDEN_ROW}, {"dtargets", GOLDEN_ROW}}},
    [GOLDEN_SOFTMAX_JVP] = {"softmax_jvp", 2, {GOLDEN_Y, GOLDEN_V}, {{"jv", GOLDEN_ROW}}},
    [GOLDEN_LOG_SOFTMAX_JVP] = {"log_softmax_jvp", 2, {GOLDEN_Y, GOLDEN_V}, {{"jv", GOLDEN_ROW}}},
    [GOLDEN_DOUBLE_BACKWARD] = {"double_backward",
                                3,
                                {GOLDEN_Y, GOLDEN_DY, GOLDEN_DDX},
                                {{"gy", GOLDEN_ROW}, {"gdy", GOLDEN_ROW}}},
    [GOLDEN_HESSIAN_PRODUCT] = {"hessian_product", 2, {GOLDEN_X, GOLDEN_V}, {{"hv", GOLDEN_ROW}}},
    [GOLDEN_HESSIAN] = {"hessian", 1, {GOLDEN_X}, {{"hess", GOLDEN_MATRIX}}},
    [GOLDEN_NLL] = {"nll",
                    2,
                    {GOLDEN_Y, GOLDEN_LABEL},
                    {{"loss", GOLDEN_ONE}, {"dx", GOLDEN_ROW}, {"target_log_prob", GOLDEN_ONE}}},
    [GOLDEN_ARGMAX] = {"argmax", 1, {GOLDEN_X}, {{"argmax", GOLDEN_ONE}}},
    [GOLDEN_SOFTCAP_BACKWARD] = {"softcap_backward", 2, {GOLDEN_X, GOLDEN_DZ}, {{"dx", GOLDEN_ROW}}},
    [GOLDEN_SINK_GRADIENT] = {"sink_gradient", 3, {GOLDEN_X, GOLDEN_Y, GOLDEN_DY}, {{"dsink", GOLDEN_ONE}}},
};

size_t golden_count(const golden_case *c, golden_size size) {
    switch (size) {
    case GOLDEN_ONE:
        return 1;
    case GOLDEN_ROW:
        return c->n;
    case GOLDEN_MATRIX:
        return c->n * c->n;
    case GOLDEN_NONE:
    default:
        return 0;
    }
}

size_t golden_result_offset(const golden_case *c, size_t k) {
    size_t offset = 0;
    for (size_t i = 0; i < k; i++)
        offset += golden_count(c, golden_signatures[c->function].results[i].size);
    return offset;
}

size_t golden_result_count(const golden_case *c) { return golden_result_offset(c, GOLDEN_RESULTS); }

void golden_add(golden_case *c, golden_array a) {
    size_t count = golden_count(c, golden_arrays[a].size);
    c->array[a] = calloc(count + !count, c->f64 ? sizeof(double) : sizeof(float));
    if (!c->array[a])
        abort();
}

void golden_set(golden_case *c, golden_array a, size_t i, double value) {
    if (!c->array[a])
        golden_add(c, a);
    if (c->f64)
        ((double *)c->array[a])[i] = value;
    else
        ((float *)c->array[a])[i] = (float)value;
}

double golden_get(const golden_case *c, golden_array a, size_t i) {
    return c->f64 ? ((const double *)c->array[a])[i] : (double)((const float *)c->array[a])[i];
}
