/* The handwritten digits (data/README.md): where they are, what they must look like, and the split. */
#define _POSIX_C_SOURCE 200809L

#include "demo.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "npy.h"

static const char images_name[] = "digits-images.npy";
static const char labels_name[] = "digits-labels.npy";

static const float white = 16.0f; /* pixels are 0 to 16; a power of two, so that scaling is exact */

/* Tried in this order when neither --data nor SMX_DATA names a directory. */
static const char *const directories[] = {
    "data",
#ifdef SMX_DATA_DIR
    SMX_DATA_DIR, /* of the source tree */
#endif
#ifdef SMX_INSTALL_DATA_DIR
    SMX_INSTALL_DATA_DIR, /* PREFIX/share/smx/data */
#endif
};

char *demo_join(const char *directory, const char *name) {
    size_t size = strlen(directory) + 1 + strlen(name) + 1;
    char *path = malloc(size);
    if (path == NULL)
        complain(name, "out of memory");
    else
        snprintf(path, size, "%s/%s", directory, name);
    return path;
}

/* Returns null after a message. */
static const char *find_directory(const char *given) {
    const char *environment = getenv("SMX_DATA");
    if (given == NULL && environment != NULL && environment[0] != '\0')
        given = environment;
    if (given != NULL)
        return given;
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
        char *path = demo_join(directories[i], images_name);
        if (path == NULL)
            return NULL;
        bool found = access(path, F_OK) == 0;
        free(path);
        if (found)
            return directories[i];
    }
    complain(images_name, "not found in ./data or where smx was built or installed; say where with --data DIR");
    return NULL;
}

/* Opens an array of f4 in C order with this many dimensions. */
static bool open_floats(npy_array *array, const char *path, size_t ndim) {
    if (!npy_open(array, path))
        return false;
    if (array->header.dtype == NPY_F4 && !array->header.fortran_order && array->header.ndim == ndim)
        return true;
    complain(path, "not the digits: they are float32 in C order, with %zu dimension%s", ndim, ndim == 1 ? "" : "s");
    npy_close(array);
    return false;
}

static float float_at(const npy_array *array, size_t i) {
    float value;
    memcpy(&value, (const char *)array->data + i * sizeof value, sizeof value);
    return value;
}

/* Adds sample k to the end of a set. */
static bool add_sample(demo_set *set, const npy_array *images, const npy_array *labels, size_t k) {
    float *image = set->images + set->count * DEMO_PIXELS;
    for (size_t p = 0; p < DEMO_PIXELS; p++) {
        float pixel = float_at(images, k * DEMO_PIXELS + p);
        if (!(pixel >= 0.0f && pixel <= white)) {
            complain(images->name, "pixel %zu of image %zu is not from 0 to %g", p, k, (double)white);
            return false;
        }
        image[p] = pixel / white;
    }
    float label = float_at(labels, k);
    if (!(label >= 0.0f && label < (float)DEMO_CLASSES) || label != (float)(int)label) {
        complain(labels->name, "label %zu is not a whole number from 0 to %d", k, DEMO_CLASSES - 1);
        return false;
    }
    set->labels[set->count++] = (unsigned char)label;
    return true;
}

static bool allocate_set(demo_set *set, size_t count) {
    set->images = calloc(count, DEMO_PIXELS * sizeof *set->images);
    set->labels = calloc(count, sizeof *set->labels);
    if (set->images != NULL && set->labels != NULL)
        return true;
    complain(images_name, "out of memory");
    return false;
}

/* The split is by index alone, so that it was fixed before anything was known of its accuracy. */
static bool split(const npy_array *images, const npy_array *labels, demo_set *train, demo_set *test) {
    size_t count = images->header.shape[0];
    if (count < 2 || images->header.shape[1] != DEMO_PIXELS) {
        complain(images->name, "not the digits: the shape must be (2 or more, %d)", DEMO_PIXELS);
        return false;
    }
    if (labels->header.shape[0] != count) {
        complain(labels->name, "has %zu labels for %zu images", labels->header.shape[0], count);
        return false;
    }
    size_t tests = (count + DEMO_TEST_EVERY - 1) / DEMO_TEST_EVERY;
    if (!allocate_set(train, count - tests) || !allocate_set(test, tests))
        return false;
    for (size_t k = 0; k < count; k++)
        if (!add_sample(k % DEMO_TEST_EVERY == 0 ? test : train, images, labels, k))
            return false;
    return true;
}

static bool read_files(const char *images_path, const char *labels_path, demo_set *train, demo_set *test) {
    npy_array images;
    if (!open_floats(&images, images_path, 2))
        return false;
    npy_array labels;
    bool ok = open_floats(&labels, labels_path, 1);
    if (ok) {
        ok = split(&images, &labels, train, test);
        npy_close(&labels);
    }
    npy_close(&images);
    return ok;
}

bool demo_read_digits(const char *directory, demo_set *train, demo_set *test) {
    directory = find_directory(directory);
    if (directory == NULL)
        return false;
    char *images_path = demo_join(directory, images_name);
    char *labels_path = demo_join(directory, labels_name);
    bool ok = images_path != NULL && labels_path != NULL && read_files(images_path, labels_path, train, test);
    free(images_path);
    free(labels_path);
    return ok;
}

void demo_set_free(demo_set *set) {
    free(set->images);
    free(set->labels);
}
