#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64
#include "io.h"

#include <errno.h>
#include <unistd.h>

/* Linux moves at most 2^31 bytes in one call; other systems refuse to try. */
static const size_t LARGEST = (size_t)1 << 30;

static size_t clip(size_t count) { return count < LARGEST ? count : LARGEST; }

ssize_t read_fully(int fd, void *bytes, size_t count) {
    size_t done = 0;
    while (done < count) {
        ssize_t got = read(fd, (char *)bytes + done, clip(count - done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

bool write_fully(int fd, const void *bytes, size_t count) {
    size_t done = 0;
    while (done < count) {
        ssize_t put = write(fd, (const char *)bytes + done, clip(count - done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        done += (size_t)put;
    }
    return true;
}

bool write_fully_at(int fd, const void *bytes, size_t count, uint64_t offset) {
    size_t done = 0;
    while (done < count) {
        ssize_t put = pwrite(fd, (const char *)bytes + done, clip(count - done), (off_t)(offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        done += (size_t)put;
    }
    return true;
}
