#include "arithmetic.h"

#include "environment.h"

#include <stdlib.h>

enum environment_number smx_environment_number(const char *variable, size_t most, char ends, size_t *number) {
    const char *text = getenv(variable);
    size_t value = 0;
    if (text == NULL || *text == '\0') {
        return ENVIRONMENT_UNSET;
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        size_t digit = (size_t)(*text - '0');
        if (digit > most || value > (most - digit) / 10) {
            return ENVIRONMENT_SENSELESS;
        }
        value = 10 * value + digit;
    }
    *number = value;
    return value != 0 && (*text == '\0' || *text == ends) ? ENVIRONMENT_NUMBER : ENVIRONMENT_SENSELESS;
}
