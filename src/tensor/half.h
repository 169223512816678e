/* Half precision as storage: f16 (IEEE binary16) and bf16 (the upper half of an f32), to and from f32. Narrowing rounds
 * to nearest, ties to even, keeps subnormal numbers and overflows to infinity; both directions give the canonical quiet
 * NaN for any NaN. Callers are in the library's floating-point environment (float_env.h).
 *
 * Arrays may have any alignment, and must not overlap. */
#ifndef SMX_HALF_H
#define SMX_HALF_H

#include <stddef.h>

typedef void (*half_convert)(size_t count, const void *from, void *to);

struct half_functions {
    half_convert f16_to_f32, f32_to_f16, bf16_to_f32, f32_to_bf16;
};

/* Those of the instruction set in use (smx_isa): equal bits from all. */
const struct half_functions *smx_half_functions(void);

/* The definition, in plain C; and F16C's instructions, null where the compiler or the target can't build them. */
extern const struct half_functions smx_half_portable;
extern const struct half_functions *const smx_half_f16c;

#endif
