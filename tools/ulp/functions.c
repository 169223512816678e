/* The functions of log.h, cross_entropy.h and second_order.h, and softmax with scale and a mask: the errors of the
 * library's results, always by MPFR. */
#include <stdlib.h>

#include "functions_rows.h"
#include "kernel_bounds.h"
#include "problem.h"

/* The group in which element i of the row stands. */
static size_t group_of(const row *r, size_t i) {
    size_t group = 0;
    while (group + 1 < r->groups && i >= r->count[group])
        i -= r->count[group++];
    return group;
}

static double evaluate(const problem *p, const row *r, bool exactly, size_t *hot) {
    (void)exactly;
    golden_case c = problem_case(p, r);
    void *result = golden_compute(&c);
    if (!result)
        require(SMX_ERROR_MEMORY, p->name);
    oracle_verdict verdicts[GOLDEN_RESULTS];
    size_t count = oracle_case(&c, result, verdicts);
    double worst = -1;
    for (size_t k = 0; k < count; k++) {
        if (p->part < GOLDEN_RESULTS && k != p->part)
            continue;
        double error = p->part < GOLDEN_RESULTS ? verdicts[k].error : verdicts[k].error / verdicts[k].bound;
        if (error > worst) {
            worst = error;
            *hot = group_of(r, verdicts[k].at % (r->n + !r->n));
        }
    }
    free(result);
    golden_case_clear(&c);
    return worst;
}

/* In f32 and f64. All bounds in ULP but for the last column; "of the bound", 1, may be reached. */
#define PROBLEM(label, real, f, parts, result, most, count, ...)                                                   \
    {                                                                                                              \
        .name = label, .function = f, .array_count = count, .arrays = {__VA_ARGS__}, .part = result, .type = real, \
        .bound = parts, .attained = parts == 1, .unit = parts == 1 ? "of the bound" : "ULP", .max_n = most,        \
        .generate = functions_generate, .mutate = functions_mutate, .evaluate = evaluate                           \
    }
/* The same with slopes, and what else `given` says. */
#define ATTENTION(label, real, given, f, parts, ...)                                                            \
    {                                                                                                           \
        .name = label, .function = f, .array_count = COUNT_OF(__VA_ARGS__), .arrays = {__VA_ARGS__}, .part = 0, \
        .attention = ATTENTION_SLOPE | (given), .type = real, .bound = parts, .attained = parts == 1,           \
        .unit = parts == 1 ? "of the bound" : "ULP", .max_n = 100000, .generate = functions_generate,           \
        .mutate = functions_mutate, .evaluate = evaluate                                                        \
    }
#define COUNT_OF(...) (sizeof((golden_array[]){__VA_ARGS__}) / sizeof(golden_array))
#define ATTENTION_BOTH(label, ...) \
    ATTENTION(label "-f32", ORACLE_F32, __VA_ARGS__), ATTENTION(label "-f64", ORACLE_F64, __VA_ARGS__)
#define BOTH(label, ...) PROBLEM(label "-f32", ORACLE_F32, __VA_ARGS__), PROBLEM(label "-f64", ORACLE_F64, __VA_ARGS__)

enum { LONG = 10000000, SQUARE = 12, ALL = GOLDEN_RESULTS };

