#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "case.h"
#include "golden.h"

/* Judges a case's results, which are computed here if the file has only their hash. False if there are none. */
static bool judge_case(const golden_case *c, golden_judgement *judgement) {
    void *computed = c->result ? NULL : golden_compute(c);
    const void *result = c->result ? c->result : computed;
    bool good = result && (!c->has_hash || golden_hash(result, golden_result_count(c), c->f64) == c->hash);
    if (good)
        *judgement = golden_judge(c, result);
    free(computed);
    return good;
}

static bool check_file(const char *path) {
    golden_file file;
    golden_case c;
    char worst_name[sizeof c.name] = "";
    double worst = 0;
    unsigned long cases = 0;
    bool good = true;
    if (!golden_open(&file, path)) {
        fprintf(stderr, "ulp: %s: %s\n", path, file.error);
        return false;
    }
    int got;
    for (; (got = golden_next(&file, &c)) > 0; golden_case_clear(&c), cases++) {
        golden_judgement judgement = {.worst = 0};
        if (!judge_case(&c, &judgement)) {
            good = false;
            printf("%s: %s: not the result of the hash\n", path, c.name);
        } else if (!judgement.good) {
            good = false;
            printf("%s: %s: beyond the bound: ", path, c.name);
            golden_print_errors(stdout, &judgement);
            putchar('\n');
        }
        if (judgement.worst > worst) {
            worst = judgement.worst;
            snprintf(worst_name, sizeof worst_name, "%s", c.name);
        }
    }
    printf("%s: %lu cases, worst %.4g of its bound (%s)\n", path, cases, worst, worst_name);
    if (got < 0)
        fprintf(stderr, "ulp: %s: %s\n", path, file.error);
    golden_close(&file);
    return good && got == 0 && cases > 0;
}

bool check_files(int count, char **paths) {
    bool good = count > 0;
    for (int i = 0; i < count; i++)
        good = check_file(paths[i]) && good;
    return good;
}
