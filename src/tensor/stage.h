/* Rows of an argument between its tensor and packed scratch memory. */
#ifndef SMX_TENSOR_STAGE_H
#define SMX_TENSOR_STAGE_H

#include "call.h"

/* Rows `first` to `first` + `rows` - 1, as the row function takes them: into `packed` of an input, from there of an
 * output. The caller is in the library's floating-point environment. */
void smx_stage(const struct call *call, const struct operand *operand, size_t first, size_t rows,
               unsigned char *packed);

/* The same for what has no rows: makes blocks of a call's totals, of inputs with their values; and the way back. */
typedef unsigned char total_memory[OPERANDS_MAX][8];
void smx_stage_totals(const struct call *call, struct block block[OPERANDS_MAX], total_memory memory);
void smx_unstage_totals(const struct call *call, const struct block block[OPERANDS_MAX]);

#endif
