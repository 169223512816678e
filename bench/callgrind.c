/* Runs a dozen kernels under callgrind, and some of them with each option, each counted by itself: what
 * bench/callgrind.sh compares.
 *
 * Prints the compiler, its options (BUILD) and libc, as the counts depend on them; with --build nothing else. Each
 * count ends in callgrind's dump file as `desc: Trigger: Client Request: ISA NAME SHAPE`, with the number of
 * instructions under `summary:`.
 */
#include "job_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

/* Long enough for the kernels' loops to dominate, short enough for seconds under callgrind. */
static const struct shape {
    size_t rows;
    size_t n;
} shapes[] = {{1, 10}, {256, 8}, {64, 32}, {16, 128}, {4, 1000}, {1, 32768}};

static const struct {
    const char *name;
    enum type type;
    void (*run)(void *job);
} kernels[] = {
    {"softmax", F32, run_forward},
    {"softmax", F64, run_forward},
    {"softmax", BF16, run_forward},
    {"softmax", F16, run_forward},
    {"softmax_columns", F32, run_columns},
    {"softmax_backward", F32, run_backward},
    {"softmax_backward", F64, run_backward},
    {"softmax_backward", BF16, run_backward},
    {"softmax_jacobian", F32, run_jacobian},
    {"log_softmax", F32, run_log_softmax},
    {"log_softmax", F64, run_log_softmax},
    {"logsumexp", F32, run_logsumexp},
    {"cross_entropy", F32, run_cross_entropy},
    {"cross_entropy_gradient", F32, run_cross_entropy_gradient},
    {"cross_entropy_gradient", F64, run_cross_entropy_gradient},
};

/* Those that are counted with options too. */
static const struct {
    const char *name;
    void (*run)(void *job);
    int function; /* of enum job_functions */
} with_options[] = {
    {"softmax", run_forward, OF_SOFTMAX},
    {"softmax_backward", run_backward, OF_BACKWARD},
    {"log_softmax", run_log_softmax, OF_LOG_SOFTMAX},
    {"logsumexp", run_logsumexp, OF_LOGSUMEXP},
    {"cross_entropy_gradient", run_cross_entropy_gradient, OF_CROSS_ENTROPY},
};
static const struct shape shapes_with_options[] = {{64, 32}, {4, 1000}};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define JACOBIAN_N_MAX 128

/* Not all that this machine has: the figures are to be the same on all. Valgrind knows no AVX-512. */
static const char *const isas[] = {"scalar", "avx2"};

static void count(struct job *j, void (*run)(void *job), const char *label) {
    run(j); /* the first call of a function may also resolve symbols */
    CALLGRIND_ZERO_STATS;
    run(j);
    CALLGRIND_DUMP_STATS_AT(label);
    job_free(j);
}

static void count_kernel(const char *isa, size_t kernel, struct shape shape) {
    if (kernels[kernel].run == run_jacobian && shape.n > JACOBIAN_N_MAX) {
        return;
    }
    enum type type = kernels[kernel].type;
    struct job *j = job_new(type, isa, shape.rows, shape.n);
    char label[80];
    snprintf(label, sizeof label, "%s %s_%s %zux%zu", isa, kernels[kernel].name, type_name(type), shape.rows, shape.n);
    count(j, kernels[kernel].run, label);
}

static void count_options(const char *isa, size_t kernel, struct shape shape) {
    for (const struct job_option *option = job_options; option->name != NULL; option++) {
        if ((option->functions & with_options[kernel].function) == 0) {
            continue;
        }
        struct job *j = job_new(F32, isa, shape.rows, shape.n);
        option->set(j);
        char label[80];
        snprintf(label, sizeof label, "%s %s_%s_%s %zux%zu", isa, with_options[kernel].name, type_name(F32),
                 option->name, shape.rows, shape.n);
        count(j, with_options[kernel].run, label);
    }
}

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* Its memset and memcpy are counted too. */
static const char *libc(void) {
#ifdef __GLIBC__
    static char name[40];
    snprintf(name, sizeof name, "glibc %s", gnu_get_libc_version());
    return name;
#else
    return "another libc";
#endif
}

int main(int argc, char **argv) {
    printf("build %s, " BUILD ", %s\n", COMPILER, libc());
    if (argc == 2 && strcmp(argv[1], "--build") == 0) {
        return 0;
    }
    for (size_t i = 0; i < COUNT(isas); i++) {
        if (smx_isa_set(isas[i]) != SMX_OK) {
            printf("skip %s\n", isas[i]);
            continue;
        }
        for (size_t k = 0; k < COUNT(kernels); k++) {
            for (size_t s = 0; s < COUNT(shapes); s++) {
                count_kernel(isas[i], k, shapes[s]);
            }
        }
        for (size_t k = 0; k < COUNT(with_options); k++) {
            for (size_t s = 0; s < COUNT(shapes_with_options); s++) {
                count_options(isas[i], k, shapes_with_options[s]);
            }
        }
    }
    return 0;
}
