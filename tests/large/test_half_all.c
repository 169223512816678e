/* Every f32 rounded to f16 and to bf16, on each instruction set. Rounding is monotonic: for each half, a search by the
 * definition finds the first f32 that gives it, and all up to the next half's first must give it too. */
#include "common/check.h"
#include "common/isas.h"
#include "common/tensors.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 1 << 20 };

static const uint32_t F32_INFINITY = 0x7f800000;

/* The least f32, as bits, that rounds to that half or a larger one. */
static uint32_t first_of(element e, uint32_t half) {
    uint32_t low = 0, high = F32_INFINITY;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (element_rounded(e, element_value(F32, middle)) >= half) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Fails unless the f32 from `first` on, of either sign, give `half` while they are below `end`. */
static void check_run(element e, uint32_t first, uint32_t end, uint32_t half) {
    static uint32_t src[CHUNK];
    static uint16_t dst[CHUNK];
    for (uint64_t from = first; from < end; from += CHUNK) {
        size_t count = end - from < CHUNK ? (size_t)(end - from) : CHUNK;
        for (uint32_t sign = 0; sign < 2; sign++) {
            bool is_nan = first > F32_INFINITY;
            uint32_t expected = is_nan ? half : half | sign << 15;
            for (size_t i = 0; i < count; i++) {
                src[i] = (uint32_t)(from + i) | sign << 31;
            }
            int64_t shape[] = {(int64_t)count};
            DLTensor a = {src, {kDLCPU, 0}, 1, element_type(F32), shape, NULL, 0};
            DLTensor b = {dst, {kDLCPU, 0}, 1, element_type(e), shape, NULL, 0};
            assert_ok(smx_tensor_copy(&a, &b, NULL));
            for (size_t i = 0; i < count; i++) {
                if (dst[i] != expected) {
                    fail_msg("%s: f32 %08x to %s: expected %04x, got %04x", smx_isa(), src[i], element_names[e],
                             expected, dst[i]);
                }
            }
        }
    }
}

static void check_all(element e) {
    uint32_t infinity = (uint32_t)element_rounded(e, (double)INFINITY);
    uint32_t nan = (uint32_t)element_rounded(e, (double)NAN);
    uint32_t first = 0;
    for (uint32_t half = 0; half < infinity; half++) {
        uint32_t next = first_of(e, half + 1);
        check_run(e, first, next, half);
        first = next;
    }
    check_run(e, first, F32_INFINITY + 1, infinity);
    check_run(e, F32_INFINITY + 1, 0x80000000, nan);
}

static void test_all(void **state) {
    (void)state;
    for (size_t i = 0; smx_isa_available(i); i++) {
        use_isa(smx_isa_available(i));
        for (element e = F16; e <= BF16; e++) {
            printf("%s to %s\n", smx_isa(), element_names[e]);
            fflush(stdout);
            check_all(e);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
