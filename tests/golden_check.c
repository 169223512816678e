/* Runs every golden vector and compares bits; then batches of rows, against each row alone.
 *
 *     golden_check DIRECTORY [ISA]...
 *
 * DIRECTORY/index.txt names the files of vectors. Without ISA, every instruction set that is available here; an ISA
 * that is named and not available is a failure.
 *
 * Needs nothing but the C library and libsmx. Exit status: 0 if all agree, 1 if not or if a file can't be read. */
#include "golden.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPORTS = 10 }; /* how many differences are printed */

static unsigned long differences;

static void report(const char *isa, const golden_case *c, const char *what) {
    if (differences++ < REPORTS)
        printf("%s: %s: %s\n", isa, c->name, what);
}

static void report_element(const char *isa, const golden_case *c, const void *out) {
    size_t size = c->f64 ? sizeof(double) : sizeof(float);
    size_t i = 0;
    while (memcmp((const char *)out + i * size, (const char *)c->result + i * size, size) == 0)
        i++;
    char line[120];
    double got = c->f64 ? ((const double *)out)[i] : (double)((const float *)out)[i];
    double expected = c->f64 ? ((const double *)c->result)[i] : (double)((const float *)c->result)[i];
    snprintf(line, sizeof line, "element %zu is %a, not %a", i, got, expected);
    report(isa, c, line);
}

static void check_result(const char *isa, const golden_case *c) {
    size_t bytes = golden_result_count(c) * (c->f64 ? sizeof(double) : sizeof(float));
    void *out = malloc(bytes + !bytes);
    if (!out) {
        report(isa, c, "no memory");
        return;
    }
    memset(out, 0xa5, bytes);
    smx_status status = golden_run(c, out);
    if (status != SMX_OK)
        report(isa, c, smx_status_str(status));
    else if (c->result && memcmp(out, c->result, bytes) != 0)
        report_element(isa, c, out);
    else if (c->has_hash && golden_hash(out, golden_result_count(c), c->f64) != c->hash)
        report(isa, c, "the hash differs");
    free(out);
}

static void check_sum(const char *isa, const golden_case *c) {
    golden_case computed = *c;
    smx_status status = golden_sum(&computed);
    char line[120];
    if (status != SMX_OK) {
        report(isa, c, smx_status_str(status));
    } else if (computed.exponent != c->exponent) {
        snprintf(line, sizeof line, "the exponent is %" PRId32 ", not %" PRId32, computed.exponent, c->exponent);
        report(isa, c, line);
    } else if (computed.sum_high != c->sum_high || computed.sum_low != c->sum_low) {
        snprintf(line, sizeof line, "the sum is %" PRIx64 ":%" PRIx64 ", not %" PRIx64 ":%" PRIx64, computed.sum_high,
                 computed.sum_low, c->sum_high, c->sum_low);
        report(isa, c, line);
    }
}

/* False if the file can't be read to its end. */
static bool check_file(const char *path, const char *isa, unsigned long *cases) {
    golden_file file;
    if (!golden_open(&file, path)) {
        printf("%s: %s\n", path, file.error);
        return false;
    }
    golden_case c;
    int got;
    for (; (got = golden_next(&file, &c)) > 0; golden_case_clear(&c)) {
        check_result(isa, &c);
        if (c.has_sum)
            check_sum(isa, &c);
        ++*cases;
    }
    if (got < 0)
        printf("%s: %s\n", path, file.error);
    golden_close(&file);
    return got == 0;
}

static bool check_directory(const char *directory, const char *isa, unsigned long *cases) {
    char path[1024];
    char name[128];
    snprintf(path, sizeof path, "%s/index.txt", directory);
    FILE *index = fopen(path, "r");
    if (!index) {
        printf("%s: can't open it\n", path);
        return false;
    }
    bool good = true;
    while (fgets(name, sizeof name, index)) {
        name[strcspn(name, "\r\n")] = '\0';
        if (!*name)
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, name);
        good = check_file(path, isa, cases) && good;
    }
    fclose(index);
    return good;
}

static bool available(const char *name) {
    for (size_t i = 0; smx_isa_available(i); i++)
        if (strcmp(smx_isa_available(i), name) == 0)
            return true;
    return false;
}

/* False if a difference was found or the vectors can't be read. */
static bool check_isa(const char *directory, const char *isa) {
    smx_status status = smx_isa_set(isa);
    if (status != SMX_OK) {
        printf("%-7s %s\n", isa, smx_status_str(status));
        return false;
    }
    unsigned long cases = 0, before = differences;
    bool good = check_directory(directory, isa, &cases);
    unsigned long batches, differ = golden_batches(isa, &batches);
    printf("%-7s %lu cases, %lu differences; %lu batches, %lu differences\n", isa, cases, differences - before, batches,
           differ);
    return good && cases > 0 && differences == before && differ == 0;
}

int main(int argc, char **argv) {
    static const char *const names[] = {"scalar", "sse2", "avx2", "avx512", "neon", "sve", "rvv"};
    if (argc < 2) {
        fprintf(stderr, "usage: %s DIRECTORY [ISA]...\n", argv[0]);
        return 2;
    }
    bool good = true;
    for (int i = 2; i < argc; i++)
        good = check_isa(argv[1], argv[i]) && good;
    for (size_t k = 0; argc == 2 && k < sizeof names / sizeof *names; k++) {
        if (available(names[k]))
            good = check_isa(argv[1], names[k]) && good;
        else
            printf("%-7s not available here\n", names[k]);
    }
    return good ? 0 : 1;
}
