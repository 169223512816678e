/* Reads the golden vectors of tests/vectors (README.md there has the format). Needs nothing but the C library, so that
 * it also runs under an emulator. */
#ifndef SMX_TESTS_GOLDEN_H
#define SMX_TESTS_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smx/smx.h>

typedef enum golden_function {
    GOLDEN_SOFTMAX,
    GOLDEN_BACKWARD,
    GOLDEN_JACOBIAN,
    GOLDEN_LOG_SOFTMAX,
    GOLDEN_LOG_SOFTMAX_BACKWARD,
    GOLDEN_LOGSUMEXP,
    GOLDEN_LOGSUMEXP_BACKWARD,
    GOLDEN_LOGSUMEXP_WEIGHTED,
    GOLDEN_SCALE_GRADIENT,
    GOLDEN_CROSS_ENTROPY,       /* of a label */
    GOLDEN_CROSS_ENTROPY_DENSE, /* of dense targets */
    GOLDEN_SOFTMAX_JVP,
    GOLDEN_LOG_SOFTMAX_JVP,
    GOLDEN_DOUBLE_BACKWARD,
    GOLDEN_HESSIAN_PRODUCT,
    GOLDEN_HESSIAN,
    GOLDEN_ARGMAX,
    GOLDEN_NLL, /* y has log-probabilities */
    GOLDEN_SOFTCAP_BACKWARD,
    GOLDEN_SINK_GRADIENT,
    GOLDEN_FUNCTIONS
} golden_function;

/* Arrays of numbers that a case may have as inputs. Each function needs some of them; those from GOLDEN_SCALE on are
 * options, absent or given. All hold the case's type, also where the library takes integers. */
typedef enum golden_array {
    GOLDEN_X,
    GOLDEN_Y,
    GOLDEN_DY,
    GOLDEN_DX,
    GOLDEN_DDX,
    GOLDEN_DZ,
    GOLDEN_DLSE,
    GOLDEN_B,
    GOLDEN_V,
    GOLDEN_LABEL,
    GOLDEN_TARGETS,
    GOLDEN_SCALE,
    GOLDEN_ADD,
    GOLDEN_KEEP,
    GOLDEN_LENGTH,
    GOLDEN_CLASS_WEIGHTS,
    GOLDEN_SMOOTHING,
    GOLDEN_Z_LOSS,
    GOLDEN_SOFTCAP,
    GOLDEN_DLOSS,
    GOLDEN_CAUSAL,
    GOLDEN_QUERIES,
    GOLDEN_WINDOW_LEFT,
    GOLDEN_WINDOW_RIGHT,
    GOLDEN_ALIBI,
    GOLDEN_SINK,
    GOLDEN_ARRAYS
} golden_array;

/* How many elements an array has. */
typedef enum golden_size { GOLDEN_NONE, GOLDEN_ONE, GOLDEN_ROW, GOLDEN_MATRIX } golden_size;

/* Name "" or null: no more of them. */
typedef struct golden_part {
    const char *name;
    golden_size size;
} golden_part;

enum { GOLDEN_INPUTS = 3, GOLDEN_RESULTS = 4 };

typedef struct golden_signature {
    const char *name;
    size_t input_count;
    golden_array inputs[GOLDEN_INPUTS]; /* those that must be given, in the order in which they are written */
    golden_part results[GOLDEN_RESULTS];
} golden_signature;

extern const golden_part golden_arrays[GOLDEN_ARRAYS];
extern const golden_signature golden_signatures[GOLDEN_FUNCTIONS];

typedef struct golden_case {
    char name[80];
    golden_function function;
    bool f64;
    size_t n;
    smx_options options;        /* the policies; scale and masks stand in `array` */
    void *array[GOLDEN_ARRAYS]; /* floats or doubles; null: not given */
    void *result;               /* all results one after another; null if they are not given */
    bool given[GOLDEN_RESULTS]; /* the results that were read so far */
    bool has_hash;
    uint64_t hash; /* of the result's bytes, in the order of a little-endian machine; softmax and backward only */

    /* Statistics of the whole row: the sum as a 128-bit integer, two's complement; backward also the exponent. */
    bool has_sum;
    uint64_t sum_high;
    uint64_t sum_low;
    int32_t exponent;
} golden_case;

/* Elements of a part of a case; of all its results; of the results before result k. */
size_t golden_count(const golden_case *c, golden_size size);
size_t golden_result_count(const golden_case *c);
size_t golden_result_offset(const golden_case *c, size_t k);

/* Gives the case an input of zeros; aborts without memory. */
void golden_add(golden_case *c, golden_array a);

/* Element i of an input, which golden_set adds if it is missing; rounded to the case's type. */
void golden_set(golden_case *c, golden_array a, size_t i, double value);
double golden_get(const golden_case *c, golden_array a, size_t i);

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

/* Runs the library on a case; out has room for golden_result_count values. */
smx_status golden_run(const golden_case *c, void *out);

/* Sets the case's sum (and exponent) to what the library's statistics of the whole row say; softmax and backward
 * only. */
smx_status golden_sum(golden_case *c);

/* FNV-1a with 64 bits over the bytes of count values of 4 or 8 bytes each, least significant byte first. */
uint64_t golden_hash(const void *values, size_t count, bool f64);

/* Batches of all shapes on an instruction set, against the scalar kernels' results for each row alone. Returns how many
 * differ, and says which; *batches: how many there were. `isa` is in use afterwards. */
unsigned long golden_batches(const char *isa, unsigned long *batches);

#endif
