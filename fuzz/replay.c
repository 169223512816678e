/* A fuzzer without libFuzzer, for any compiler: runs each of the files that it is given, as LLVM's own
 * StandaloneFuzzTargetMain does. */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

/* The test of the file's bytes, in memory of just that size, so that reading beyond them shows. */
static int replay(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        return 1;
    }
    long size = ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(size > 0 ? (size_t)size : 1);
    int bad = size < 0 || bytes == NULL || fread(bytes, 1, (size_t)size, file) != (size_t)size;
    fclose(file);
    if (bad) {
        fprintf(stderr, "%s: cannot be read\n", path);
    } else {
        LLVMFuzzerTestOneInput(bytes, (size_t)size);
    }
    free(bytes);
    return bad;
}

int main(int argc, char **argv) {
    int count = argc, failures = argc < 2;
    char **paths = argv;
    LLVMFuzzerInitialize(&argc, &argv); /* may add options of libFuzzer's */
    for (int i = 1; i < count; i++) {
        failures += replay(paths[i]);
    }
    return failures != 0;
}
