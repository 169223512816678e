#include "../base/arithmetic.h"

#include "cpu.h"

#include "../base/environment.h"

#include <stdatomic.h>
#include <stdint.h>

bool smx_cpu_scalar(void) { return true; }

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

#if defined(__x86_64__) && defined(__GNUC__)

#include <cpuid.h>

/* The size of the last of the caches that a leaf of CPUID lists; 0 if it lists none. */
static size_t last_listed_cache(unsigned leaf) {
    unsigned a, b, c, d;
    size_t bytes = 0;
    for (unsigned i = 0; i < 8 && __get_cpuid_count(leaf, i, &a, &b, &c, &d) != 0 && (a & 31) != 0; i++) {
        size_t ways = (b >> 22) + 1, partitions = (b >> 12 & 1023) + 1, line = (b & 4095) + 1;
        bytes = ways * partitions * line * ((size_t)c + 1);
    }
    return bytes;
}

/* Not sysconf: glibc 2.36 gives all caches of an AMD processor together, of which a core uses one. */
static size_t last_cache(void) {
    size_t intel = last_listed_cache(4);
    return intel != 0 ? intel : last_listed_cache(0x8000001d);
}

#else

static size_t last_cache(void) { return 0; }

#endif

#define CACHE_BYTES_GUESS ((size_t)32 << 20)

/* 0 if the environment has no number above 0 where it should. */
static size_t find_cache_bytes(void) {
    size_t bytes = 0;
    switch (smx_environment_number("SMX_CACHE_BYTES", SIZE_MAX, '\0', &bytes)) {
    case ENVIRONMENT_NUMBER:
        return bytes;
    case ENVIRONMENT_SENSELESS:
        return 0;
    default:
        bytes = last_cache();
        return bytes != 0 ? bytes : CACHE_BYTES_GUESS;
    }
}

size_t smx_cpu_cache_bytes(void) {
    static const size_t unread = 0, unusable = SIZE_MAX;
    static atomic_size_t found; /* `unread` until first use */
    size_t bytes = atomic_load_explicit(&found, memory_order_relaxed);
    if (bytes == unread) {
        bytes = find_cache_bytes();
        bytes = bytes != 0 ? bytes : unusable;
        atomic_store_explicit(&found, bytes, memory_order_relaxed);
    }
    return bytes != unusable ? bytes : 0;
}
