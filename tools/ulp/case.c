#include "case.h"

#include <stdio.h>
#include <stdlib.h>

#include "oracle.h"

void *golden_compute(const golden_case *c) {
    void *out = calloc(c->result_count + !c->result_count, sizeof(double));
    smx_status status = out ? golden_run(c, out) : SMX_OK;
    if (!out || status != SMX_OK) {
        fprintf(stderr, "%s: %s\n", c->name, out ? smx_status_str(status) : "no memory");
        free(out);
        return NULL;
    }
    return out;
}

double golden_error(const golden_case *c, const void *result) {
    oracle_type type = c->f64 ? ORACLE_F64 : ORACLE_F32;
    switch (c->function) {
    case GOLDEN_SOFTMAX:
        return oracle_softmax_error(type, c->n, c->input, result, &c->options, NULL);
    case GOLDEN_BACKWARD:
        return oracle_backward_error(type, c->n, c->input, c->gradient, result, NULL);
    default:
        return oracle_jacobian_error(type, c->n, c->input, result, c->n, NULL);
    }
}

bool golden_within_bound(const golden_case *c, double error) {
    switch (c->function) {
    case GOLDEN_SOFTMAX:
        return error < 3;
    case GOLDEN_BACKWARD:
        return error <= 1;
    default:
        return error <= 0.5;
    }
}
