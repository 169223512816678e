#include "isas.h"

#include <stdio.h>
#include <string.h>

#include "check.h"

const char *const known_isas[KNOWN_ISAS] = {"scalar", "sse2", "avx2", "avx512", "neon", "sve", "rvv"};

int isa_is_available(const char *name) {
    for (size_t i = 0; smx_isa_available(i); i++) {
        if (strcmp(smx_isa_available(i), name) == 0) {
            return 1;
        }
    }
    return 0;
}

void print_isas(void) {
    printf("instruction sets tested:");
    for (size_t i = 0; smx_isa_available(i); i++) {
        printf(" %s", smx_isa_available(i));
    }
    printf("\nskipped, since this build or this machine lacks them:");
    for (size_t k = 0; k < KNOWN_ISAS; k++) {
        if (!isa_is_available(known_isas[k])) {
            printf(" %s", known_isas[k]);
        }
    }
    printf("\n");
    fflush(stdout);
}

void use_isa(const char *name) {
    label("smx_isa_set(\"%s\")", name);
    assert_ok(smx_isa_set(name));
    assert_string_equal(smx_isa(), name);
}
