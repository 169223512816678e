/* What this processor, and the system on it, can run. Compiled without instruction-set flags. */
#ifndef SMX_CPU_H
#define SMX_CPU_H

#include <stdbool.h>
#include <stddef.h>

/* smx_cpu_NAME for each instruction set of isa.h. */
bool smx_cpu_scalar(void); /* always */
bool smx_cpu_avx2(void);   /* AVX2 and FMA */
bool smx_cpu_avx512(void); /* F, DQ, BW and VL */
bool smx_cpu_sve(void);
bool smx_cpu_rvv(void);

/* The size of the last-level cache: SMX_CACHE_BYTES in the environment if that is set and not empty (0 if it is no
 * number above 0), else what the processor says, else a guess. Read once. No result depends on it. */
size_t smx_cpu_cache_bytes(void);

#endif
