#include "sweep.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* ---- Terms of f32 ------------------------------------------------------------------------------------------------ */

/* The terms of a block of floats that all have the same sign, so that their order is that of their patterns. */
static void sweep_terms(uint32_t first, term_errors *errors) {
    static float x[BLOCK], e[BLOCK];
    fill_block(first, x);
    double a = (double)x[0];
    double b = (double)x[BLOCK - 1];
    double max = term_max_for(ORACLE_F32, a > b ? a : b);
    term_values(ORACLE_F32, BLOCK, x, max, e);
    /* One power of two makes all ratios e / exp(x) close to 1. */
    double scale = ldexp(1, -ilogb((double)e[0] / exp(a) * 1.5));
    double positive = errors->positive.count < TERM_LIST ? 0 : errors->positive.error[errors->positive.smallest];
    double negative = errors->negative.count < TERM_LIST ? 0 : errors->negative.error[errors->negative.smallest];
    for (size_t i = 0; i < BLOCK; i++) {
        double error = 0x1p24 * ((double)e[i] * scale / exp((double)x[i]) - 1);
        if (!(error <= positive && error >= -negative))
            term_errors_note(errors, (double)x[i], error);
    }
}

static double confirm_worst(oracle_type type, const term_list *list, double *x) {
    *x = list->x[term_list_worst(list)];
    float x_f32 = (float)*x;
    float e_f32;
    double e;
    bool f32 = type == ORACLE_F32;
    term_values(type, 1, f32 ? (void *)&x_f32 : (void *)x, term_max_for(type, *x), f32 ? (void *)&e_f32 : (void *)&e);
    return term_error(type, *x, f32 ? (double)e_f32 : e);
}

static void report_terms(const char *name, oracle_type type, const term_errors *errors, uint64_t count) {
    double low_x, high_x;
    double low = confirm_worst(type, &errors->negative, &low_x);
    double high = confirm_worst(type, &errors->positive, &high_x);
    printf("%s: %" PRIu64 " terms with relative errors from %.5f to %.5f, in units of 2^-%d (%s)\n", name, count, low,
           high, type == ORACLE_F32 ? 24 : 53, smx_isa());
    printf("    at x = %a and %a\n", low_x, high_x);
    fflush(stdout);
}

bool sweep_exp_f32(const search_options *options) {
    term_errors *errors = term_errors_of(ORACLE_F32);
    uint64_t count = 0;
    uint32_t step = stride_of(options);
    double least = -256 - term_range(ORACLE_F32);
    for (uint32_t sign = 0; sign < 2; sign++) {
        uint32_t end = bits_of_float(sign ? (float)-least : 256.0f) & ~(uint32_t)(BLOCK - 1);
        for (uint32_t first = 0; first < end; first += step, count += BLOCK) {
            sweep_terms(sign << 31 | first, errors);
            progress_line(options, "exp-f32: terms, %.3g of %.3g", (double)count,
                          (double)end / step * BLOCK * (sign ? 1 : 2));
        }
    }
    progress_end(options);
    report_terms("exp-f32", ORACLE_F32, errors, count);
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
    bool good = error < 3;
    printf("pairs-f32: %" PRIu64 " rows {x, 0}, worst %.6g ULP, %s the bound of 3, at x = %a, result for %s\n", count,
           error, good ? "within" : "BEYOND", (double)worst.x, worst.at_zero ? "0" : "x");
    fflush(stdout);
    return good;
}

/* ---- Terms of f64 ------------------------------------------------------------------------------------------------ */

bool search_exp_f64(const search_options *options) {
    term_errors *errors = term_errors_of(ORACLE_F64);
    random_state rng = {options->seed};
    double end = clock_seconds() + options->seconds;
    uint64_t count = 0; /* beside the sample */
    term_errors_sample(ORACLE_F64, &rng);
    while (clock_seconds() < end) {
        const term_list *list = random_bits(&rng) & 1 ? &errors->positive : &errors->negative;
        double x = list->x[random_below(&rng, list->count)];
        x = row_step(ORACLE_F64, x, random_sign(&rng) * ceil(random_log(&rng, 0.5, 0x1p40)));
        double max = term_max_for(ORACLE_F64, x);
        if (isnan(max))
            continue;
        double e;
        term_values(ORACLE_F64, 1, &x, max, &e);
        term_errors_note(errors, x, term_error_quickly(ORACLE_F64, x, e));
        count++;
        progress_line(options, "exp-f64: %.3g terms, %.0f s to go", (double)count, end - clock_seconds());
    }
    progress_end(options);
    report_terms("exp-f64", ORACLE_F64, errors, count);
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
