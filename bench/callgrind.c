/* Runs a dozen kernels under callgrind, each counted by itself: what bench/callgrind.sh compares.
 *
 * Prints the compiler, as the counts depend on it. Each count ends in callgrind's dump file as `desc: Trigger: Client
 * Request: ISA NAME SHAPE`, with the number of instructions under `summary:`.
 */
#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <valgrind/callgrind.h>

/* Long enough for the kernels' loops to dominate, short enough for seconds under callgrind. */
static const struct shape {
    size_t rows;
    size_t n;
} shapes[] = {{1, 10}, {256, 8}, {64, 32}, {16, 128}, {4, 1000}, {1, 32768}};

static const struct {
    const char *name;
    bool wide;
    void (*run)(void *job);
} kernels[] = {
    {"softmax_f32", false, run_forward},           {"softmax_f64", true, run_forward},
    {"softmax_backward_f32", false, run_backward}, {"softmax_backward_f64", true, run_backward},
    {"softmax_jacobian_f32", false, run_jacobian}, {"softmax_jacobian_f64", true, run_jacobian},
};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define JACOBIAN_N_MAX 128

/* Not all that this machine has: the figures are to be the same on all. Valgrind knows no AVX-512. */
static const char *const isas[] = {"scalar", "avx2"};

static void count(const char *isa, size_t kernel, struct shape shape) {
    if (kernels[kernel].run == run_jacobian && shape.n > JACOBIAN_N_MAX) {
        return;
    }
    struct job *j = job_new(kernels[kernel].wide, isa, shape.rows, shape.n);
    char label[80];
    snprintf(label, sizeof label, "%s %s %zux%zu", isa, kernels[kernel].name, shape.rows, shape.n);
    kernels[kernel].run(j); /* the first call of a function may also resolve symbols */
    CALLGRIND_ZERO_STATS;
    kernels[kernel].run(j);
    CALLGRIND_DUMP_STATS_AT(label);
    job_free(j);
}

int main(void) {
#ifdef __clang__
    printf("compiler clang %s\n", __clang_version__);
#else
    printf("compiler gcc %s\n", __VERSION__);
#endif
    for (size_t i = 0; i < COUNT(isas); i++) {
        if (smx_isa_set(isas[i]) != SMX_OK) {
            printf("skip %s\n", isas[i]);
            continue;
        }
        for (size_t k = 0; k < COUNT(kernels); k++) {
            for (size_t s = 0; s < COUNT(shapes); s++) {
                count(isas[i], k, shapes[s]);
            }
        }
    }
    return 0;
}
