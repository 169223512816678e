#include "functions.h"

#include <stdio.h>
#include <stdlib.h>

static smx_status softmax(const dtype *t, size_t rows, size_t n, void *const *in, void *out, const smx_options *opt) {
    return t->softmax(rows, n, in[0], n, out, n, opt);
}

static smx_status backward(const dtype *t, size_t rows, size_t n, void *const *in, void *out, const smx_options *opt) {
    return t->backward(rows, n, in[0], n, in[1], n, out, n, opt);
}

static smx_status log_softmax(const dtype *t, size_t rows, size_t n, void *const *in, void *out,
                              const smx_options *opt) {
    return CALL(t, smx_log_softmax, rows, n, in[0], n, out, n, opt);
}

static smx_status log_softmax_backward(const dtype *t, size_t rows, size_t n, void *const *in, void *out,
                                       const smx_options *opt) {
    return CALL(t, smx_log_softmax_backward, rows, n, in[0], n, in[1], n, out, n, opt);
}

static smx_status log_softmax_jvp(const dtype *t, size_t rows, size_t n, void *const *in, void *out,
                                  const smx_options *opt) {
    return CALL(t, smx_log_softmax_jvp, rows, n, in[0], n, in[1], n, out, n, opt);
}

static smx_status logsumexp(const dtype *t, size_t rows, size_t n, void *const *in, void *out, const smx_options *opt) {
    return CALL(t, smx_logsumexp, rows, n, in[0], n, out, opt);
}

static smx_status logsumexp_backward(const dtype *t, size_t rows, size_t n, void *const *in, void *out,
                                     const smx_options *opt) {
    return CALL(t, smx_logsumexp_backward, rows, n, in[0], n, in[1], out, n, opt);
}

static smx_status jvp(const dtype *t, size_t rows, size_t n, void *const *in, void *out, const smx_options *opt) {
    return CALL(t, smx_softmax_jvp, rows, n, in[0], n, in[1], n, out, n, opt);
}

static smx_status hessian_product(const dtype *t, size_t rows, size_t n, void *const *in, void *out,
                                  const smx_options *opt) {
    return CALL(t, smx_cross_entropy_hessian_product, rows, n, in[0], n, in[1], n, out, n, opt);
}

const function functions[FUNCTIONS] = {
    {"softmax", {LOGITS}, 0, softmax},
    {"backward", {PROBABILITIES, LOGITS}, 0, backward},
    {"log-softmax", {LOGITS}, 0, log_softmax},
    {"log-softmax-backward", {LOGARITHMS, LOGITS}, 0, log_softmax_backward},
    {"log-softmax-jvp", {LOGARITHMS, LOGITS}, 0, log_softmax_jvp},
    {"logsumexp", {LOGITS}, 1, logsumexp},
    {"logsumexp-backward", {LOGITS, ONE_A_ROW}, 0, logsumexp_backward},
    {"jvp", {PROBABILITIES, LOGITS}, 0, jvp},
    {"hessian-product", {LOGITS, LOGITS}, 0, hessian_product},
};

array array_like(const dtype *t, const array *shape) {
    array a = *shape;
    a.t = t;
    array_allocate(&a);
    return a;
}

array array_without_axis(const array *a, size_t axis) {
    array rows = *a;
    rows.ndim--;
    for (size_t i = axis; i < rows.ndim; i++)
        rows.shape[i] = rows.shape[i + 1];
    return rows;
}

static void fill(array *a, kind what, rng *r) {
    double low = what == PROBABILITIES ? 0 : -8, high = what == PROBABILITIES ? 1 : what == LOGARITHMS ? 0 : 8;
    for (size_t i = 0, n = array_count(a); i < n; i++)
        a->t->store(a->data, i, rng_uniform(r, low, high));
}

array make(const dtype *t, const char *path, kind what, array shape, rng *r) {
    array a = array_like(t, &shape);
    fill(&a, what, r);
    array_write(&a, path, 1, 0);
    return a;
}

void make_inputs(const function *f, const dtype *t, const array *shape, size_t axis, array *in, rng *r) {
    for (int i = 0; i < INPUTS && f->in[i] != NOTHING; i++) {
        char path[24];
        snprintf(path, sizeof path, "in%d.npy", i);
        in[i] = make(t, path, f->in[i], f->in[i] == ONE_A_ROW ? array_without_axis(shape, axis) : *shape, r);
    }
}

void free_inputs(array *in) {
    for (int i = 0; i < INPUTS; i++)
        free(in[i].data);
}

const char *inputs_of(const function *f) { return f->in[1] == NOTHING ? "in0.npy" : "in0.npy in1.npy"; }
