/* Memory for one call: the only place of the library that asks the system for any. */
#ifndef SMX_TENSOR_SCRATCH_H
#define SMX_TENSOR_SCRATCH_H

#include <stddef.h>

/* `count` times `bytes`, 64-byte aligned; null if there is no memory. errno stays as it is. */
void *smx_scratch_new(size_t count, size_t bytes);

/* The same for pieces of work that go on at once, each with *bytes of its own; *bytes becomes how far one's begin after
 * those before. Kernels fetch what lies ahead of what they read, and so would take lines from another's cache. */
void *smx_scratch_apart(size_t pieces, size_t *bytes);
void smx_scratch_free(void *scratch);

#endif
