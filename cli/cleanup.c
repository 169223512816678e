#define _XOPEN_SOURCE 700
#include "cleanup.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"

static const int deadly[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM};
enum { DEADLY = sizeof deadly / sizeof *deadly };

static const char *_Atomic temporaries[CLEANUP_FILES]; /* null: a free place */

static volatile struct {
    const char *start;
    size_t bytes;
    const char *name;
} maps[CLEANUP_MAPS];

static void remove_temporaries(void) {
    for (int i = 0; i < CLEANUP_FILES; i++) {
        const char *path = atomic_exchange(&temporaries[i], NULL);
        if (path != NULL)
            unlink(path);
    }
}

/* Only functions that POSIX allows in a signal handler, from here to unreadable(). */

static void end(int signal_number) {
    remove_temporaries();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void print(const char *text) {
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        return; /* there is nobody left to tell */
}

static atomic_flag unreadable_seen = ATOMIC_FLAG_INIT;

static void unreadable(int signal_number, siginfo_t *info, void *context) {
    (void)context;
    if (atomic_flag_test_and_set(&unreadable_seen)) {
        for (;;)
            pause(); /* another thread met the same end of the file; it reports and ends the process */
    }
    const char *address = info->si_addr;
    for (int i = 0; i < CLEANUP_MAPS; i++) {
        if (maps[i].start == NULL || address < maps[i].start || address >= maps[i].start + maps[i].bytes)
            continue;
        remove_temporaries();
        print("smx: ");
        print(maps[i].name);
        print(": cannot be read to its end: it was truncated meanwhile, or the disk failed\n");
        _exit(EXIT_FAILED);
    }
    end(signal_number);
}

void cleanup_install(void) {
    struct sigaction action = {.sa_handler = end};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < DEADLY; i++) {
        struct sigaction old;
        /* nohup and the shell's & ask for some signals to be ignored. */
        if (sigaction(deadly[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(deadly[i], &action, NULL);
    }
    /* A file beyond the size limit then is a failed write, with a message, as on a full disk. */
    action.sa_handler = SIG_IGN;
    sigaction(SIGXFSZ, &action, NULL);
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = unreadable;
    sigaction(SIGBUS, &action, NULL);
}

/* The deadly signals wait while a file's name and the record of it change together. They come to this thread alone:
 * those of the library block them (smx.h). What a thread does to itself, as SIGBUS, comes while this one waits for
 * it. */
static void hold_signals(sigset_t *old) {
    sigset_t held;
    sigemptyset(&held);
    for (int i = 0; i < DEADLY; i++)
        sigaddset(&held, deadly[i]);
    pthread_sigmask(SIG_BLOCK, &held, old);
}

static void release_signals(const sigset_t *old) {
    int error = errno;
    pthread_sigmask(SIG_SETMASK, old, NULL);
    errno = error;
}

/* The place of a file, or of null: a free one. */
static int find_temporary(const char *path) {
    int i = 0;
    while (i < CLEANUP_FILES && temporaries[i] != path)
        i++;
    return i;
}

int cleanup_create(char *path) {
    sigset_t old;
    int place = find_temporary(NULL);
    if (place == CLEANUP_FILES) {
        errno = EMFILE;
        return -1;
    }
    hold_signals(&old);
    int fd = mkstemp(path);
    if (fd >= 0)
        temporaries[place] = path;
    release_signals(&old);
    return fd;
}

bool cleanup_rename(const char *path, const char *target) {
    sigset_t old;
    hold_signals(&old);
    bool renamed = rename(path, target) == 0;
    if (renamed)
        temporaries[find_temporary(path)] = NULL;
    release_signals(&old);
    return renamed;
}

void cleanup_remove(const char *path) {
    sigset_t old;
    int place = find_temporary(path);
    if (place == CLEANUP_FILES)
        return;
    hold_signals(&old);
    unlink(path);
    temporaries[place] = NULL;
    release_signals(&old);
}

int cleanup_unnamed_file(void) {
    const char *directory = getenv("TMPDIR");
    if (directory == NULL || *directory == '\0')
        directory = "/var/tmp";
    static const char name[] = "/smx-XXXXXX";
    size_t length = strlen(directory);
    char *path = malloc(length + sizeof name);
    if (path == NULL) {
        complain(directory, "%s", strerror(errno));
        return -1;
    }
    memcpy(path, directory, length);
    memcpy(path + length, name, sizeof name);
    sigset_t old;
    hold_signals(&old);
    int fd = mkstemp(path);
    if (fd >= 0)
        unlink(path);
    release_signals(&old);
    if (fd < 0)
        complain(directory, "cannot create a temporary file: %s", strerror(errno));
    free(path);
    return fd;
}

void cleanup_guard_map(const void *map, size_t bytes, const char *name) {
    for (int i = 0; i < CLEANUP_MAPS; i++) {
        if (maps[i].start != NULL)
            continue;
        maps[i].bytes = bytes;
        maps[i].name = name;
        maps[i].start = map;
        return;
    }
}

void cleanup_unguard_map(const void *map) {
    for (int i = 0; i < CLEANUP_MAPS; i++) {
        if (maps[i].start == map)
            maps[i].start = NULL;
    }
}
