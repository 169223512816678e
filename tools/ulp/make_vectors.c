/* make_vectors DIRECTORY WITNESSES: writes the golden vectors of tests/vectors. WITNESSES is a file of cases without
 * results, the worst inputs that ulp has found. The same library gives the same files on every system. */
#include <stdio.h>
#include <string.h>

#include "oracle.h"
#include "vectors.h"

typedef struct vector_file {
    const char *name;
    void (*fill)(vector_writer *);
    bool f64;
} vector_file;

static const vector_file files[] = {
    {"softmax-f32.txt", vectors_softmax, false},
    {"softmax-f64.txt", vectors_softmax, true},
    {"backward-f32.txt", vectors_backward, false},
    {"backward-f64.txt", vectors_backward, true},
    {"jacobian-f32.txt", vectors_jacobian, false},
    {"jacobian-f64.txt", vectors_jacobian, true},
    {"masks-f32.txt", vectors_masks, false},
    {"masks-f64.txt", vectors_masks, true},
    {"log-f32.txt", vectors_log, false},
    {"log-f64.txt", vectors_log, true},
    {"cross-entropy-f32.txt", vectors_cross_entropy, false},
    {"cross-entropy-f64.txt", vectors_cross_entropy, true},
    {"second-order-f32.txt", vectors_second_order, false},
    {"second-order-f64.txt", vectors_second_order, true},
    {"attention-f32.txt", vectors_attention, false},
    {"attention-f64.txt", vectors_attention, true},
};
static const char witness_file[] = "worst.txt";

static FILE *create(const char *directory, const char *name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *out = fopen(path, "w");
    if (!out)
        fprintf(stderr, "make_vectors: can't write %s\n", path);
    return out;
}

static bool finish(vector_writer *w, const char *name) {
    bool written = !ferror(w->out);
    written = fclose(w->out) == 0 && written;
    if (!written)
        fprintf(stderr, "make_vectors: can't write %s\n", name);
    printf("%s: %lu cases\n", name, w->cases);
    return written && !w->failed;
}

static bool make_file(const char *directory, const vector_file *f) {
    vector_writer w = {.out = create(directory, f->name), .f64 = f->f64, .random = rng_seed(20)};
    if (!w.out)
        return false;
    fprintf(w.out, "# Golden vectors of libsmx %s, made by tools/ulp/make_vectors.c; README.md has the format.\n",
            smx_version());
    f->fill(&w);
    return finish(&w, f->name);
}

static bool make_witnesses(const char *directory, const char *path) {
    golden_file in;
    if (!golden_open(&in, path)) {
        fprintf(stderr, "make_vectors: %s: %s\n", path, in.error);
        return false;
    }
    in.inputs = true;
    vector_writer w = {.out = create(directory, witness_file)};
    bool good = w.out != NULL;
    if (good) {
        fprintf(w.out, "# The worst inputs known, of tools/ulp/witnesses.txt; README.md has the format.\n");
        golden_case c;
        int got;
        while ((got = golden_next(&in, &c)) > 0)
            vectors_put(&w, &c);
        if (got < 0)
            fprintf(stderr, "make_vectors: %s: %s\n", path, in.error);
        good = finish(&w, witness_file) && got == 0;
    }
    golden_close(&in);
    return good;
}

static bool make_index(const char *directory) {
    vector_writer w = {.out = create(directory, "index.txt")};
    if (!w.out)
        return false;
    for (size_t k = 0; k < sizeof files / sizeof *files; k++)
        fprintf(w.out, "%s\n", files[k].name);
    fprintf(w.out, "%s\n", witness_file);
    return !ferror(w.out) && fclose(w.out) == 0;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: make_vectors DIRECTORY WITNESSES\n");
        return 2;
    }
    if (smx_isa_set("scalar") != SMX_OK) {
        fprintf(stderr, "make_vectors: this library has no scalar kernels\n");
        return 1;
    }
    bool good = make_index(argv[1]) && make_witnesses(argv[1], argv[2]);
    for (size_t k = 0; k < sizeof files / sizeof *files; k++)
        good = make_file(argv[1], &files[k]) && good;
    return good ? 0 : 1;
}
