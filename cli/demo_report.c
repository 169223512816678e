/* What `smx demo` leaves behind: the last lines on the screen, and the files. */
#include "demo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>
#include <nettle/version.h>

#include "npy.h"

void demo_print_confusion(size_t counts[DEMO_CLASSES][DEMO_CLASSES]) {
    printf("\nconfusion matrix (down: true class; across: classified as)\n\n    ");
    for (int j = 0; j < DEMO_CLASSES; j++)
        printf("%5d", j);
    printf("\n");
    for (int i = 0; i < DEMO_CLASSES; i++) {
        printf("%4d", i);
        for (int j = 0; j < DEMO_CLASSES; j++) {
            if (counts[i][j] == 0)
                printf("    .");
            else
                printf("%5zu", counts[i][j]);
        }
        printf("\n");
    }
}

/* Byte by byte, so that the hash does not depend on the machine's byte order. */
static void hash_float(struct sha256_ctx *context, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint8_t bytes[4];
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(bits >> (8 * i));
    sha256_update(context, sizeof bytes, bytes);
}

void demo_print_hash(const demo_model *model) {
    struct sha256_ctx context;
    sha256_init(&context);
    for (int p = 0; p < DEMO_INPUTS; p++)
        for (int c = 0; c < DEMO_CLASSES; c++)
            hash_float(&context, model->weights[p][c]);
    uint8_t digest[SHA256_DIGEST_SIZE];
#if NETTLE_VERSION_MAJOR >= 4
    sha256_digest(&context, digest);
#else
    sha256_digest(&context, sizeof digest, digest);
#endif
    printf("\nweights SHA-256: ");
    for (size_t i = 0; i < sizeof digest; i++)
        printf("%02x", digest[i]);
    printf("\n\n");
}

/* columns = 0: one dimension only. */
static bool save(const char *directory, const char *name, size_t rows, size_t columns, const float *data) {
    npy_header header = {.dtype = NPY_F4, .ndim = columns == 0 ? 1 : 2, .shape = {rows, columns}};
    char *path = demo_join(directory, name);
    bool ok = path != NULL && npy_save(path, &header, data);
    if (ok)
        printf("wrote %s\n", path);
    free(path);
    return ok;
}

static bool save_picture(const char *directory, const demo_results *results) {
    char *path = demo_join(directory, "demo.png");
    bool ok = path != NULL && demo_plot(path, results);
    free(path);
    return ok;
}

bool demo_save(const char *directory, const demo_model *model, const demo_set *test, const float *probabilities,
               const demo_results *results) {
    float loss[DEMO_EPOCHS + 1];
    for (int epoch = 0; epoch <= DEMO_EPOCHS; epoch++)
        loss[epoch] = (float)results->curve[epoch].loss;
    return save(directory, "probabilities.npy", test->count, DEMO_CLASSES, probabilities) &&
           save(directory, "jacobian.npy", DEMO_CLASSES, DEMO_CLASSES, results->jacobian[0]) &&
           save(directory, "loss.npy", DEMO_EPOCHS + 1, 0, loss) &&
           save(directory, "weights.npy", DEMO_INPUTS, DEMO_CLASSES, model->weights[0]) &&
           save_picture(directory, results);
}
