#include "float_state.h"

#include <inttypes.h>
#include <stdio.h>

#if defined(__x86_64__)

#include <xmmintrin.h>

enum {
    FLAGS = 0x3f,
    DAZ = 1 << 6,
    MASKS = 0x3f << 7,
    ROUNDING = 13,
    FTZ = 1 << 15,
    X87_ROUNDING = 10,
    X87_START = 0x37f
};

size_t float_states(void) { return (size_t)4 * 4 * 2 * 2; }

float_state float_state_number(size_t i) {
    unsigned rounding = i % 4, flush = i / 4 % 4, flags = i / 16 % 2, traps = i / 32 % 2;
    unsigned word = rounding << ROUNDING | (flush & 1 ? FTZ : 0u) | (flush & 2 ? DAZ : 0u) | (flags ? FLAGS : 0u) |
                    (traps ? 0u : MASKS);
    float_state state = {{word, X87_START | rounding << X87_ROUNDING, 0}};
    return state;
}

void float_state_apply(float_state state) {
    uint16_t control = (uint16_t)state.word[1];
    __asm__ volatile("fnclex\n\tfldcw %0" : : "m"(control));
    _mm_setcsr((unsigned)state.word[0]);
}

float_state float_state_current(void) {
    uint16_t control, status;
    __asm__ volatile("fnstcw %0\n\tfnstsw %1" : "=m"(control), "=m"(status));
    float_state state = {{_mm_getcsr(), control, status}};
    return state;
}

void print_float_states(void) {} /* all of MXCSR is varied */

#elif defined(__aarch64__)

enum { FLAGS = 0x9f, FPCR_ROUNDING = 22, FPCR_FLUSH = 24 };

size_t float_states(void) { return (size_t)4 * 2 * 2; }

float_state float_state_number(size_t i) {
    uint64_t rounding = i % 4, flush = i / 4 % 2, flags = i / 8 % 2;
    float_state state = {{rounding << FPCR_ROUNDING | flush << FPCR_FLUSH, flags ? FLAGS : 0u, 0}};
    return state;
}

void float_state_apply(float_state state) {
    __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, %1" : : "r"(state.word[0]), "r"(state.word[1]) : "memory");
}

float_state float_state_current(void) {
    float_state state = {{0}};
    __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr" : "=r"(state.word[0]), "=r"(state.word[1]) : : "memory");
    return state;
}

void print_float_states(void) {
    printf("skipped: traps on floating-point exceptions, which most AArch64 processors do not have\n");
}

#else

#include <fenv.h>

static const int roundings[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};

size_t float_states(void) { return (size_t)4 * 2; }

float_state float_state_number(size_t i) {
    float_state state = {{(uint64_t)roundings[i % 4], i / 4 ? FE_ALL_EXCEPT : 0, 0}};
    return state;
}

void float_state_apply(float_state state) {
    fesetround((int)state.word[0]);
    feclearexcept(FE_ALL_EXCEPT);
    feraiseexcept((int)state.word[1]);
}

float_state float_state_current(void) {
    float_state state = {{(uint64_t)fegetround(), (uint64_t)fetestexcept(FE_ALL_EXCEPT), 0}};
    return state;
}

void print_float_states(void) {
    printf("skipped: flushing of subnormal numbers and traps, which the tests know nothing of on this processor\n");
}

#endif

const char *float_state_text(float_state state) {
    static char text[80];
    snprintf(text, sizeof text, "control and status words %" PRIx64 " %" PRIx64 " %" PRIx64, state.word[0],
             state.word[1], state.word[2]);
    return text;
}
