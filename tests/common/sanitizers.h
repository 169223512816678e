/* Which sanitizers this is compiled with, by gcc or clang. */
#ifndef SMX_TESTS_SANITIZERS_H
#define SMX_TESTS_SANITIZERS_H

#if defined(__has_feature)
#define CLANG_HAS(feature) __has_feature(feature)
#else
#define CLANG_HAS(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || CLANG_HAS(address_sanitizer)
#define ADDRESS_SANITIZER 1
#else
#define ADDRESS_SANITIZER 0
#endif

#if defined(__SANITIZE_THREAD__) || CLANG_HAS(thread_sanitizer)
#define THREAD_SANITIZER 1
#else
#define THREAD_SANITIZER 0
#endif

#define ANY_SANITIZER (ADDRESS_SANITIZER || THREAD_SANITIZER || CLANG_HAS(memory_sanitizer))

#endif
