#include "sweep.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernel_bounds.h"
#include "terms.h"

enum { BLOCK = 1 << 14, QUICK_STRIDE = 256 };

static float float_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* BLOCK floats from the pattern `first` on. */
static void fill_block(uint32_t first, float *x) {
    for (uint32_t i = 0; i < BLOCK; i++)
        x[i] = float_from_bits(first + i);
}

static uint32_t stride_of(const search_options *options) { return options->quick ? BLOCK * QUICK_STRIDE : BLOCK; }

/* ---- Terms ------------------------------------------------------------------------------------------------------- */

static double confirm_worst(oracle_type type, const term_list *list) {
    double x = list->x[term_list_worst(list)];
    double value;
    term_values(type, 1, &x, &value);
    return term_error(type, x, value);
}

static void report_terms(const char *name, oracle_type type, uint64_t count) {
    const term_errors *errors = term_errors_of(type);
    const term_list *low = &errors->negative;
    const term_list *high = &errors->positive;
    int bits = type == ORACLE_F32 ? 24 : 53;
    printf("%s: %" PRIu64 " terms with relative errors from %.5f to %.5f, in units of 2^-%d (%s)\n", name, count,
           confirm_worst(type, low), confirm_worst(type, high), bits, smx_isa());
    printf("    at x = %a and %a\n", low->x[term_list_worst(low)], high->x[term_list_worst(high)]);
    fflush(stdout);
}

static void enter_block(uint32_t first) {
    static double x[BLOCK], values[BLOCK];
    for (uint32_t i = 0; i < BLOCK; i++)
        x[i] = (double)float_from_bits(first + i);
    term_values(ORACLE_F32, BLOCK, x, values);
    for (uint32_t i = 0; i < BLOCK; i++)
        term_enter(ORACLE_F32, x[i], values[i]);
}

bool sweep_exp_f32(const search_options *options) {
    uint64_t count = 0;
    uint32_t step = stride_of(options);
    for (uint32_t sign = 0; sign < 2; sign++) {
        uint32_t end = bits_of_float((float)(sign ? -term_least(ORACLE_F32) : term_end(ORACLE_F32)));
        for (uint32_t first = 0; first < end; first += step, count += BLOCK) {
            enter_block(sign << 31 | first);
            progress_line(options, "exp-f32: %.3g of %.3g", (double)count, 2.0 * end / step * BLOCK);
        }
    }
    progress_end(options);
    report_terms("exp-f32", ORACLE_F32, count);
    return true;
}

/* ---- Rows {x, 0} ------------------------------------------------------------------------------------------------- */

typedef struct worst_pair {
    double error;
    float x;
    bool at_zero; /* the result for 0, not for x, has the error */
} worst_pair;

static void sweep_pairs(uint32_t first, worst_pair *worst) {
    static float x[BLOCK][2], y[BLOCK][2];
    for (uint32_t i = 0; i < BLOCK; i++)
        x[i][0] = float_from_bits(first + i);
    require(smx_softmax_f32(BLOCK, 2, x[0], 2, y[0], 2, NULL), "smx_softmax_f32");
    for (uint32_t i = 0; i < BLOCK; i++) {
        double small = exp(-fabs((double)x[i][0]));
        double large_result = 1 / (1 + small);
        double small_result = small * large_result;
        bool positive = x[i][0] > 0;
        double errors[2] = {fabs(ulp_error_f32((double)y[i][0], positive ? large_result : small_result)),
                            fabs(ulp_error_f32((double)y[i][1], positive ? small_result : large_result))};
        for (int k = 0; k < 2; k++)
            if (errors[k] > worst->error)
                *worst = (worst_pair){errors[k], x[i][0], k == 1};
    }
}

