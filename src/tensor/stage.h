/* Rows of an argument between its tensor and packed scratch memory. */
#ifndef SMX_TENSOR_STAGE_H
#define SMX_TENSOR_STAGE_H

#include "call.h"

/* Rows `first` to `first` + `rows` - 1, as the row function takes them: into `packed` of an input, from there of an
 * output. The caller is in the library's floating-point environment. */
void smx_stage(const struct call *call, const struct operand *operand, size_t first, size_t rows,
               unsigned char *packed);

/* What has no rows lies in call->total: inputs before the call runs, outputs after it. */
void smx_stage_totals(struct call *call);
void smx_unstage_totals(const struct call *call);
void smx_blocks_of_totals(const struct call *call, struct block block[OPERANDS_MAX]);

#endif
