#include "../base/arithmetic.h"

#include "call.h"

size_t smx_call_rows(const struct call *c) {
    size_t rows = 1;
    for (int d = 0; d < c->ndim; d++) {
        rows *= c->shape[d];
    }
    return rows;
}
