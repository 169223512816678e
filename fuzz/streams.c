#define _GNU_SOURCE /* fopencookie */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPACE = 1 << 16 };

typedef struct stream {
    FILE *file;
    char text[SPACE];
    size_t used;
} stream;

static stream out, err;
static FILE *terminal; /* the standard error that there was */

/* Too much memory asked for is a null pointer, as it is without sanitizers; the caller has to say so. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }

void fuzz_fail(const char *format, ...) {
    FILE *to = terminal != NULL ? terminal : stderr;
    va_list arguments;
    va_start(arguments, format);
    fprintf(to, "\nfuzz: ");
    vfprintf(to, format, arguments);
    fprintf(to, "\n");
    fflush(to);
    va_end(arguments);
    abort();
}

static ssize_t append(void *cookie, const char *bytes, size_t count) {
    stream *s = cookie;
    if (count >= SPACE - s->used)
        fuzz_fail("more than %d bytes were printed", SPACE);
    memcpy(s->text + s->used, bytes, count);
    s->used += count;
    return (ssize_t)count;
}

static FILE *open_stream(stream *s) {
    s->file = fopencookie(s, "w", (cookie_io_functions_t){.write = append});
    if (s->file == NULL)
        fuzz_fail("cannot open a stream into memory");
    return s->file;
}

void streams_capture(void) {
    terminal = stderr;
    stdout = open_stream(&out);
    stderr = open_stream(&err);
}

void streams_clear(void) {
    fflush(out.file);
    fflush(err.file);
    out.used = err.used = 0;
}

const char *streams_errors(void) {
    fflush(err.file);
    err.text[err.used] = '\0';
    return err.text;
}

void streams_expect_message(void) {
    const char *text = streams_errors();
    size_t line = strcspn(text, "\n");
    if (line + 1 != err.used || strncmp(text, "smx", 3) != 0)
        fuzz_fail("no message of one line: '%s'", text);
    for (size_t i = 0; i < line; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            fuzz_fail("a message with a control character: '%s'", text);
    }
}

int streams_free_descriptor(void) {
    int fd = dup(STDOUT_FILENO);
    if (fd < 0)
        fuzz_fail("no descriptor is free");
    close(fd);
    return fd;
}
