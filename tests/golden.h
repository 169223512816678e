/* Reads the golden vectors of tests/vectors (README.md there has the format). Needs nothing but the C library, so that
 * it also runs under an emulator. */
#ifndef SMX_TESTS_GOLDEN_H
#define SMX_TESTS_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smx/smx.h>

typedef enum golden_function { GOLDEN_SOFTMAX, GOLDEN_BACKWARD, GOLDEN_JACOBIAN } golden_function;

typedef struct golden_case {
    char name[80];
    golden_function function;
    bool f64;
    size_t n;
    smx_options options;

    void *input;    /* x or y: n floats or doubles */
    void *gradient; /* dy of a backward case, else null */

    size_t result_count; /* n, or n * n for a Jacobian */
    void *result;        /* null if only its hash is given, or if the file holds inputs alone */
    bool has_hash;
    uint64_t hash; /* of the result's bytes, in the order of a little-endian machine */

    /* Statistics of the whole row: the sum as a 128-bit integer, two's complement; backward also the exponent. */
    bool has_sum;
    uint64_t sum_high;
    uint64_t sum_low;
    int32_t exponent;
} golden_case;

typedef struct golden_file {
    char *text;
    char *next;  /* where the next line begins */
    int line;    /* number of the last line read */
    bool inputs; /* cases without results are accepted */
    char error[160];
} golden_file;

/* "splitmix64 SEED signed|unsigned BITS EXPONENT": each element is k 2^EXPONENT, where k is the BITS high bits of the
 * next number of the stream that starts at SEED, less 2^(BITS - 1) if signed. */
typedef struct golden_generator {
    uint64_t seed;
    bool is_signed;
    int bits; /* at most 24 for float, 53 for double, so that elements are exact */
    int exponent;
} golden_generator;

void golden_generate(const golden_generator *g, bool f64, size_t n, void *array);

/* Opens a file; false with a line in file->error if it can't be read. */
bool golden_open(golden_file *file, const char *path);
void golden_close(golden_file *file);

/* Reads the next case; 1: there is one (golden_case_clear it), 0: end of file, -1: malformed, see file->error. */
int golden_next(golden_file *file, golden_case *c);
void golden_case_clear(golden_case *c);

/* Runs the library on a case; out has room for result_count values. */
smx_status golden_run(const golden_case *c, void *out);

/* Sets the case's sum (and exponent) to what the library's statistics of the whole row say; not for a Jacobian. */
smx_status golden_sum(golden_case *c);

/* FNV-1a with 64 bits over the bytes of count values of 4 or 8 bytes each, least significant byte first. */
uint64_t golden_hash(const void *values, size_t count, bool f64);

#endif
