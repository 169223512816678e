/* Holds a library to AVX2 that asks the processor alone and offers no setting: its cpuid instructions, whose addresses
 * held.py finds, are made to trap, and answered here as by a processor without AVX-512. */
#define _GNU_SOURCE /* the registers of a ucontext_t */
#include <stdint.h>

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { CPUID_0 = 0x0f, CPUID_1 = 0xa2, UD2_1 = 0x0b, LENGTH = 2, HELD_MAX = 1024 };

static uint8_t *held[HELD_MAX];
static size_t held_count;

/* AVX-512 and what builds on it, AMX and AVX10: Intel's manual, volume 2A, CPUID, leaf 7. */
#define SUBLEAF_0_EBX (1U << 16 | 1U << 17 | 1U << 21 | 3U << 26 | 1U << 28 | 3U << 30)
#define SUBLEAF_0_ECX (1U << 1 | 1U << 6 | 3U << 11 | 1U << 14)
#define SUBLEAF_0_EDX (3U << 2 | 1U << 8 | 15U << 22)
#define SUBLEAF_1_EAX (1U << 5)
#define SUBLEAF_1_EDX (1U << 19)

static void answer(greg_t *registers) {
    uint32_t leaf = (uint32_t)registers[REG_RAX];
    uint32_t subleaf = (uint32_t)registers[REG_RCX];
    uint32_t a = 0;
    uint32_t b = 0;
    uint32_t c = 0;
    uint32_t d = 0;
    __cpuid_count(leaf, subleaf, a, b, c, d);
    if (leaf == 7 && subleaf == 0) {
        b &= ~SUBLEAF_0_EBX;
        c &= ~SUBLEAF_0_ECX;
        d &= ~SUBLEAF_0_EDX;
    } else if (leaf == 7 && subleaf == 1) {
        a &= ~SUBLEAF_1_EAX;
        d &= ~SUBLEAF_1_EDX;
    }
    registers[REG_RAX] = a;
    registers[REG_RBX] = b;
    registers[REG_RCX] = c;
    registers[REG_RDX] = d;
    registers[REG_RIP] += LENGTH;
}

static void on_trap(int number, siginfo_t *info, void *context) {
    for (size_t i = 0; i < held_count; i++) {
        if (info->si_addr == held[i]) {
            ucontext_t *c = context;
            answer(c->uc_mcontext.gregs);
            return;
        }
    }
    signal(number, SIG_DFL); /* not one of ours: it traps again, and ends the program */
}

/* 1, or 0 if the address has no cpuid, or cannot be changed. */
int hold_cpuid(uint8_t *address) {
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER};
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uint8_t *first = address - (uintptr_t)address % page;
    size_t bytes = (size_t)(address + LENGTH - first);
    if (held_count == HELD_MAX || address[0] != CPUID_0 || address[1] != CPUID_1 ||
        sigaction(SIGILL, &action, NULL) != 0 || mprotect(first, bytes, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
        return 0;
    }
    held[held_count++] = address;
    address[1] = UD2_1;
    return mprotect(first, bytes, PROT_READ | PROT_EXEC) == 0;
}

#else

int hold_cpuid(uint8_t *address) {
    (void)address;
    return 0;
}

#endif
