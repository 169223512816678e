/* The reader of .npy files on any bytes, as a file that can be mapped and as a stream.
 *
 * What it accepts has the numbers that its header promises, and they are the last bytes of the file; what it refuses
 * gets one line of message. Both ways of reading agree, and the header survives being written and read again. */
#define _GNU_SOURCE /* memfd_create, F_SETPIPE_SZ */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "npy.h"

enum { PIPE_SPACE = 1 << 20 };

static int file; /* in memory; holds the input */
static char path[64];

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    file = memfd_create("input", 0);
    if (file < 0)
        fuzz_fail("cannot make a file in memory");
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    streams_capture();
    return 0;
}

static void write_file(const uint8_t *bytes, size_t size) {
    if (ftruncate(file, 0) != 0 || pwrite(file, bytes, size, 0) != (ssize_t)size)
        fuzz_fail("cannot write %zu bytes to a file in memory", size);
}

/* Makes the input what comes out of a pipe on standard input. */
static void pipe_input(const uint8_t *bytes, size_t size) {
    int ends[2];
    if (pipe(ends) != 0 || fcntl(ends[1], F_SETPIPE_SZ, PIPE_SPACE) < 0 ||
        write(ends[1], bytes, size) != (ssize_t)size || dup2(ends[0], STDIN_FILENO) < 0)
        fuzz_fail("cannot write %zu bytes to a pipe", size);
    close(ends[0]);
    close(ends[1]);
}

static bool same_header(const npy_header *a, const npy_header *b) {
    return a->dtype == b->dtype && a->fortran_order == b->fortran_order && a->ndim == b->ndim &&
           memcmp(a->shape, b->shape, a->ndim * sizeof *a->shape) == 0;
}

static void check_round_trip(const npy_header *header) {
    char bytes[NPY_HEADER_SPACE], error[128];
    size_t size = npy_format_header(header, bytes);
    npy_header again;
    bool big_endian;
    const char *wrong = npy_parse_header(bytes + 10, size - 10, &again, &big_endian, error);
    if (size % 64 != 0 || wrong != NULL || big_endian || !same_header(header, &again))
        fuzz_fail("a header that was accepted is not what is read after writing it (%s)", wrong != NULL ? wrong : "");
}

/* Whether the numbers are the last bytes of the file, those of a big-endian one turned round. */
static bool same_numbers(const npy_array *array, const uint8_t *bytes, size_t size, size_t count) {
    size_t item = npy_item_size(array->header.dtype);
    const uint8_t *numbers = array->data, *last = bytes + size - count;
    if (!array->big_endian)
        return count == 0 || memcmp(numbers, last, count) == 0;
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] != last[i / item * item + item - 1 - i % item])
            return false;
    }
    return true;
}

static void check_accepted(const npy_array *array, const uint8_t *bytes, size_t size) {
    if (*streams_errors() != '\0')
        fuzz_fail("accepted, with a message: %s", streams_errors());
    if (!npy_fits(&array->header))
        fuzz_fail("accepted, and larger than the address space");
    size_t count = npy_count(&array->header) * npy_item_size(array->header.dtype);
    if (count > size)
        fuzz_fail("accepted %zu bytes of data in a file of %zu", count, size);
    if (!same_numbers(array, bytes, size, count))
        fuzz_fail("the numbers are not the last bytes of the file");
    npy_drop(array, 0, count);
    if (!same_numbers(array, bytes, size, count))
        fuzz_fail("the numbers are not those of the file after their pages were dropped");
    check_round_trip(&array->header);
}

/* What the message says after the name of the file. */
static void copy_reason(const npy_array *array, char *reason, size_t space) {
    streams_expect_message();
    if (array->data != NULL || array->map != NULL)
        fuzz_fail("refused, and yet something is mapped");
    size_t name = strlen("smx: ") + strlen(array->name) + strlen(": ");
    snprintf(reason, space, "%s", streams_errors() + name);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    npy_array mapped, streamed;
    char why[1024] = "", why_streamed[1024] = "";
    int descriptor = streams_free_descriptor();
    streams_clear();
    write_file(bytes, size);
    bool accepted = npy_open(&mapped, path);
    if (accepted)
        check_accepted(&mapped, bytes, size);
    else
        copy_reason(&mapped, why, sizeof why);
    npy_close(&mapped);
    if (size > PIPE_SPACE)
        return 0;

    streams_clear();
    pipe_input(bytes, size);
    if (npy_open(&streamed, "-") != accepted)
        fuzz_fail("as a file it is %s, as a stream not", accepted ? "accepted" : "refused");
    if (accepted)
        check_accepted(&streamed, bytes, size);
    else
        copy_reason(&streamed, why_streamed, sizeof why_streamed);
    npy_close(&streamed);
    if (strcmp(why, why_streamed) != 0)
        fuzz_fail("as a file and as a stream it is refused for different reasons: %s %s", why, why_streamed);
    if (streams_free_descriptor() != descriptor)
        fuzz_fail("a descriptor was left open");
    return 0;
}
