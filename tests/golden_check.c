/* Runs every golden vector on every instruction set that is available here and compares bits.
 *
 *     golden_check DIRECTORY          DIRECTORY/index.txt names the files of vectors
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

static smx_status run(const golden_case *c, void *out) {
    size_t n = c->n;
    const smx_options *opt = &c->options;
    switch (c->function) {
    case GOLDEN_SOFTMAX:
        return c->f64 ? smx_softmax_f64(1, n, c->input, n, out, n, opt)
                      : smx_softmax_f32(1, n, c->input, n, out, n, opt);
    case GOLDEN_BACKWARD:
        return c->f64 ? smx_softmax_backward_f64(1, n, c->input, n, c->gradient, n, out, n, opt)
                      : smx_softmax_backward_f32(1, n, c->input, n, c->gradient, n, out, n, opt);
    case GOLDEN_JACOBIAN:
    default:
        return c->f64 ? smx_softmax_jacobian_f64(1, n, c->input, n, out, n, n * n, opt)
                      : smx_softmax_jacobian_f32(1, n, c->input, n, out, n, n * n, opt);
    }
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
    size_t bytes = c->result_count * (c->f64 ? sizeof(double) : sizeof(float));
    void *out = malloc(bytes + !bytes);
    if (!out) {
        report(isa, c, "no memory");
        return;
    }
    memset(out, 0xa5, bytes);
    smx_status status = run(c, out);
    if (status != SMX_OK)
        report(isa, c, smx_status_str(status));
    else if (c->result && memcmp(out, c->result, bytes) != 0)
        report_element(isa, c, out);
    else if (c->has_hash && golden_hash(out, c->result_count, c->f64) != c->hash)
        report(isa, c, "the hash differs");
    free(out);
}

/* Limbs that may overlap, as one 128-bit integer in two's complement. */
static void normalise(const int64_t limb[4], uint64_t *high, uint64_t *low) {
    uint64_t word[4];
    int64_t carry = 0;
    for (int k = 0; k < 4; k++) {
        /* The carry is below 2^32 in magnitude, so that halves of 32 bits never overflow. */
        uint64_t part = (uint64_t)limb[k] & 0xffffffff;
        int64_t rest = (limb[k] - (int64_t)part) / INT64_C(0x100000000);
        int64_t total = (int64_t)part + carry;
        word[k] = (uint64_t)total & 0xffffffff;
        carry = rest + (total - (int64_t)word[k]) / INT64_C(0x100000000);
    }
    *low = word[1] << 32 | word[0];
    *high = word[3] << 32 | word[2];
}

static smx_status softmax_sum(const golden_case *c, int64_t sum[4]) {
    smx_status status;
    if (c->f64) {
        smx_softmax_stats_f64 stats;
        status = smx_softmax_part_max_f64(c->n, c->input, &stats);
        if (status == SMX_OK)
            status = smx_softmax_part_sum_f64(c->n, c->input, c->n, &stats, &c->options);
        memcpy(sum, stats.sum, sizeof stats.sum);
    } else {
        smx_softmax_stats_f32 stats;
        status = smx_softmax_part_max_f32(c->n, c->input, &stats);
        if (status == SMX_OK)
            status = smx_softmax_part_sum_f32(c->n, c->input, c->n, &stats, &c->options);
        memcpy(sum, stats.sum, sizeof stats.sum);
    }
    return status;
}

static smx_status backward_sum(const golden_case *c, smx_softmax_backward_stats *stats) {
    smx_status status = c->f64 ? smx_softmax_backward_part_max_f64(c->n, c->input, c->gradient, stats)
                               : smx_softmax_backward_part_max_f32(c->n, c->input, c->gradient, stats);
    if (status != SMX_OK)
        return status;
    return c->f64 ? smx_softmax_backward_part_sum_f64(c->n, c->input, c->gradient, c->n, stats)
                  : smx_softmax_backward_part_sum_f32(c->n, c->input, c->gradient, c->n, stats);
}

static void check_sum(const char *isa, const golden_case *c) {
    smx_softmax_backward_stats stats = {0};
    smx_status status = c->function == GOLDEN_BACKWARD ? backward_sum(c, &stats) : softmax_sum(c, stats.sum);
    uint64_t high, low;
    normalise(stats.sum, &high, &low);
    char line[120];
    if (status != SMX_OK) {
        report(isa, c, smx_status_str(status));
    } else if (c->function == GOLDEN_BACKWARD && stats.exponent != c->exponent) {
        snprintf(line, sizeof line, "the exponent is %" PRId32 ", not %" PRId32, stats.exponent, c->exponent);
        report(isa, c, line);
    } else if (high != c->sum_high || low != c->sum_low) {
        snprintf(line, sizeof line, "the sum is %" PRIx64 ":%" PRIx64 ", not %" PRIx64 ":%" PRIx64, high, low,
                 c->sum_high, c->sum_low);
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

int main(int argc, char **argv) {
    static const char *const names[] = {"scalar", "sse2", "avx2", "avx512", "neon", "sve", "rvv"};
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    bool good = true;
    unsigned long total = 0;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        unsigned long cases = 0;
        if (!available(names[k])) {
            printf("%-7s not available here\n", names[k]);
            continue;
        }
        smx_status status = smx_isa_set(names[k]);
        if (status != SMX_OK) {
            printf("%s: %s\n", names[k], smx_status_str(status));
            return 1;
        }
        unsigned long before = differences;
        good = check_directory(argv[1], names[k], &cases) && good;
        printf("%-7s %lu cases, %lu differences\n", names[k], cases, differences - before);
        total += cases;
    }
    if (total == 0)
        printf("no case was run\n");
    return good && differences == 0 && total > 0 ? 0 : 1;
}
