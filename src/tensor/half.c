/* Half precision: the portable conversions, which define the bits, and the choice among all. */
#include "../base/arithmetic.h"

#include "half.h"

#include "../isa/cpu.h"
#include "../isa/dispatch.h"
#include "half_loops.h"

#include <stdatomic.h>

static void f16_to_f32(size_t count, const void *from, void *to) { f16_to_f32_loop(count, from, to); }
static void f32_to_f16(size_t count, const void *from, void *to) { f32_to_f16_loop(count, from, to); }
static void bf16_to_f32(size_t count, const void *from, void *to) { bf16_to_f32_loop(count, from, to); }
static void f32_to_bf16(size_t count, const void *from, void *to) { f32_to_bf16_loop(count, from, to); }

const struct half_functions smx_half_portable = {f16_to_f32, f32_to_f16, bf16_to_f32, f32_to_bf16};

#if defined(__x86_64__) && defined(__GNUC__)

#include <cpuid.h>

/* Not every compiler's __builtin_cpu_supports knows F16C. It uses AVX's registers: smx_cpu_avx2 has asked the system
 * whether it saves them. */
static bool detect_f16c(void) {
    unsigned a, b, c, d;
    return smx_cpu_avx2() && __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) != 0;
}

#else

static bool detect_f16c(void) { return false; }

#endif

/* CPUID takes microseconds under a hypervisor: once is enough. */
static bool has_f16c(void) {
    static atomic_int known; /* 0: not yet, 1: no, 2: yes */
    int has = atomic_load_explicit(&known, memory_order_relaxed);
    if (has == 0) {
        has = detect_f16c() ? 2 : 1;
        atomic_store_explicit(&known, has, memory_order_relaxed);
    }
    return has == 2;
}

const struct half_functions *smx_half_functions(void) {
    return smx_f16c_in_use() && smx_half_f16c != NULL && has_f16c() ? smx_half_f16c : &smx_half_portable;
}
