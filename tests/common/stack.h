/* How much stack a call takes. */
#ifndef SMX_TESTS_STACK_H
#define SMX_TESTS_STACK_H

#include <stddef.h>

/* What smx.h promises of every function. */
enum { STACK_BELOW = 65536 };

/* Calls, once to have symbols bound, and once in a thread whose stack is painted; returns the bytes between the frame
 * that calls and the last one that was written to. */
size_t stack_of(void (*call)(void *data), void *data);

/* Whether frames are those of the compiler alone; if not, prints a line that begins with `skip`. */
int stack_is_plain(void);

#endif