bool sweep_pairs_f32(const search_options *options) {
    worst_pair worst = {.error = -1};
    uint32_t step = stride_of(options);
    uint32_t end = bits_of_float(128.0f); /* from there on the results are 0 and 1 */
    uint64_t count = 0;
    for (uint32_t sign = 0; sign < 2; sign++)
        for (uint32_t first = 0; first < end; first += step, count += BLOCK) {
            sweep_pairs(sign << 31 | first, &worst);
            progress_line(options, "pairs-f32: %.3g of %.3g, worst %.6g ULP", (double)count, 2.0 * end / step * BLOCK,
                          worst.error);
        }
    progress_end(options);
    float x[2] = {worst.x, 0};
    float y[2];
    require(smx_softmax_f32(1, 2, x, 2, y, 2, NULL), "smx_softmax_f32");
    double error = oracle_softmax_error(ORACLE_F32, 2, x, y, NULL, NULL);
    bool good = error < BOUND_SOFTMAX;
    printf("pairs-f32: %" PRIu64 " rows {x, 0}, worst %.6g ULP, %s the bound of %g, at x = %a, result for %s\n", count,
           error, good ? "within" : "BEYOND", BOUND_SOFTMAX, (double)worst.x, worst.at_zero ? "0" : "x");
    fflush(stdout);
    return good;
}

/* ---- Terms of f64 ------------------------------------------------------------------------------------------------ */

/* A number of terms, not a time: rows are made of the worst terms known, and a seed shall lead to the same rows. */
bool search_exp_f64(const search_options *options) {
    enum { PER_SECOND = 1 << 21 };
    const term_errors *errors = term_errors_of(ORACLE_F64);
    rng random = rng_seed(options->seed);
    uint64_t count = 0, most = (uint64_t)(PER_SECOND * options->seconds); /* beside the sample */
    term_errors_sample(ORACLE_F64, &random);
    while (count < most) {
        const term_list *list = rng_next(&random) & 1 ? &errors->positive : &errors->negative;
        double x = list->x[rng_below(&random, list->count)];
        x = row_step(ORACLE_F64, x, rng_sign(&random) * ceil(rng_log(&random, 0.5, 0x1p40)));
        if (!(x >= term_least(ORACLE_F64) && x < term_end(ORACLE_F64)))
            continue;
        double value;
        term_values(ORACLE_F64, 1, &x, &value);
        term_enter(ORACLE_F64, x, value);
        count++;
        progress_line(options, "exp-f64: %.3g of %.3g terms", (double)count, (double)most);
    }
    progress_end(options);
    report_terms("exp-f64", ORACLE_F64, count);
    return true;
}

/* ---- The Jacobian's diagonal ------------------------------------------------------------------------------------- */

/* Whether result is y (1 - y), correctly rounded. y - result is exact in double, and so is the sign of what an FMA
 * takes off it. */
static bool diagonal_is_correct(float y, float result) {
    double wide = (double)y;
    double error = fma(-wide, wide, wide - (double)result);
    double exact = wide - wide * wide;
    int exponent = exact > 0x1p-126 ? ilogb(exact) : -126;
    double half = ldexp(1, exponent - 24);
    bool even = (bits_of_float(result) & 1) == 0;
    return !signbit(result) && (fabs(error) < half || (fabs(error) == half && even));
}

bool sweep_jacobian_diagonal_f32(const search_options *options) {
    static float y[BLOCK], diagonal[BLOCK];
    uint64_t count = 0;
    uint64_t wrong = 0;
    uint32_t end = bits_of_float(1.0f);
    for (uint32_t first = 0; first <= end; first += stride_of(options)) {
        fill_block(first, y);
        size_t rows = end - first < BLOCK ? end - first + 1 : BLOCK;
        require(smx_softmax_jacobian_f32(rows, 1, y, 1, diagonal, 1, 1, NULL), "smx_softmax_jacobian_f32");
        for (size_t i = 0; i < rows; i++)
            if (!diagonal_is_correct(y[i], diagonal[i]) && wrong++ == 0)
                printf("jacobian-f32: y = %a has %a on the diagonal\n", (double)y[i], (double)diagonal[i]);
        count += rows;
        progress_line(options, "jacobian-f32: diagonals, %.3g of %.3g", (double)count, (double)end);
    }
    progress_end(options);
    printf("jacobian-f32: %" PRIu64 " diagonals, %" PRIu64 " not correctly rounded (%s)\n", count, wrong, smx_isa());
    fflush(stdout);
    return wrong == 0;
}
