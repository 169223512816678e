/* Half precision: every f16 and bf16 as f32 and f64, and rounding to them, at every place where it changes. All of it
 * through smx_tensor_copy, on each instruction set: with F16C's instructions and without. */
#include "common/check.h"
#include "common/isas.h"
#include "common/tensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HALVES = 65536 };

static const element halves[] = {F16, BF16};
static const element wide[] = {F32, F64};

/* Converts `count` elements; lengths that are no multiple of a vector's are among them. */
static void copy(element from, void *src, element to, void *dst, size_t count) {
    int64_t shape[] = {(int64_t)count};
    DLTensor a = {.data = src, .device = {kDLCPU, 0}, .ndim = 1, .dtype = element_type(from), .shape = shape};
    DLTensor b = {.data = dst, .device = {kDLCPU, 0}, .ndim = 1, .dtype = element_type(to), .shape = shape};
    assert_ok(smx_tensor_copy(&a, &b, NULL));
}

static uint64_t bits_at(element e, const void *a, size_t i) {
    const unsigned char *b = a;
    uint64_t bits = 0;
    for (size_t k = 0; k < element_size(e); k++) {
        bits |= (uint64_t)b[i * element_size(e) + k] << 8 * k;
    }
    return bits;
}

static void store_bits(element e, void *a, size_t i, uint64_t bits) {
    unsigned char *b = a;
    for (size_t k = 0; k < element_size(e); k++) {
        b[i * element_size(e) + k] = (unsigned char)(bits >> 8 * k);
    }
}

static void expect_bits(element from, uint64_t source, element to, uint64_t expected, uint64_t got) {
    if (expected != got) {
        fail_msg("%s: %s %llx (%a) to %s: expected %llx, got %llx", smx_isa(), element_names[from],
                 (unsigned long long)source, element_value(from, source), element_names[to],
                 (unsigned long long)expected, (unsigned long long)got);
    }
}

static void expect_rounded(element from, void *src, element to, void *dst, size_t count) {
    copy(from, src, to, dst, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t source = bits_at(from, src, i);
        expect_bits(from, source, to, element_rounded(to, element_value(from, source)), bits_at(to, dst, i));
    }
}

static void test_widen(void **state) {
    (void)state;
    void *src = malloc(HALVES * 2), *dst = malloc(HALVES * 8);
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for (size_t h = 0; h < 2; h++) {
            for (size_t k = 0; k < HALVES; k++) {
                store_bits(halves[h], src, k, k);
            }
            for (size_t w = 0; w < 2; w++) {
                expect_rounded(halves[h], src, wide[w], dst, HALVES);
            }
            expect_rounded(halves[h], src, halves[1 - h], dst, HALVES);
        }
    }
    free(src), free(dst);
}

/* Numbers halfway between two halves, and those around them: rounding is monotonic, so this is all there is to it. */
static void test_narrow(void **state) {
    (void)state;
    enum { AROUND = 7 };
    void *src = malloc(HALVES * AROUND * 8), *dst = malloc(HALVES * AROUND * 2);
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for (size_t h = 0; h < 2; h++) {
            for (size_t w = 0; w < 2; w++) {
                size_t count = 0;
                for (uint64_t k = 0; k < HALVES; k++) {
                    double low = element_value(halves[h], k), high = element_value(halves[h], k + 1);
                    double middle = isfinite(low) && isfinite(high) ? (low + high) / 2 : low;
                    /* The largest number's other neighbour would be the next power of two. */
                    middle = isfinite(low) && isinf(high) ? low + (low - element_value(halves[h], k - 1)) / 2 : middle;
                    uint64_t bits = element_rounded(wide[w], middle);
                    for (uint64_t d = 0; d < AROUND; d++) {
                        store_bits(wide[w], src, count++, bits + d - AROUND / 2);
                    }
                }
                expect_rounded(wide[w], src, halves[h], dst, count);
            }
        }
    }
    free(src), free(dst);
}

/* Numbers at random over all bit patterns, NaNs of all kinds among them, and in short arrays of every length. */
static void test_random(void **state) {
    (void)state;
    enum { COUNT = 100000 };
    rng r = rng_seed(0x5a1f0000);
    void *src = malloc(COUNT * 8), *dst = malloc(COUNT * 8);
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for (element from = F16; from <= F64; from++) {
            for (element to = F16; to <= F64; to++) {
                if (from == to) {
                    continue;
                }
                for (size_t k = 0; k < COUNT; k++) {
                    store_bits(from, src, k, rng_next(&r) >> 32 | rng_next(&r) << 32);
                }
                expect_rounded(from, src, to, dst, COUNT);
                for (size_t n = 0; n < 70; n++) {
                    expect_rounded(from, src, to, dst, n);
                }
            }
        }
    }
    free(src), free(dst);
}

/* From f64 there is one rounding, not two by way of f32. */
static void test_no_double_rounding(void **state) {
    (void)state;
    const double above = 1 + 0x1p-11 + 0x1p-40; /* f32 rounds it to the middle between two f16 */
    const double least = 0x1p-25 + 0x1p-60, bf16 = 1 + 0x1p-8 + 0x1p-40;
    double src[] = {above, -above, least, -least, bf16, -bf16, 0x1p-134 * (1 + 0x1p-30)};
    uint16_t dst[7];
    label("double rounding");
    copy(F64, src, F16, dst, 4);
    assert_int_equal(dst[0], 0x3c01);
    assert_int_equal(dst[1], 0xbc01);
    assert_int_equal(dst[2], 0x0001);
    assert_int_equal(dst[3], 0x8001);
    copy(F64, src + 4, BF16, dst + 4, 3);
    assert_int_equal(dst[4], 0x3f81);
    assert_int_equal(dst[5], 0xbf81);
    assert_int_equal(dst[6], 0x0001);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_widen),
        cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_no_double_rounding),
    };
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
