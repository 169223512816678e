/* Arrays, and .npy files as the tests write and read them: no code of the tool's. */
#ifndef SMX_TESTS_CLI_ARRAY_H
#define SMX_TESTS_CLI_ARRAY_H

#include "dtype.h"
#include "rng.h"

enum { ARRAY_DIMS = 6 };

typedef struct array {
    const dtype *t;
    int fortran;
    size_t ndim;
    size_t shape[ARRAY_DIMS];
    void *data;
} array;

size_t array_count(const array *a);
size_t array_bytes(const array *a);

/* How many elements apart two neighbours along a dimension are. */
size_t array_stride(const array *a, size_t dim);

/* The place of the first element of row `row` along an axis: the rows of the array are counted in C order. */
size_t array_row_start(const array *a, size_t axis, size_t row);

/* Allocates the data; to be freed. The numbers are uniform, on [-8, 8) or [0, 1). */
void array_allocate(array *a);
void array_fill_logits(array *a, rng *r);
void array_fill_probabilities(array *a, rng *r);

/* Makes an array of this shape and order, with numbers that are uniform on [low, high), and writes it to a file. */
array array_make(const dtype *t, const char *path, array shape, double low, double high, rng *r);

/* Copies row `row` along an axis to n elements one after the other. */
void array_get_row(const array *a, size_t axis, size_t row, void *to);

/* Writes version 1.0, 2.0 or 3.0, the header `extra` spaces longer than NumPy would make it. */
void array_write(const array *a, const char *path, int version, size_t extra);

/* Writes an array of zeros that takes no disk and no memory, whatever its size; a->data is not used. */
void array_write_sparse(const array *a, const char *path);

/* Fails unless the file is a version 1.0 file of this dtype, order and shape to the byte; allocates the data. */
void array_read(array *a, const char *path);

/* Writes a file from its parts: what makes a broken one. */
void npy_write(const char *path, int major, int minor, const char *header, size_t header_length, const void *data,
               size_t bytes);

/* The same with a header for numbers of any dtype, in C order. */
void npy_write_as(const char *path, const char *descr, const char *shape, const void *data, size_t bytes);

/* Fails unless the file is an array in C order with these bytes. */
void npy_expect(const char *path, const char *descr, const char *shape, const void *data, size_t bytes);

#endif
