#include "array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

enum { HEADER = 4096 };

size_t array_count(const array *a) {
    size_t count = 1;
    for (size_t i = 0; i < a->ndim; i++)
        count *= a->shape[i];
    return count;
}

size_t array_bytes(const array *a) { return array_count(a) * a->t->size; }

size_t array_stride(const array *a, size_t dim) {
    size_t stride = 1;
    for (size_t i = 0; i < a->ndim; i++) {
        if (a->fortran ? i < dim : i > dim)
            stride *= a->shape[i];
    }
    return stride;
}

size_t array_row_start(const array *a, size_t axis, size_t row) {
    size_t start = 0;
    for (size_t i = a->ndim; i-- > 0;) {
        if (i == axis)
            continue;
        start += row % a->shape[i] * array_stride(a, i);
        row /= a->shape[i];
    }
    return start;
}

void array_allocate(array *a) { a->data = elements(a->t, array_count(a)); }

void array_fill_logits(array *a, rng *r) {
    for (size_t i = 0, n = array_count(a); i < n; i++)
        a->t->store(a->data, i, rng_uniform(r, -8, 8));
}

void array_fill_probabilities(array *a, rng *r) {
    for (size_t i = 0, n = array_count(a); i < n; i++)
        a->t->store(a->data, i, rng_uniform(r, 0, 1));
}

array array_make(const dtype *t, const char *path, array shape, double low, double high, rng *r) {
    shape.t = t;
    array_allocate(&shape);
    for (size_t i = 0, n = array_count(&shape); i < n; i++)
        t->store(shape.data, i, rng_uniform(r, low, high));
    array_write(&shape, path, 1, 0);
    return shape;
}

void array_get_row(const array *a, size_t axis, size_t row, void *to) {
    size_t start = array_row_start(a, axis, row), stride = array_stride(a, axis);
    for (size_t i = 0; i < a->shape[axis]; i++)
        a->t->store_bits(to, i, a->t->bits(a->data, start + i * stride));
}

void npy_write(const char *path, int major, int minor, const char *header, size_t header_length, const void *data,
               size_t bytes) {
    size_t preamble = major == 1 ? 10 : 12;
    char *file = malloc(preamble + header_length + bytes);
    assert_non_null(file);
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (char)major;
    file[7] = (char)minor;
    for (size_t i = 8; i < preamble; i++)
        file[i] = (char)(header_length >> (8 * (i - 8)) & 0xff);
    memcpy(file + preamble, header, header_length);
    if (bytes > 0)
        memcpy(file + preamble + header_length, data, bytes);
    write_file(path, file, preamble + header_length + bytes);
    free(file);
}

void npy_write_as(const char *path, const char *descr, const char *shape, const void *data, size_t bytes) {
    char header[HEADER];
    int length = snprintf(header, HEADER, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", descr, shape);
    assert_true(length > 0 && length < HEADER);
    npy_write(path, 1, 0, header, (size_t)length, data, bytes);
}

/* As NumPy writes it: the numbers begin at a multiple of 64 bytes. */
static size_t make_header(const array *a, size_t preamble, size_t extra, char header[static HEADER]) {
    int used = snprintf(header, HEADER, "{'descr': '<f%zu', 'fortran_order': %s, 'shape': (", a->t->size,
                        a->fortran ? "True" : "False");
    for (size_t i = 0; i < a->ndim; i++)
        used += snprintf(header + used, HEADER - (size_t)used, i + 1 < a->ndim ? "%zu, " : "%zu", a->shape[i]);
    used += snprintf(header + used, HEADER - (size_t)used, a->ndim == 1 ? ",), }" : "), }");
    size_t length = (preamble + (size_t)used + 1 + 63) / 64 * 64 - preamble + extra;
    assert_true(length < HEADER);
    memset(header + used, ' ', length - (size_t)used);
    header[length - 1] = '\n';
    return length;
}

void array_write(const array *a, const char *path, int version, size_t extra) {
    char header[HEADER];
    size_t length = make_header(a, version == 1 ? 10 : 12, extra, header);
    npy_write(path, version, 0, header, length, a->data, array_bytes(a));
}

void array_write_sparse(const array *a, const char *path) {
    enum { PREAMBLE = 10 };
    char header[HEADER];
    size_t length = make_header(a, PREAMBLE, 0, header);
    npy_write(path, 1, 0, header, length, NULL, 0);
    assert_int_equal(truncate(path, (off_t)(PREAMBLE + length + array_bytes(a))), 0);
}

void array_read(array *a, const char *path) {
    char header[HEADER];
    size_t length = make_header(a, 10, 0, header), count;
    char *file = read_file(path, &count);
    assert_int_equal(count, 10 + length + array_bytes(a));
    char preamble[10] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, (char)(length & 0xff), (char)(length >> 8)};
    assert_memory_equal(file, preamble, sizeof preamble);
    assert_memory_equal(file + 10, header, length);
    array_allocate(a);
    memcpy(a->data, file + 10 + length, array_bytes(a));
    free(file);
}

void npy_expect(const char *path, const char *descr, const char *shape, const void *data, size_t bytes) {
    char header[200];
    size_t length;
    char *file = read_file(path, &length);
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    assert_true(length > bytes + strlen(header) + 10);
    assert_memory_equal(file + 10, header, strlen(header));
    assert_int_equal((length - bytes) % 64, 0);
    assert_memory_equal(file + length - bytes, data, bytes);
    free(file);
}
