#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "case.h"
#include "golden.h"

/* The error of a case's result, which is computed here if the file has only its hash. */
static double case_error(const golden_case *c) {
    void *computed = NULL;
    const void *result = c->result;
    if (!result) {
        computed = golden_compute(c);
        if (!computed || (c->has_hash && golden_hash(computed, c->result_count, c->f64) != c->hash)) {
            free(computed);
            return (double)INFINITY;
        }
        result = computed;
    }
    double error = golden_error(c, result);
    free(computed);
    return error;
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
        double error = case_error(&c);
        if (!golden_within_bound(&c, error)) {
            good = false;
            printf("%s: %s: error %g is beyond the bound\n", path, c.name, error);
        }
        if (error > worst) {
            worst = error;
            snprintf(worst_name, sizeof worst_name, "%s", c.name);
        }
    }
    printf("%s: %lu cases, worst %.6g (%s)\n", path, cases, worst, worst_name);
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
