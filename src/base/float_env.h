/* The floating-point environment: kernels run in the default one (round to nearest, gradual underflow, no traps), and
 * the caller's, with its sticky flags, is back when they are done. <fenv.h> would do, but knows nothing of FTZ and DAZ,
 * and its calls cost more than a row of ten. */
#ifndef SMX_FLOAT_ENV_H
#define SMX_FLOAT_ENV_H

#if defined(__x86_64__) || defined(_M_X64)

#include <xmmintrin.h>
typedef unsigned float_env;
#define FLOAT_ENV_DEFAULT 0x1f80u /* all exceptions masked, no flags, round to nearest, FTZ and DAZ off */
static inline float_env float_env_enter(void) {
    float_env caller = _mm_getcsr();
    _mm_setcsr(FLOAT_ENV_DEFAULT);
    return caller;
}
static inline void float_env_leave(float_env caller) { _mm_setcsr(caller); }

#elif defined(__aarch64__)

#include <stdint.h>
typedef struct {
    uint64_t control, status;
} float_env;
static inline float_env float_env_enter(void) {
    float_env caller;
    __asm__ volatile("mrs %0, fpcr" : "=r"(caller.control));
    __asm__ volatile("mrs %0, fpsr" : "=r"(caller.status));
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0) : "memory");
    return caller;
}
static inline void float_env_leave(float_env caller) {
    __asm__ volatile("msr fpcr, %0" : : "r"(caller.control) : "memory");
    __asm__ volatile("msr fpsr, %0" : : "r"(caller.status) : "memory");
}

#elif defined(__riscv)

#include <stdint.h>
typedef uintptr_t float_env;
static inline float_env float_env_enter(void) {
    float_env caller;
    __asm__ volatile("csrrw %0, fcsr, zero" : "=r"(caller) : : "memory");
    return caller;
}
static inline void float_env_leave(float_env caller) { __asm__ volatile("csrw fcsr, %0" : : "r"(caller) : "memory"); }

#else

#include <fenv.h>
typedef fenv_t float_env;
static inline float_env float_env_enter(void) {
    float_env caller;
    fegetenv(&caller);
    fesetenv(FE_DFL_ENV);
    return caller;
}
static inline void float_env_leave(float_env caller) { fesetenv(&caller); }

#endif

#endif
