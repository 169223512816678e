/* What kernels are given, and what they are: the contract between the engine over rows (src/rows) and the kernels of an
 * instruction set and a type (NAME_template.h in this folder, compiled by the files of src/isa). */
#ifndef SMX_KERNELS_H
#define SMX_KERNELS_H

#include "../base/dtype.h"
#include "../base/pair.h"
#include "../base/wide.h"
#include "../options/options.h"

#include <stddef.h>
#include <stdint.h>

enum { HALF_ARRAYS = 3 };

/* An argument. `ld` elements lie between its rows, or the rows of its matrices, which are `matrix` apart. */
struct array {
    void *data; /* null: not given */
    size_t ld, matrix;
};

/* The n things from number `from` on. */
struct span {
    size_t from, n;
};

struct cross_entropy; /* cross_entropy_problem.h */
struct rows_part;     /* part_words.h */

/* A call, once its arguments are checked. */
struct rows_call {
    const struct array *array; /* in the order of the operation's arguments */
    const struct options_read *options;
    size_t rows, n;
    size_t vectors;     /* in FORM_VECTORS: how many a row has */
    bool plain;         /* logits are the entries as they are: neither scale nor masks */
    bool stream;        /* results go past the caches, as far as the kernel can; they are not in place then */
    smx_exact_sum *sum; /* of an operation with a total over all rows: the kernel adds its rows' part to it */
    const struct cross_entropy *ce;
    const struct rows_part *part; /* of which rows these are a part; null: they are whole */
};

/* Computes some of the call's rows; of a column operation, some of its columns; of the Jacobian, some of the rows of
 * all its matrices. In the library's floating-point environment (base/float_env.h). */
typedef void (*rows_kernel)(const struct rows_call *call, struct span rows);

/* Rows of halves, of an operation that reads and writes them as they are: its inputs, then its output. */
struct half_rows {
    enum dtype type; /* DTYPE_F16 or DTYPE_BF16 */
    size_t rows, n;
    struct half_array {
        unsigned char *data;
        ptrdiff_t row; /* in bytes, from one row to the next */
    } array[HALF_ARRAYS];
    struct policy policy;
    void *scratch; /* of each input, half_block_rows rows of half_row_floats floats, from a whole cache line on */
};
typedef void (*half_kernel)(const struct half_rows *rows);

/* Rows go through scratch memory as floats, some together: so many floats of all inputs as stay in the nearest cache,
 * or one longer row. */
#define HALF_BLOCK ((size_t)4096)

/* Short rows follow each other without a gap; of longer ones, each begins with a cache line, and ends with two whole
 * vectors. */
#define HALF_SHORT ((size_t)64)
static inline size_t half_row_floats(size_t n) { return n <= HALF_SHORT ? n : (n + 31) / 32 * 32; }

static inline size_t half_block_rows(size_t inputs, size_t rows, size_t n) {
    size_t most = HALF_BLOCK / inputs / half_row_floats(n);
    most = most >= 16 ? most / 16 * 16 : most > 0 ? most : 1; /* whole vectors of rows */
    return rows < most ? rows : most;
}

/* How many bytes ahead kernels fetch: so many, or the length of a row that is longer but not longer than the second. */
#define PREFETCH_BYTES ((uintptr_t)16384)
#define PREFETCH_ROW_BYTES ((uintptr_t)1 << 22)

/* One for each operation; some operations share one. NAME_kernel in operations_template.h is where it begins. */
#define SMX_KERNEL_LIST(X)      \
    X(softmax)                  \
    X(softmax_columns)          \
    X(softmax_backward)         \
    X(softmax_jacobian)         \
    X(softmax_jacobian_product) \
    X(softmax_double_backward)  \
    X(argmax)                   \
    X(log_softmax)              \
    X(log_softmax_columns)      \
    X(log_softmax_backward)     \
    X(log_softmax_jvp)          \
    X(logsumexp)                \
    X(logsumexp_backward)       \
    X(logsumexp_weighted)       \
    X(scale_gradient)           \
    X(softcap_backward)         \
    X(sink_gradient)            \
    X(scale_gradient_rows)      \
    X(cross_entropy)            \
    X(nll)                      \
    X(part)                     \
    X(cross_entropy_hessian)    \
    X(cross_entropy_hessian_product)
#define SMX_KERNEL_NUMBER(name) kernel_##name,
enum kernel { SMX_KERNEL_LIST(SMX_KERNEL_NUMBER) KERNELS };
#undef SMX_KERNEL_NUMBER

/* The steps of softmax and its backward pass for rows in parts, of either type: arrays and *max are of the kernels'
 * own. What each does stands at the function that parts_template.h calls. */
struct part_kernels {
    enum filling (*filling)(struct policy, const void *max);
    void (*fill)(size_t n, enum filling, void *y);
    void (*max)(size_t n, const void *x, void *max);
    void (*terms)(size_t n, const void *x, const void *max, size_t row_n, void *e, struct wide *sum);
    void (*scale)(size_t n, const void *e, const struct wide *sum, void *y);
    int32_t (*backward_exponent)(size_t n, const void *y, const void *dy);
    void (*backward_products)(size_t n, const void *y, const void *dy, int32_t exponent, size_t row_n,
                              struct wide *sum);
    void (*backward_finish)(size_t n, const void *y, const void *dy, int32_t exponent, const struct wide *sum,
                            void *dx);
};

/* All of one instruction set and one type. */
struct kernels {
    rows_kernel rows[KERNELS];
    half_kernel half_rows[KERNELS]; /* null: there is none */
    struct part_kernels part;
    /* Where kernels change their way: thresholds_template.h. */
    size_t (*threshold_of_n)(size_t i);
    size_t (*threshold_of_rows)(size_t i);
};

#endif
