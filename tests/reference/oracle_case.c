#include "oracle_case.h"

#include "kernel_bounds.h"

#include <stddef.h>

/* The functions of version 0.1 have their own judges, which know rows without scale and masks. */
static bool is_plain(const golden_case *c) {
    for (size_t a = GOLDEN_SCALE; a < GOLDEN_ARRAYS; a++)
        if (c->array[a])
            return false;
    return true;
}

static oracle_verdict first_functions(const golden_case *c, const void *result) {
    oracle_type type = c->f64 ? ORACLE_F64 : ORACLE_F32;
    void *const *a = c->array;
    oracle_verdict v = {.bound = 1, .unit = "of the bound"};
    if (c->function == GOLDEN_BACKWARD) {
        v.error = oracle_backward_error(type, c->n, a[GOLDEN_Y], a[GOLDEN_DY], result, &v.at);
    } else if (c->function == GOLDEN_SOFTMAX) {
        v.error = oracle_softmax_error(type, c->n, a[GOLDEN_X], result, &c->options, &v.at);
        v.bound = BOUND_SOFTMAX;
        v.unit = "ULP";
    } else {
        v.error = oracle_jacobian_error(type, c->n, a[GOLDEN_Y], result, c->n, &v.at);
        v.bound = BOUND_JACOBIAN;
        v.unit = "ULP";
    }
    return v;
}

static size_t result_arrays(const golden_case *c) {
    size_t count = 0;
    while (count < GOLDEN_RESULTS && golden_signatures[c->function].results[count].name)
        count++;
    return count;
}

size_t oracle_case(const golden_case *c, const void *result, oracle_verdict verdicts[GOLDEN_RESULTS]) {
    for (size_t k = 0; k < GOLDEN_RESULTS; k++)
        verdicts[k] = (oracle_verdict){.bound = 1, .unit = "of the bound"};
    if (c->function == GOLDEN_JACOBIAN || (c->function <= GOLDEN_BACKWARD && is_plain(c))) {
        verdicts[0] = first_functions(c, result);
        return 1;
    }
    oracle_judge j;
    oracle_judge_init(&j, c);
    switch (c->function) {
    case GOLDEN_CROSS_ENTROPY:
    case GOLDEN_CROSS_ENTROPY_DENSE:
        oracle_judge_cross_entropy(&j, result, verdicts);
        break;
    case GOLDEN_NLL:
        oracle_judge_nll(&j, result, verdicts);
        break;
    case GOLDEN_BACKWARD:
    case GOLDEN_SOFTMAX_JVP:
    case GOLDEN_LOG_SOFTMAX_JVP:
    case GOLDEN_DOUBLE_BACKWARD:
    case GOLDEN_HESSIAN_PRODUCT:
    case GOLDEN_HESSIAN:
        oracle_judge_second_order(&j, result, verdicts);
        break;
    default:
        oracle_judge_log(&j, result, verdicts);
    }
    oracle_judge_clear(&j);
    return result_arrays(c);
}

bool oracle_verdict_good(const oracle_verdict *v) {
    bool attained = v->bound == 1 || v->bound == 0.5;
    return v->error < v->bound || (attained && v->error == v->bound);
}
