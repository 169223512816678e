/* Kernels take rows of a batch together, in groups that depend on the instruction set and on the shape. Here every kind
 * of group meets the scalar kernels' bits for each row alone. */
#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rng.h"

/* The backward pass last: it overwrites the logits with probabilities. */
enum batch_function {
    BATCH_SOFTMAX,
    BATCH_LOG_SOFTMAX,
    BATCH_LOGSUMEXP,
    BATCH_CROSS_ENTROPY,
    BATCH_BACKWARD,
    BATCH_FUNCTIONS
};
static const char *const batch_names[BATCH_FUNCTIONS] = {"softmax", "log-softmax", "logsumexp", "cross-entropy",
                                                         "backward"};

#define REAL float
#define F(name) name##_f32
#include "golden_batches.h"
#undef REAL
#undef F
#define REAL double
#define F(name) name##_f64
#include "golden_batches.h"
#undef REAL
#undef F

unsigned long golden_batches(const char *isa, unsigned long *batches) {
    /* Around the widths of vectors (2 to 64 lanes), and where kernels change from one kind of group to another. */
    static const size_t lengths[] = {1,  2,  3,  4,  5,  7,  8,  9,   15,  16,  17,  24,  31,
                                     32, 33, 38, 40, 41, 64, 65, 127, 128, 129, 256, 257, 513};
    unsigned long differ = 0;
    *batches = 0;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t n = lengths[i], rows = n <= 41 ? 75 : 19;
        for (int kind = 0; kind < 3; kind++, *batches += 4) {
            differ += check_batch_f32(isa, rows, n, n, kind) + check_batch_f32(isa, rows, n, n + 3, kind);
            differ += check_batch_f64(isa, rows, n, n, kind) + check_batch_f64(isa, rows / 3, n, n + 1, kind);
        }
    }
    return differ;
}
