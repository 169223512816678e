/* Tensors of any type and layout for tests, and half precision by its definition. */
#ifndef SMX_TESTS_TENSORS_H
#define SMX_TESTS_TENSORS_H

#include "../../include/smx/tensor.h"
#include "rng.h"

enum { TENSOR_NDIM_MAX = 7 };

/* The floats that tensors may hold. */
typedef enum element {
    F16,
    BF16,
    F32,
    F64,
    ELEMENTS_FLOAT,
    I8 = ELEMENTS_FLOAT,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    BOOL,
    ELEMENTS
} element;
extern const char *const element_names[ELEMENTS];
size_t element_size(element e);
DLDataType element_type(element e);

/* The bits of the number of type `e` nearest to value (ties to even), by definition; for F16 to F64. */
uint64_t element_rounded(element e, double value);
double element_value(element e, uint64_t bits);

/* A tensor in memory of its own, in which every byte outside its elements is a canary. */
typedef struct tensor {
    DLTensor dl;
    element e;
    int64_t shape[TENSOR_NDIM_MAX], strides[TENSOR_NDIM_MAX];
    unsigned char *memory;
    size_t bytes;
} tensor;

/* What may be odd about a layout; the rest is as in C order. */
enum layout {
    LAYOUT_C = 0,
    LAYOUT_PERMUTED = 1,   /* dimensions in another order */
    LAYOUT_GAPS = 2,       /* strides larger than they must be */
    LAYOUT_NEGATIVE = 4,   /* some strides negative */
    LAYOUT_MISALIGNED = 8, /* an address that is no multiple of the element's size */
    LAYOUTS = 16
};

tensor tensor_new(element e, int ndim, const int64_t *shape, int layout, rng *r);
void tensor_free(tensor *t);

/* As an argument. */
DLTensor *tensor_dl(tensor *t);

/* Element number k in C order, of the elements that the shape has. */
size_t tensor_elements(const tensor *t);
uint64_t tensor_bits(const tensor *t, size_t k);
void tensor_set_bits(tensor *t, size_t k, uint64_t bits);

/* As a number; set rounds. */
double tensor_get(const tensor *t, size_t k);
void tensor_set(tensor *t, size_t k, double value);

/* Fails if a byte outside the elements changed. */
void tensor_check_gaps(const tensor *t);

/* The element of `t` that broadcasts to element k of a tensor of that shape, by numpy's rules. */
size_t broadcast_element(const tensor *t, int ndim, const int64_t *shape, size_t k);

#endif
