/* The rows of a call: their order, where each begins, how its entries lie. Rows may be taken in any order: no result
 * depends on it. */
#ifndef SMX_TENSOR_LAYOUT_H
#define SMX_TENSOR_LAYOUT_H

#include "call.h"

/* Orders the dimensions of the rows as the arguments lie in memory, and leaves out those of extent 1. */
void smx_layout_sort(struct call *call);

/* Takes neighbouring dimensions for one where all arguments allow it, and, if `with_options`, the options' tensors too;
 * otherwise those are of no use afterwards. At least one dimension is left. */
void smx_layout_coalesce(struct call *call, bool with_options);

/* Where there are several dimensions within a row: as few as can be, and how a row of each argument lies then. Entries
 * may be taken in any order too, unless arguments count them. */
void smx_layout_within(struct call *call);

/* The index of a row; returns how many rows, with itself, are left in the last dimension. */
size_t smx_layout_index(const struct call *call, size_t row, size_t index[DIMENSIONS_MAX]);

/* Where the row of that index begins, in bytes after element 0. */
ptrdiff_t smx_layout_offset(const struct call *call, const struct operand *operand, const size_t index[DIMENSIONS_MAX]);

/* The argument as a block for a row function, if `rows` of its rows, `row` bytes apart, are one. */
bool smx_layout_block(const struct operand *operand, size_t rows, ptrdiff_t row, struct block *block);

#endif
