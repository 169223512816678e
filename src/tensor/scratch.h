/* Memory for one call: the only place of the library that asks the system for any. */
#ifndef SMX_TENSOR_SCRATCH_H
#define SMX_TENSOR_SCRATCH_H

#include <stddef.h>

/* `pieces` times `bytes`, 64-byte aligned; null if there is no memory. errno stays as it is. */
void *smx_scratch_new(size_t pieces, size_t bytes);
void smx_scratch_free(void *scratch);

#endif
