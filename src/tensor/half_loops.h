/* The conversions in plain C, without branches, so that compilers make vectors of them for the instruction set of the
 * file that includes this. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define F32_INFINITY 0x7f800000u
#define F32_NAN 0x7fc00000u
#define F16_INFINITY 0x7c00u
#define F16_NAN 0x7e00u
#define BF16_NAN 0x7fc0u

static inline uint32_t bits_of(float a) {
    uint32_t bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
}

static inline float float_of(uint32_t bits) {
    float a;
    memcpy(&a, &bits, sizeof a);
    return a;
}

static inline uint32_t f16_widen(uint32_t h) {
    uint32_t sign = (h & 0x8000u) << 16, rest = h & 0x7fffu;
    uint32_t normal = (rest << 13) + ((uint32_t)(127 - 15) << 23);
    /* A subnormal number is an integer in units of 2^-24: exact, and a normal f32. */
    uint32_t small = bits_of((float)(int32_t)rest * 0x1p-24f);
    uint32_t finite = rest < 0x400u ? small : normal;
    uint32_t number = sign | (rest == F16_INFINITY ? F32_INFINITY : finite);
    return rest > F16_INFINITY ? F32_NAN : number;
}

static inline uint32_t f16_narrow(uint32_t bits) {
    uint32_t sign = bits >> 16 & 0x8000u, rest = bits & 0x7fffffffu;
    uint32_t odd = rest >> 13 & 1;
    /* The carry out of the mantissa belongs in the exponent, up to infinity. */
    uint32_t normal = (rest - ((uint32_t)(127 - 15) << 23) + 0xfffu + odd) >> 13;
    /* In [0.5, 1), a unit of f32 is 2^-24, that of a subnormal f16: the sum is rounded where it should be. */
    uint32_t small = bits_of(float_of(rest) + 0x1p-1f) - 0x3f000000u;
    uint32_t finite = rest < 0x38800000u ? small : normal;                  /* 2^-14 */
    uint32_t number = sign | (rest >= 0x47800000u ? F16_INFINITY : finite); /* 2^16 */
    return rest > F32_INFINITY ? F16_NAN : number;
}

static inline uint32_t bf16_widen(uint32_t b) {
    uint32_t bits = b << 16;
    return (bits & 0x7fffffffu) > F32_INFINITY ? F32_NAN : bits;
}

static inline uint32_t bf16_narrow(uint32_t bits) {
    uint32_t odd = bits >> 16 & 1;
    return (bits & 0x7fffffffu) > F32_INFINITY ? BF16_NAN : (bits + 0x7fffu + odd) >> 16;
}

static inline uint32_t load16(const unsigned char *from, size_t i) {
    uint16_t half;
    memcpy(&half, from + i * sizeof half, sizeof half);
    return half;
}

static inline void store16(unsigned char *to, size_t i, uint32_t bits) {
    uint16_t half = (uint16_t)bits;
    memcpy(to + i * sizeof half, &half, sizeof half);
}

static inline uint32_t load32(const unsigned char *from, size_t i) {
    uint32_t bits;
    memcpy(&bits, from + i * sizeof bits, sizeof bits);
    return bits;
}

static inline void store32(unsigned char *to, size_t i, uint32_t bits) {
    memcpy(to + i * sizeof bits, &bits, sizeof bits);
}

static inline void f16_to_f32_loop(size_t count, const unsigned char *restrict from, unsigned char *restrict to) {
    for (size_t i = 0; i < count; i++) {
        store32(to, i, f16_widen(load16(from, i)));
    }
}

static inline void f32_to_f16_loop(size_t count, const unsigned char *restrict from, unsigned char *restrict to) {
    for (size_t i = 0; i < count; i++) {
        store16(to, i, f16_narrow(load32(from, i)));
    }
}

static inline void bf16_to_f32_loop(size_t count, const unsigned char *restrict from, unsigned char *restrict to) {
    for (size_t i = 0; i < count; i++) {
        store32(to, i, bf16_widen(load16(from, i)));
    }
}

static inline void f32_to_bf16_loop(size_t count, const unsigned char *restrict from, unsigned char *restrict to) {
    for (size_t i = 0; i < count; i++) {
        store16(to, i, bf16_narrow(load32(from, i)));
    }
}
