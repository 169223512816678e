/* Any number of threads, the library's or the caller's own, gives the same bits of tensors that go through scratch
 * memory in many groups; and the caller's floating-point state changes nothing and is left as it was, errno too. */
#include "common/check.h"
#include "common/float_state.h"
#include "common/isas.h"
#include "common/pools.h"
#include "common/sanitizers.h"
#include "common/tensor_call.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>

/* Axes before, between and after large dimensions; then few long rows. */
static const struct {
    int64_t shape[3];
    int axis;
} shapes[] = {{{40, 30, 40}, 0}, {{40, 30, 40}, 1}, {{700, 3, 20}, 2}, {{2, 20000, 2}, 1}, {{5, 30, 7}, 1}};
enum { SHAPES = sizeof shapes / sizeof *shapes, SMALL = SHAPES - 1 };

static tensor_call new_call(const op *o, size_t k, element e, int layout, uint64_t seed) {
    rng r = rng_seed(seed);
    element types[OP_ARGUMENTS_MAX];
    int layouts[OP_ARGUMENTS_MAX];
    for (int i = 0; i < OP_ARGUMENTS_MAX; i++) {
        types[i] = e;
        layouts[i] = layout;
    }
    label("%s of %s, shape %zu, layout %d", o->name, element_names[e], k, layout);
    return tensor_call_new(o, op_shape_of(3, shapes[k].shape, shapes[k].axis), types, layouts, &r);
}

static void fill_outputs(tensor_call *c) {
    for (int i = c->o->inputs; i < c->o->inputs + c->o->outputs; i++) {
        fill_canary(c->t[i].memory, c->t[i].bytes);
    }
}

/* The outputs' memory, one after the other. */
static size_t copy_outputs(const tensor_call *c, unsigned char *to) {
    size_t bytes = 0;
    for (int i = c->o->inputs; i < c->o->inputs + c->o->outputs; i++) {
        memcpy(to + bytes, c->t[i].memory, c->t[i].bytes);
        bytes += c->t[i].bytes;
    }
    return bytes;
}

typedef struct results {
    unsigned char *expected, *got;
    size_t bytes;
} results;

static results results_of(tensor_call *c, const smx_tensor_options *opt) {
    results r = {NULL, NULL, 0};
    for (int i = c->o->inputs; i < c->o->inputs + c->o->outputs; i++) {
        r.bytes += c->t[i].bytes;
    }
    r.expected = malloc(r.bytes), r.got = malloc(r.bytes);
    assert_non_null(r.expected), assert_non_null(r.got);
    assert_ok(tensor_call_run(c, c->s.axis, -1, opt));
    copy_outputs(c, r.expected);
    return r;
}

static void results_free(results *r) { free(r->expected), free(r->got); }

static void check_same(tensor_call *c, results *r) {
    copy_outputs(c, r->got);
    if (memcmp(r->expected, r->got, r->bytes) != 0) {
        fail_msg("%s: other bits", label_text());
    }
    fill_outputs(c);
}

static bool skipped(const op *o, size_t k) { return has_matrices(o->f) && shapes[k].shape[shapes[k].axis] > 50; }

static void test_threads(void **state) {
    (void)state;
    static const smx_parallel_for hooks[] = {NULL, pool_threads, pool_all_at_once, pool_reversed, pool_shuffled};
    size_t most = 0;
    for (size_t i = 0; i < TENSOR_OPS; i++) {
        for (size_t k = 0; k < SHAPES; k++) {
            if (skipped(tensor_op(i), k)) {
                continue;
            }
            tensor_call c = new_call(tensor_op(i), k, i % 2 ? F16 : F32, (int)(i + k) % LAYOUTS, 0x86000000 + i);
            smx_tensor_options opt = {.size = sizeof opt, .threads = 1};
            results r = results_of(&c, &opt);
            for (size_t hook = 0; hook < sizeof hooks / sizeof *hooks; hook++) {
                pool p = {.threads = 5};
                opt.threads = 2 + (unsigned)hook;
                opt.parallel_for = hooks[hook];
                opt.pool = &p;
                label("%s, shape %zu, %u threads, hook %zu", c.o->name, k, opt.threads, hook);
                assert_ok(tensor_call_run(&c, c.s.axis, -1, &opt));
                check_same(&c, &r);
                most = p.largest > most ? p.largest : most;
            }
            results_free(&r), tensor_call_free(&c);
        }
    }
    assert_true(most > 1); /* else nothing was spread */
}

/* No arithmetic and no assertion between apply and apply: the state may be anything. */
static void test_float_state(void **state) {
    (void)state;
    for (size_t i = 0; i < TENSOR_OPS; i++) {
        for (element e = F16; e <= F64; e++) {
            tensor_call c = new_call(tensor_op(i), SMALL, e, LAYOUT_PERMUTED, 0x87000000 + i);
            smx_tensor_options opt = {.size = sizeof opt, .threads = 1};
            results r = results_of(&c, &opt);
            for (size_t k = i % 5; k < float_states(); k += 5) {
                label("%s of %s with %s", c.o->name, element_names[e], float_state_text(float_state_number(k)));
                float_state start = float_state_current();
                errno = 4711;
                float_state_apply(float_state_number(k));
                float_state before = float_state_current();
                smx_status status = tensor_call_run(&c, c.s.axis, -1, &opt);
                float_state after = float_state_current();
                float_state_apply(start);
                assert_int_equal(errno, 4711);
                assert_ok(status);
                assert_memory_equal(&before, &after, sizeof before);
                check_same(&c, &r);
            }
            results_free(&r), tensor_call_free(&c);
        }
    }
}

/* Else AddressSanitizer ends the program where malloc would fail. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1:max_allocation_size_mb=65536"; }

/* What the system may grant whether it has it or not is refused from 64 GiB on; sanitizers map more than that. */
static void refuse_memory(bool refuse) {
#if !ADDRESS_SANITIZER
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = refuse ? (rlim_t)64 << 30 : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
#else
    (void)refuse;
#endif
}

/* The axis is huge, and as large a scratch row is not to be had: refused, and errno is left alone. */
static void test_no_memory(void **state) {
    (void)state;
    int64_t shape[] = {(int64_t)1 << 36, 2}, rows[] = {2}, strides[] = {0, 0};
    float x = 1, lse[2] = {7, 7};
    DLTensor a = {&x, {kDLCPU, 0}, 2, element_type(F32), shape, strides, 0};
    DLTensor b = {lse, {kDLCPU, 0}, 1, element_type(F32), rows, NULL, 0};
    label("no memory");
    refuse_memory(true);
    errno = 4711;
    assert_status(SMX_ERROR_MEMORY, smx_logsumexp(&a, 0, &b, NULL));
    assert_int_equal(errno, 4711);
    refuse_memory(false);
    assert_true(lse[0] == 7 && lse[1] == 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_float_state),
        cmocka_unit_test(test_no_memory),
    };
    print_isas();
    print_float_states();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
