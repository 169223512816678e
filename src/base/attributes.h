/* What is asked of compilers that know it. */
#ifndef SMX_ATTRIBUTES_H
#define SMX_ATTRIBUTES_H

#if defined(__GNUC__)
#define ALWAYS_INLINE inline __attribute__((always_inline)) /* so that each constant argument makes a loop of its own */
#define NOT_INLINE __attribute__((noinline))                /* so that what it has on the stack is there for it alone */
#define COLD __attribute__((cold))                          /* what leads to such a call is kept out of the way */
#else
#define ALWAYS_INLINE inline
#define NOT_INLINE
#define COLD
#endif

#endif
