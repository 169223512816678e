#define _DEFAULT_SOURCE
#define _FILE_OFFSET_BITS 64
#include "npy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "foreign.h"
#include "io.h"
#include "message.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the numbers are mapped as they are, little-endian");

enum { MAGIC = 6, PREAMBLE = 8 };

static bool refuse(const npy_array *array, const char *what) {
    complain(array->name, "%s", what);
    return false;
}

/* Reads exactly count bytes of the header. */
static bool read_part(const npy_array *array, int fd, void *bytes, size_t count, const char *if_short) {
    ssize_t got = read_fully(fd, bytes, count);
    if (got < 0)
        return refuse(array, strerror(errno));
    return (size_t)got == count || refuse(array, if_short);
}

static bool read_header_text(npy_array *array, int fd, size_t length) {
    char *text = malloc(length + 1);
    if (text == NULL)
        return refuse(array, strerror(errno));
    char space[128];
    bool ok = read_part(array, fd, text, length, "truncated: it ends inside its header");
    const char *error = ok ? npy_parse_header(text, length, &array->header, &array->big_endian, space) : NULL;
    if (error != NULL)
        ok = refuse(array, error);
    free(text);
    return ok;
}

/* Says what it is if that can be seen, and how to take an array out. */
static bool refuse_foreign(const npy_array *array, int fd, const unsigned char preamble[static PREAMBLE]) {
    unsigned char start[FOREIGN_START];
    memcpy(start, preamble, PREAMBLE);
    ssize_t more = read_fully(fd, start + PREAMBLE, sizeof start - PREAMBLE);
    const char *what = foreign_format(start, PREAMBLE + (more > 0 ? (size_t)more : 0));
    if (what == NULL)
        return refuse(array, "not a .npy file: it does not begin with \\x93NUMPY");
    complain(array->name, "not a .npy file, but %s", what);
    return false;
}

