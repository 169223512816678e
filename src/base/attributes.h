/* What is asked of compilers that know it. */
#ifndef SMX_ATTRIBUTES_H
#define SMX_ATTRIBUTES_H

/* Always inlined, so that each constant argument makes a loop of its own. Not without optimisation: that would only
 * give each a place of its own on the stack, megabytes of it in all. */
#if defined(__GNUC__) && defined(__OPTIMIZE__)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define ALWAYS_INLINE inline
#endif

#if defined(__GNUC__)
#define NOT_INLINE __attribute__((noinline)) /* so that what it has on the stack is there for it alone */
#define COLD __attribute__((cold))           /* what leads to such a call is kept out of the way */
#else
#define NOT_INLINE
#define COLD
#endif

#endif
