/* The instruction sets to test. */
#ifndef SMX_TESTS_ISAS_H
#define SMX_TESTS_ISAS_H

#include <stddef.h>

/* Every name that the library knows, available here or not. */
enum { KNOWN_ISAS = 7 };
extern const char *const known_isas[KNOWN_ISAS];

/* Whether smx_isa_available lists it. */
int isa_is_available(const char *name);

/* Prints which instruction sets run here, and which of those that the library knows do not (so tests skip them). */
void print_isas(void);

/* Makes the named instruction set the one in use; the test fails if it can't be. */
void use_isa(const char *name);

#endif
