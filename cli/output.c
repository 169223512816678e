#define _XOPEN_SOURCE 700
#define _FILE_OFFSET_BITS 64
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"
#include "message.h"

static bool fail(const output *out) {
    complain(out->name, "%s", strerror(errno));
    return false;
}

/* Beside the target, as a rename does not cross file systems. */
static char *temporary_name(const char *target) {
    static const char name[] = ".smx-XXXXXX";
    const char *slash = strrchr(target, '/');
    size_t directory = slash == NULL ? 0 : (size_t)(slash - target) + 1;
    char *path = malloc(directory + sizeof name);
    if (path == NULL)
        return NULL;
    memcpy(path, target, directory);
    memcpy(path + directory, name, sizeof name);
    return path;
}

static mode_t default_mode(void) {
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* mkstemp makes files that are private; the output gets the mode of the file it replaces, or that of any new file. */
static bool open_beside(output *out, char *target, mode_t mode) {
    out->target = target;
    out->temporary = target == NULL ? NULL : temporary_name(target);
    if (out->temporary != NULL) {
        out->fd = cleanup_create(out->temporary);
        if (out->fd >= 0 && fchmod(out->fd, mode) == 0)
            return true;
    }
    fail(out);
    output_discard(out);
    return false;
}

/* The name at the end of a chain of symbolic links that leads to no file yet, to be freed; null, with errno, on
 * failure. stat has seen the chain before and found no loop; the limit is for one that is changed meanwhile. */
static char *follow_links(const char *path) {
    enum { MAX_LINKS = 40 }; /* as in Linux */
    char link[PATH_MAX];
    char *name = strdup(path);
    for (int i = 0; name != NULL && i < MAX_LINKS; i++) {
        ssize_t length = readlink(name, link, sizeof link);
        if (length < 0)
            return name; /* no link: the end */
        const char *slash = strrchr(name, '/');
        size_t directory = slash == NULL || *link == '/' ? 0 : (size_t)(slash - name) + 1;
        char *next = malloc(directory + (size_t)length + 1);
        if (next != NULL) {
            memcpy(next, name, directory);
            memcpy(next + directory, link, (size_t)length);
            next[directory + (size_t)length] = '\0';
        }
        free(name);
        name = next;
    }
    if (name != NULL)
        errno = ELOOP;
    free(name);
    return NULL;
}

bool output_open(output *out, const char *path) {
    *out = (output){.name = path, .fd = -1, .spool = -1};
    if (strcmp(path, "-") == 0) {
        out->name = "standard output";
        out->fd = STDOUT_FILENO;
        if (!isatty(STDOUT_FILENO))
            return true;
        complain(out->name, "is a terminal, and the output is binary; redirect it or name a file");
        return false;
    }
    struct stat status;
    if (stat(path, &status) != 0) /* what cannot become a file's name is refused now, not when all is computed */
        return errno == ENOENT && *path != '\0' ? open_beside(out, follow_links(path), default_mode()) : fail(out);
    /* A rename asks only for a writable directory; the file's own mode is respected too, as by the shell's >. */
    if (S_ISREG(status.st_mode) && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
        return fail(out);
    if (S_ISREG(status.st_mode)) /* behind a symbolic link, the file it points to is replaced, not the link */
        return open_beside(out, realpath(path, NULL), status.st_mode & 0777);
    out->fd = open(path, O_WRONLY | O_CLOEXEC);
    return out->fd >= 0 || fail(out);
}

static bool write_out_of_order(output *out, uint64_t offset, const void *bytes, size_t count) {
    if (out->spool < 0) {
        out->spool = cleanup_unnamed_file();
        if (out->spool < 0)
            return false;
    }
    if (offset + count > out->spool_end)
        out->spool_end = offset + count;
    /* Kept at the same offsets: what was written in order before leaves a hole, which takes no space. */
    if (write_fully_at(out->spool, bytes, count, offset))
        return true;
    complain(out->name, "cannot be kept in a temporary file: %s", strerror(errno));
    return false;
}

bool output_write_at(output *out, uint64_t offset, const void *bytes, size_t count) {
    if (out->target != NULL)
        return write_fully_at(out->fd, bytes, count, offset) || fail(out);
    if (offset != out->position)
        return write_out_of_order(out, offset, bytes, count);
    out->position += count;
    return write_fully(out->fd, bytes, count) || fail(out);
}

static bool empty_spool(output *out) {
    static char buffer[1 << 16];
    if (lseek(out->spool, (off_t)out->position, SEEK_SET) < 0)
        return fail(out);
    while (out->position < out->spool_end) {
        uint64_t left = out->spool_end - out->position;
        ssize_t got = read_fully(out->spool, buffer, left < sizeof buffer ? (size_t)left : sizeof buffer);
        if (got <= 0 || !write_fully(out->fd, buffer, (size_t)got))
            return fail(out);
        out->position += (uint64_t)got;
    }
    return true;
}

bool output_complete(output *out) {
    bool ok = out->spool < 0 || empty_spool(out);
    int fd = out->fd;
    out->fd = -1;
    if (ok && fd != STDOUT_FILENO && close(fd) != 0)
        ok = fail(out);
    out->complete = ok;
    return ok;
}

bool output_commit(output *out) {
    bool ok = out->complete || output_complete(out);
    if (ok && out->target != NULL && !cleanup_rename(out->temporary, out->target))
        ok = fail(out);
    output_discard(out);
    return ok;
}

void output_discard(output *out) {
    if (out->fd >= 0 && out->fd != STDOUT_FILENO)
        close(out->fd);
    if (out->spool >= 0)
        close(out->spool);
    out->fd = out->spool = -1;
    if (out->temporary != NULL)
        cleanup_remove(out->temporary);
    free(out->target);
    free(out->temporary);
    out->target = out->temporary = NULL;
}