const problem function_problems[] = {
    BOTH("softmax-logits", GOLDEN_SOFTMAX, BOUND_SOFTMAX_LOGITS, 0, LONG, 2, GOLDEN_X, GOLDEN_ADD),
    BOTH("log-softmax", GOLDEN_LOG_SOFTMAX, BOUND_LOG_SOFTMAX, 0, LONG, 1, GOLDEN_X),
    BOTH("log-softmax-logits", GOLDEN_LOG_SOFTMAX, BOUND_LOG_SOFTMAX_LOGITS, 0, LONG, 2, GOLDEN_X, GOLDEN_ADD),
    BOTH("log-softmax-backward", GOLDEN_LOG_SOFTMAX_BACKWARD, 1, 0, LONG, 2, GOLDEN_Y, GOLDEN_DY),
    BOTH("logsumexp", GOLDEN_LOGSUMEXP, 1, 0, LONG, 1, GOLDEN_X),
    BOTH("logsumexp-logits", GOLDEN_LOGSUMEXP, 1, 0, LONG, 2, GOLDEN_X, GOLDEN_ADD),
    BOTH("logsumexp-backward", GOLDEN_LOGSUMEXP_BACKWARD, BOUND_LOGSUMEXP_BACKWARD, 0, LONG, 1, GOLDEN_X),
    BOTH("logsumexp-weighted", GOLDEN_LOGSUMEXP_WEIGHTED, 1, 0, LONG, 2, GOLDEN_X, GOLDEN_B),
    BOTH("scale-gradient", GOLDEN_SCALE_GRADIENT, 1, 0, LONG, 2, GOLDEN_X, GOLDEN_DX),
    BOTH("cross-entropy-loss", GOLDEN_CROSS_ENTROPY, BOUND_LOG_SOFTMAX, 0, LONG, 1, GOLDEN_X),
    BOTH("cross-entropy-gradient", GOLDEN_CROSS_ENTROPY, 1, 2, LONG, 1, GOLDEN_X),
    BOTH("cross-entropy-options", GOLDEN_CROSS_ENTROPY, 1, ALL, LONG, 2, GOLDEN_X, GOLDEN_CLASS_WEIGHTS),
    BOTH("cross-entropy-dense", GOLDEN_CROSS_ENTROPY_DENSE, 1, ALL, LONG, 3, GOLDEN_X, GOLDEN_TARGETS,
         GOLDEN_CLASS_WEIGHTS),
    BOTH("softmax-jvp", GOLDEN_SOFTMAX_JVP, 1, 0, LONG, 2, GOLDEN_Y, GOLDEN_V),
    BOTH("log-softmax-jvp", GOLDEN_LOG_SOFTMAX_JVP, 1, 0, LONG, 2, GOLDEN_Y, GOLDEN_V),
    BOTH("double-backward", GOLDEN_DOUBLE_BACKWARD, 1, ALL, LONG, 3, GOLDEN_Y, GOLDEN_DY, GOLDEN_DDX),
    BOTH("hessian-product", GOLDEN_HESSIAN_PRODUCT, 1, 0, LONG, 2, GOLDEN_X, GOLDEN_V),
    BOTH("hessian", GOLDEN_HESSIAN, 1, 0, SQUARE, 1, GOLDEN_X),
    ATTENTION_BOTH("softmax-sink", ATTENTION_SINK, GOLDEN_SOFTMAX, BOUND_SOFTMAX_LOGITS, GOLDEN_X),
    ATTENTION_BOTH("softmax-softcap", ATTENTION_SINK | ATTENTION_CAP, GOLDEN_SOFTMAX, 1, GOLDEN_X),
    ATTENTION_BOTH("log-softmax-slope", 0, GOLDEN_LOG_SOFTMAX, BOUND_LOG_SOFTMAX_LOGITS, GOLDEN_X),
    ATTENTION_BOTH("logsumexp-sink", ATTENTION_SINK, GOLDEN_LOGSUMEXP, 1, GOLDEN_X),
    ATTENTION_BOTH("logsumexp-backward-sink", ATTENTION_SINK, GOLDEN_LOGSUMEXP_BACKWARD, BOUND_LOGSUMEXP_BACKWARD,
                   GOLDEN_X),
    ATTENTION_BOTH("logsumexp-backward-softcap", ATTENTION_SINK | ATTENTION_CAP, GOLDEN_LOGSUMEXP_BACKWARD, 1,
                   GOLDEN_X),
    ATTENTION_BOTH("softcap-backward", ATTENTION_CAP, GOLDEN_SOFTCAP_BACKWARD, 1, GOLDEN_X, GOLDEN_DZ),
    ATTENTION_BOTH("sink-gradient", ATTENTION_SINK, GOLDEN_SINK_GRADIENT, 1, GOLDEN_X, GOLDEN_Y, GOLDEN_DY),
};
const size_t function_problem_count = sizeof function_problems / sizeof *function_problems;
