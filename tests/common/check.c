#include "check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char label_buffer[400];

void label(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(label_buffer, sizeof label_buffer, format, args);
    va_end(args);
}

const char *label_text(void) { return label_buffer; }

void assert_same_bits(const dtype *t, const void *expected, const void *actual, size_t n) {
    if (n == 0 || memcmp(expected, actual, n * t->size) == 0) {
        return;
    }
    size_t i = 0;
    while (t->bits(expected, i) == t->bits(actual, i)) {
        i++;
    }
    fail_msg("%s: element %zu of %zu: expected %a (%" PRIx64 "), got %a (%" PRIx64 ")", label_buffer, i, n,
             t->load(expected, i), t->bits(expected, i), t->load(actual, i), t->bits(actual, i));
}

void assert_status(smx_status wanted, smx_status got) {
    if (wanted != got) {
        fail_msg("%s: expected status %d (%s), got %d (%s)", label_buffer, (int)wanted, smx_status_str(wanted),
                 (int)got, smx_status_str(got));
    }
}

void assert_ok(smx_status got) { assert_status(SMX_OK, got); }

void assert_refused_for(smx_status wanted, const char *what, smx_status got) {
    assert_status(wanted, got);
    if (wanted != SMX_OK && strcmp(what, smx_refused()) != 0) {
        fail_msg("%s: expected a refusal for \"%s\", got \"%s\"", label_buffer, what, smx_refused());
    }
}

enum { CANARY = 0xa5 };

void fill_canary(void *a, size_t bytes) { memset(a, CANARY, bytes); }

void assert_canary(const void *a, size_t bytes) {
    const unsigned char *b = a;
    for (size_t i = 0; i < bytes; i++) {
        if (b[i] != CANARY) {
            fail_msg("%s: byte %zu of %zu that must not be written was", label_buffer, i, bytes);
        }
    }
}

void assert_element_bits(const dtype *t, const void *a, size_t i, uint64_t bits) {
    if (t->bits(a, i) != bits) {
        fail_msg("%s: element %zu: expected bits %" PRIx64 ", got %" PRIx64 " (%a)", label_buffer, i, bits,
                 t->bits(a, i), t->load(a, i));
    }
}

void *elements(const dtype *t, size_t n) {
    size_t bytes = (n * t->size + 63) / 64 * 64;
    void *a = aligned_alloc(64, bytes ? bytes : 64);
    if (!a) {
        fail_msg("no memory for %zu elements", n);
    }
    return a;
}
