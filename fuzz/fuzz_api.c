/* The functions of rows, each with any shape, strides, numbers, masks, options and threads: the same bits everywhere,
 * and nothing written that is not an output. What is tried for each input is in api_scene.c, what must hold in
 * api_check.c. */
#include <stdlib.h>

#include "api.h"
#include "common/isas.h"
#include "fuzz.h"

static int dumps;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failed assertion aborts */
    dumps = getenv("FUZZ_DUMP") != NULL;
    print_isas();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    scene s;
    scene_decode(&s, bytes, size);
    if (dumps) {
        scene_dump(&s);
    }
    scene_check(&s);
    scene_free(&s);
    return 0;
}
