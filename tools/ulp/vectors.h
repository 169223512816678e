/* Making golden vectors: the scalar kernels give the bits, and the oracle must find them within the bounds. */
#ifndef SMX_TOOLS_ULP_VECTORS_H
#define SMX_TOOLS_ULP_VECTORS_H

#include <stdio.h>

#include "golden.h"
#include "random.h"

typedef struct vector_writer {
    FILE *out;
    bool f64;
    rng random;
    unsigned long cases;
    bool failed; /* a result is beyond its bound, or something could not be written; said on stderr */
} vector_writer;

/* A case with its arrays in place, all zeros. `name` gets the length put behind it. */
golden_case vectors_case(const vector_writer *w, golden_function function, const char *name, size_t n);

/* Sets element i of an input by its bit pattern. */
void vectors_set_bits(golden_case *c, golden_array a, size_t i, uint64_t bits);

/* Close to normal with standard deviation 1, from sums and products alone: the same on every system. */
double vectors_normal(vector_writer *w);

/* Computes the result, judges and writes the case, and frees it. Generated inputs are written as their generators, and
 * then the result as its hash. */
void vectors_put(vector_writer *w, golden_case *c);
void vectors_put_generated(vector_writer *w, golden_case *c, const golden_generator *input,
                           const golden_generator *gradient);

/* What goes into each file. */
void vectors_softmax(vector_writer *w);
void vectors_softmax_special(vector_writer *w);
void vectors_backward(vector_writer *w);
void vectors_jacobian(vector_writer *w);
void vectors_masks(vector_writer *w);
void vectors_log(vector_writer *w);
void vectors_cross_entropy(vector_writer *w);
void vectors_second_order(vector_writer *w);
void vectors_attention(vector_writer *w);

#endif
