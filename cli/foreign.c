#define _GNU_SOURCE /* memmem */
#include "foreign.h"

#include <stdbool.h>
#include <string.h>

static bool begins(const unsigned char *start, size_t count, const char *with, size_t length) {
    return count >= length && memcmp(start, with, length) == 0;
}

/* PyTorch's zip archives begin with the file NAME/data.pkl. */
static bool is_pytorch(const unsigned char *start, size_t count) {
    static const char name[] = "/data.pkl";
    return memmem(start, count, name, sizeof name - 1) != NULL;
}

/* A length of 8 bytes, below 4 GiB, and JSON. */
static bool is_safetensors(const unsigned char *start, size_t count) {
    return count > 8 && memcmp(start + 4, "\0\0\0\0", 4) == 0 && start[8] == '{';
}

static bool is_pickle(const unsigned char *start, size_t count) {
    return count > 2 && start[0] == 0x80 && start[1] >= 2 && start[1] <= 5;
}

static bool is_text(const unsigned char *start, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if ((start[i] < ' ' || start[i] > '~') && start[i] != '\n' && start[i] != '\r' && start[i] != '\t')
            return false;
    }
    return true;
}

const char *foreign_format(const unsigned char *start, size_t count) {
    static const char zip[] = "PK\x03\x04", empty_zip[] = "PK\x05\x06", hdf5[] = "\x89HDF\r\n\x1a\n",
                      gzip[] = "\x1f\x8b";
    if (begins(start, count, zip, sizeof zip - 1) && is_pytorch(start, count))
        return "a file of PyTorch; take an array out in Python: np.save('X.npy', torch.load('FILE')['NAME'].numpy())";
    if (begins(start, count, zip, sizeof zip - 1) || begins(start, count, empty_zip, sizeof empty_zip - 1))
        return "a zip archive, as .npz files are; take an array out in Python: "
               "np.save('X.npy', np.load('FILE')['NAME'])";
    if (begins(start, count, hdf5, sizeof hdf5 - 1))
        return "an HDF5 file; take an array out in Python: np.save('X.npy', h5py.File('FILE')['NAME'][:])";
    if (begins(start, count, gzip, sizeof gzip - 1))
        return "compressed by gzip; decompress it: gzip -dc FILE > X.npy";
    if (is_pickle(start, count))
        return "a pickle; take an array out in Python, if you trust the file: "
               "np.save('X.npy', np.load('FILE', allow_pickle=True))";
    if (is_safetensors(start, count))
        return "a safetensors file; take an array out in Python: "
               "np.save('X.npy', safetensors.numpy.load_file('FILE')['NAME'])";
    if (is_text(start, count))
        return "text; if it is a table of numbers, take it in Python: "
               "np.save('X.npy', np.loadtxt('FILE', delimiter=','))";
    return NULL;
}
