/* The tool with calls that raise SIGTERM in the middle of what it does with files: linked with --wrap, so that it works
 * under sanitizers too. SMX_TEST_SIGNAL names the place: "mkstemp 2" is right after the second call of mkstemp. */
#define _XOPEN_SOURCE 700
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int __real_mkstemp(char *path);
int __real_rename(const char *from, const char *to);
int __wrap_mkstemp(char *path);
int __wrap_rename(const char *from, const char *to);

static void here(const char *place, int call) {
    char name[40];
    const char *wanted = getenv("SMX_TEST_SIGNAL");
    snprintf(name, sizeof name, "%s %d", place, call);
    if (wanted != NULL && strcmp(wanted, name) == 0)
        kill(getpid(), SIGTERM);
}

int __wrap_mkstemp(char *path) {
    static int calls;
    int fd = __real_mkstemp(path);
    here("mkstemp", ++calls);
    return fd;
}

int __wrap_rename(const char *from, const char *to) {
    static int calls;
    here("before rename", ++calls);
    int status = __real_rename(from, to);
    here("after rename", calls);
    return status;
}
