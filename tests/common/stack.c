#include "stack.h"

#include "check.h"
#include "sanitizers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STACK_BYTES = 1 << 19, PAINT = 0xa5 };

typedef struct measurement {
    void (*call)(void *data);
    void *data;
    unsigned char *lowest;
    size_t used;
} measurement;

/* Not inlined: what lies above this frame is no part of the call. */
static __attribute__((noinline)) void *measure(void *data) {
    measurement *m = data;
    unsigned char *volatile here = __builtin_frame_address(0);
    m->call(m->data);
    const unsigned char *touched = m->lowest;
    while (touched < here && *touched == PAINT) {
        touched++;
    }
    m->used = (size_t)(here - touched);
    return NULL;
}

size_t stack_of(void (*call)(void *data), void *data) {
    call(data);
    unsigned char *memory = aligned_alloc(4096, STACK_BYTES);
    assert_non_null(memory);
    memset(memory, PAINT, STACK_BYTES);
    measurement m = {call, data, memory, 0};
    pthread_attr_t attributes;
    pthread_t thread;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, memory, STACK_BYTES), 0);
    assert_int_equal(pthread_create(&thread, &attributes, measure, &m), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
    free(memory);
    return m.used;
}

int stack_is_plain(void) {
#if ANY_SANITIZER
    puts("skip: frames of a sanitizer are larger than those that smx.h speaks of");
    return 0;
#else
    return 1;
#endif
}
