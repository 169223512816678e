/* From the arguments of a public function over pointers to a request to the engine. */
#ifndef SMX_API_REQUEST_H
#define SMX_API_REQUEST_H

#include "../rows/rows.h"

/* Inputs and outputs alike: the table says which is which. */
static inline struct array rows_of(const void *data, size_t ld) {
    union {
        const void *in;
        void *data;
    } u = {data};
    return (struct array){u.data, ld, 0};
}

static inline struct array numbers_of(const void *data) { return rows_of(data, 0); }

/* What every request for rows of n says. */
#define REQUEST(number, type, arrays)                                                                               \
    {                                                                                                               \
        .operation = &smx_operations[OPERATION_##number], .real = DTYPE_##type, .rows = rows, .n = n, .vectors = 1, \
        .array = (arrays), .opt = opt                                                                               \
    }

#endif