static bool read_header(npy_array *array, int fd) {
    unsigned char preamble[PREAMBLE], bytes[4];
    if (!read_part(array, fd, preamble, PREAMBLE, "not a .npy file: too short"))
        return false;
    if (memcmp(preamble, "\x93NUMPY", MAGIC) != 0)
        return refuse_foreign(array, fd, preamble);
    unsigned major = preamble[MAGIC], minor = preamble[MAGIC + 1];
    if (major < 1 || major > 3 || minor != 0) {
        complain(array->name, "version %u.%u of the .npy format is not supported, only 1.0, 2.0 and 3.0", major, minor);
        return false;
    }
    if (!read_part(array, fd, bytes, major == 1 ? 2 : 4, "truncated: it ends inside its header"))
        return false;
    size_t length = bytes[0] | (size_t)bytes[1] << 8;
    if (major > 1)
        length |= (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
    if (length > NPY_MAX_HEADER) {
        complain(array->name, "header of %zu bytes is too long, the limit is %d", length, NPY_MAX_HEADER);
        return false;
    }
    return read_header_text(array, fd, length);
}

static bool check_size(const npy_array *array, uint64_t present, uint64_t promised) {
    if (present < promised) {
        complain(array->name, "truncated: its shape needs %ju bytes of data, and there are %ju", (uintmax_t)promised,
                 (uintmax_t)present);
        return false;
    }
    return present == promised || refuse(array, "there is something after the array");
}

static bool map(npy_array *array, int fd, uint64_t start, size_t bytes) {
    if (bytes == 0)
        return true;
    if (start > SIZE_MAX - bytes)
        return refuse(array, strerror(EFBIG));
    size_t map_bytes = (size_t)start + bytes;
    void *base = mmap(NULL, map_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (base == MAP_FAILED) {
        complain(array->name, "cannot be mapped: %s", strerror(errno));
        return false;
    }
    array->map = base;
    array->map_bytes = map_bytes;
    array->data = (const char *)base + start;
    cleanup_guard_map(base, map_bytes, array->name);
    return true;
}

static void reverse_bytes(char *bytes, size_t count, size_t item) {
    for (size_t at = 0; at + item <= count; at += item) {
        for (size_t i = 0; i < item / 2; i++) {
            char first = bytes[at + i];
            bytes[at + i] = bytes[at + item - 1 - i];
            bytes[at + item - 1 - i] = first;
        }
    }
}

/* Copies what the header promises, and no more: a stream may have no end. The copy is little-endian. */
static bool spool(npy_array *array, int from, int to, uint64_t bytes) {
    static char buffer[1 << 16]; /* whole numbers of any dtype */
    uint64_t done = 0;
    while (done < bytes) {
        size_t count = bytes - done < sizeof buffer ? (size_t)(bytes - done) : sizeof buffer;
        ssize_t got = read_fully(from, buffer, count);
        if (got < 0)
            return refuse(array, strerror(errno));
        if (array->big_endian)
            reverse_bytes(buffer, (size_t)got, npy_item_size(array->header.dtype));
        if (!write_fully(to, buffer, (size_t)got)) {
            complain(array->name, "cannot be copied to a temporary file: %s", strerror(errno));
            return false;
        }
        done += (uint64_t)got;
        if ((size_t)got < count)
            break;
    }
    ssize_t extra = done < bytes ? 0 : read_fully(from, buffer, 1);
    if (extra < 0)
        return refuse(array, strerror(errno));
    return check_size(array, done + (uint64_t)extra, bytes);
}

static bool open_copy(npy_array *array, int fd, size_t bytes) {
    int copy = cleanup_unnamed_file();
    if (copy < 0)
        return false;
    bool ok = spool(array, fd, copy, bytes) && map(array, copy, 0, bytes);
    close(copy);
    return ok;
}

static bool open_descriptor(npy_array *array, int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return refuse(array, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return refuse(array, strerror(EISDIR));
    if (!read_header(array, fd))
        return false;
    size_t bytes = npy_count(&array->header) * npy_item_size(array->header.dtype);
    if (!S_ISREG(status.st_mode) || array->big_endian)
        return open_copy(array, fd, bytes);
    off_t start = lseek(fd, 0, SEEK_CUR);
    if (start < 0)
        return refuse(array, strerror(errno));
    uint64_t present = status.st_size > start ? (uint64_t)(status.st_size - start) : 0;
    return check_size(array, present, bytes) && map(array, fd, (uint64_t)start, bytes);
}

bool npy_open(npy_array *array, const char *path) {
    bool standard = strcmp(path, "-") == 0;
    *array = (npy_array){.name = standard ? "standard input" : path};
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return refuse(array, strerror(errno));
    bool ok = open_descriptor(array, fd);
    if (!standard)
        close(fd);
    return ok;
}

bool npy_check_dtype(const npy_array *array, unsigned set) {
    if ((set >> array->header.dtype & 1) != 0)
        return true;
    char list[NPY_DTYPES_SPACE];
    npy_list_dtypes(set, list);
    complain(array->name, "dtype %s is not supported here, only %s", npy_dtype_name(array->header.dtype), list);
    return false;
}

void npy_close(npy_array *array) {
    if (array->map == NULL)
        return;
    cleanup_unguard_map(array->map);
    munmap(array->map, array->map_bytes);
    array->map = NULL;
}

void npy_drop(const npy_array *array, size_t offset, size_t bytes) {
    if (array->map == NULL)
        return;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t start = (size_t)((const char *)array->data - (const char *)array->map) + offset;
    size_t first = start / page * page;
    /* Advice that is not taken costs memory, not correctness. */
    madvise((char *)array->map + first, start + bytes - first, MADV_DONTNEED);
}

bool npy_create(output *out, const char *path, const npy_header *header, uint64_t *data_start) {
    char bytes[NPY_HEADER_SPACE];
    size_t count = npy_format_header(header, bytes);
    if (!output_open(out, path))
        return false;
    if (!output_write_at(out, 0, bytes, count)) {
        output_discard(out);
        return false;
    }
    *data_start = count;
    return true;
}

bool npy_save(const char *path, const npy_header *header, const void *data) {
    output out;
    uint64_t start;
    if (!npy_create(&out, path, header, &start))
        return false;
    if (!output_write_at(&out, start, data, npy_count(header) * npy_item_size(header->dtype))) {
        output_discard(&out);
        return false;
    }
    return output_commit(&out);
}
