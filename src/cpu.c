#include "cpu.h"

bool smx_cpu_always(void) { return true; }

/* The compiler's runtime reads CPUID and, for AVX and AVX-512, XCR0: whether the system saves the registers. */
#if defined(__x86_64__) && defined(__GNUC__)

bool smx_cpu_avx2(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

bool smx_cpu_avx512(void) {
    __builtin_cpu_init();
    return smx_cpu_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

#else

bool smx_cpu_avx2(void) { return false; }
bool smx_cpu_avx512(void) { return false; }

#endif

#if defined(__aarch64__) && defined(__linux__)

#include <sys/auxv.h>
#ifndef HWCAP_SVE
#define HWCAP_SVE (1 << 22)
#endif
bool smx_cpu_sve(void) { return (getauxval(AT_HWCAP) & HWCAP_SVE) != 0; }

#else

bool smx_cpu_sve(void) { return false; }

#endif

#if defined(__riscv_vector) /* the whole library is compiled for it: nothing to detect */

bool smx_cpu_rvv(void) { return true; }

#elif defined(__riscv) && defined(__linux__)

#include <sys/auxv.h>
bool smx_cpu_rvv(void) { return (getauxval(AT_HWCAP) & (1UL << ('V' - 'A'))) != 0; }

#else

bool smx_cpu_rvv(void) { return false; }

#endif
