#include "case.h"

#include <stdlib.h>

void *golden_compute(const golden_case *c) {
    size_t count = golden_result_count(c);
    void *out = calloc(count + !count, sizeof(double));
    smx_status status = out ? golden_run(c, out) : SMX_OK;
    if (!out || status != SMX_OK) {
        fprintf(stderr, "%s: %s\n", c->name, out ? smx_status_str(status) : "no memory");
        free(out);
        return NULL;
    }
    return out;
}

golden_judgement golden_judge(const golden_case *c, const void *result) {
    golden_judgement judgement = {.good = true};
    judgement.count = oracle_case(c, result, judgement.verdicts);
    for (size_t k = 0; k < judgement.count; k++) {
        const oracle_verdict *v = &judgement.verdicts[k];
        judgement.good = judgement.good && oracle_verdict_good(v);
        if (v->error / v->bound > judgement.worst)
            judgement.worst = v->error / v->bound;
    }
    return judgement;
}

void golden_print_errors(FILE *out, const golden_judgement *judgement) {
    const char *separator = "";
    for (size_t k = 0; k < judgement->count; k++) {
        const oracle_verdict *v = &judgement->verdicts[k];
        if (v->error == 0 && (*separator || k + 1 < judgement->count))
            continue;
        fprintf(out, "%s%.4g %s", separator, v->error, v->unit);
        separator = ", ";
    }
}
