/* Numbers in the environment. */
#ifndef SMX_ENVIRONMENT_H
#define SMX_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

enum environment_number { ENVIRONMENT_UNSET, ENVIRONMENT_NUMBER, ENVIRONMENT_SENSELESS };

/* The decimal number that a variable is, from 1 to `most`; unset, also where it is empty; or no such number. After the
 * digits, `ends` may follow with anything behind it; '\0': nothing may. */
enum environment_number smx_environment_number(const char *variable, size_t most, char ends, size_t *number);

#endif
