/* The memory's own speed, for bench.py: memcpy, and a copy whose stores bypass the cache. A softmax reads its input
 * once and writes its output once, so no softmax of an array beyond the cache can be faster than these. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* Threads get whole cache lines. */
static size_t cut(size_t bytes, int threads, int i) {
    return i == threads ? bytes : bytes / 64 / (size_t)threads * (size_t)i * 64;
}

void copy_cached(char *to, const char *from, size_t bytes, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1)
    for (int i = 0; i < threads; i++) {
        size_t first = cut(bytes, threads, i);
        memcpy(to + first, from + first, cut(bytes, threads, i + 1) - first);
    }
}

#ifdef __x86_64__

__attribute__((target("avx"))) static void stream_avx(char *to, const char *from, size_t bytes) {
    size_t i = 0;
    for (; i + 64 <= bytes; i += 64) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(from + i));
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(from + i + 32));
        _mm256_stream_si256((__m256i *)(void *)(to + i), a);
        _mm256_stream_si256((__m256i *)(void *)(to + i + 32), b);
    }
    memcpy(to + i, from + i, bytes - i);
    _mm_sfence();
}

/* Returns 1, or 0 without copying if this machine or the alignment of `to` does not allow it. */
int copy_streaming(char *to, const char *from, size_t bytes, int threads) {
    if (!__builtin_cpu_supports("avx") || (uintptr_t)to % 32 != 0) {
        return 0;
    }
#pragma omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1)
    for (int i = 0; i < threads; i++) {
        size_t first = cut(bytes, threads, i);
        stream_avx(to + first, from + first, cut(bytes, threads, i + 1) - first);
    }
    return 1;
}

#else

int copy_streaming(char *to, const char *from, size_t bytes, int threads) {
    (void)to, (void)from, (void)bytes, (void)threads;
    return 0;
}

#endif
