/* Files in NumPy's .npy format: a header that is the text of a Python dict, then the numbers.
 *
 *     \x93NUMPY  version (2 bytes)  length (2 bytes; 4 from version 2.0 on)  {'descr': '<f4', ...}  numbers
 *
 * Read are versions 1.0, 2.0 and 3.0, the dtypes below in either byte order, C and Fortran order; written is what NumPy
 * writes on a little-endian machine. Everything else, and whatever the format does not allow, is refused with one line
 * on stderr; no byte of a file is trusted. */
#ifndef SMX_CLI_NPY_H
#define SMX_CLI_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output.h"

enum {
    NPY_MAX_DIMS = 64,      /* NumPy's own limit */
    NPY_MAX_HEADER = 65535, /* the longest header of version 1.0; the later versions' limit of 4 GiB serves no array */
    NPY_SHAPE_SPACE = 1500, /* what npy_format_shape needs at most: 22 characters a dimension */
    NPY_HEADER_SPACE = 1 << 11 /* what npy_format_header needs at most */
};

/* A set of them is a number with the bits 1 << dtype. */
typedef enum npy_dtype {
    NPY_F2,
    NPY_BF16,
    NPY_F4,
    NPY_F8,
    NPY_BOOL,
    NPY_I1,
    NPY_I2,
    NPY_I4,
    NPY_I8,
    NPY_U1,
    NPY_U2,
    NPY_U4,
    NPY_U8,
    NPY_DTYPES
} npy_dtype;

enum {
    NPY_REALS = 1 << NPY_F2 | 1 << NPY_BF16 | 1 << NPY_F4 | 1 << NPY_F8,
    NPY_INTEGERS =
        1 << NPY_I1 | 1 << NPY_I2 | 1 << NPY_I4 | 1 << NPY_I8 | 1 << NPY_U1 | 1 << NPY_U2 | 1 << NPY_U4 | 1 << NPY_U8,
    NPY_TRUTHS = 1 << NPY_BOOL | 1 << NPY_U1,
    NPY_DTYPES_SPACE = 160 /* what npy_list_dtypes needs at most */
};

typedef struct npy_header {
    npy_dtype dtype;
    bool fortran_order;
    size_t ndim;
    size_t shape[NPY_MAX_DIMS];
} npy_header;

size_t npy_item_size(npy_dtype dtype);

/* For messages: "'<f4'". And a set of them: "'<f4' and '<f8'". */
const char *npy_dtype_name(npy_dtype dtype);
void npy_list_dtypes(unsigned set, char text[static NPY_DTYPES_SPACE]);

/* The number of elements. For a header that came from npy_parse_header or npy_open, neither this nor the bytes
 * overflow: they stay below PTRDIFF_MAX. */
size_t npy_count(const npy_header *header);

/* Whether the bytes of the array can be addressed. A dimension of 0 makes an array empty, but the others must make
 * sense all the same. */
bool npy_fits(const npy_header *header);

/* Writes a shape as Python does: (), (3,), (3, 4). */
void npy_format_shape(const npy_header *header, char text[static NPY_SHAPE_SPACE]);

/* Parses the text of a header (what follows its length), and whether the numbers are big-endian. Returns null, or what
 * is wrong with it, which lies in `error`. */
const char *npy_parse_header(const char *text, size_t length, npy_header *header, bool *big_endian,
                             char error[static 128]);

/* Writes magic, version 1.0, length and text of a header, padded to a multiple of 64 bytes; returns how many bytes. */
size_t npy_format_header(const npy_header *header, char bytes[static NPY_HEADER_SPACE]);

/* An array whose numbers are mapped, not read: only the pages touched are ever in memory. */
typedef struct npy_array {
    const char *name; /* for messages: the path, or "standard input" */
    npy_header header;
    bool big_endian;  /* so was the file; data is not */
    const void *data; /* may be unaligned: a header may have any length */
    void *map;        /* the mapping that data points into; null if there is nothing to map */
    size_t map_bytes;
} npy_array;

/* Opens a file, "-" being standard input. What cannot be mapped (a pipe, a terminal) or is big-endian is first copied
 * to an unlinked temporary file: long rows need three passes over the numbers, and other axes than the last need them
 * out of order. Returns false after a message. `path` must outlive the array. */
bool npy_open(npy_array *array, const char *path);

/* Whether the array's dtype is one of a set; false after a message. */
bool npy_check_dtype(const npy_array *array, unsigned set);

void npy_close(npy_array *array);

/* Takes the pages of these bytes of data out of memory; touching them again is allowed and reads them again. */
void npy_drop(const npy_array *array, size_t offset, size_t bytes);

/* Opens an output and writes the header to it; the numbers belong at *data_start. Returns false after a message. */
bool npy_create(output *out, const char *path, const npy_header *header, uint64_t *data_start);

/* Writes an array that is in memory as a whole, as output.h does. Returns false after a message. */
bool npy_save(const char *path, const npy_header *header, const void *data);

#endif
