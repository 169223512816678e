/* The floating-point control and status registers, as a caller may have set them. */
#ifndef SMX_TESTS_FLOAT_STATE_H
#define SMX_TESTS_FLOAT_STATE_H

#include <stddef.h>
#include <stdint.h>

/* x86-64: MXCSR, and the x87 control and status words. AArch64: FPCR and FPSR. Elsewhere what <fenv.h> knows: rounding
 * mode and exception flags. */
typedef struct float_state {
    uint64_t word[3];
} float_state;

/* All combinations of rounding mode, flushing of subnormal numbers, flags already raised, and traps, that this
 * processor has. Number 0 is the state in which programs start. */
size_t float_states(void);
float_state float_state_number(size_t i);

/* Between these two calls, the test itself must not compute with reals. */
void float_state_apply(float_state state);
float_state float_state_current(void);

/* "MXCSR 1f80" and the like, in a static buffer. */
const char *float_state_text(float_state state);

/* Prints what can't be varied here. */
void print_float_states(void);

#endif
