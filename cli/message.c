#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"

enum { LINE = 1024 };

static void append_list(char *text, size_t size, const char *format, va_list arguments) {
    size_t length = strlen(text);
    vsnprintf(text + length, size - length, format, arguments);
}

void append_text(char *text, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    append_list(text, size, format, arguments);
    va_end(arguments);
}

/* A file's name or text must not break the line or drive the terminal. */
static void print_line(char line[static LINE]) {
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    progress_clear();
    fprintf(stderr, "%s\n", line);
}

int complain(const char *name, const char *format, ...) {
    char line[LINE] = "";
    append_text(line, LINE, "smx: %s: ", name);
    va_list arguments;
    va_start(arguments, format);
    append_list(line, LINE, format, arguments);
    va_end(arguments);
    print_line(line);
    return EXIT_FAILED;
}

int complain_usage(const char *who, const char *format, ...) {
    char line[LINE] = "";
    append_text(line, LINE, "%s: ", who);
    va_list arguments;
    va_start(arguments, format);
    append_list(line, LINE, format, arguments);
    va_end(arguments);
    append_text(line, LINE, " (try '%s --help')", who);
    print_line(line);
    return EXIT_USAGE;
}

static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value != NULL ? value : "";
}

bool check_environment(void) {
    char line[LINE] = "";
    if (smx_isa() != NULL) {
        if (smx_softmax_f32(0, 0, NULL, 0, NULL, 0, NULL) != SMX_ERROR_ENVIRONMENT)
            return true;
        append_text(line, LINE, "smx: %s=%s is not a number above 0", smx_refused(), variable(smx_refused()));
        print_line(line);
        return false;
    }
    append_text(line, LINE,
                "smx: SMX_ISA=%s names no instruction set that can be used here; available:", variable("SMX_ISA"));
    for (size_t i = 0; smx_isa_available(i) != NULL; i++)
        append_text(line, LINE, " %s", smx_isa_available(i));
    print_line(line);
    return false;
}

int complain_status(const char *name, smx_status status) {
    const char *refused = smx_refused();
    return complain(name, "%s%s%s", refused, refused[0] != '\0' ? ": " : "", smx_status_str(status));
}
