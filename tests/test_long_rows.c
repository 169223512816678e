/* Rows whose entries have one value or two, of lengths around every threshold of the code and far beyond: every
 * function is within its bound of the closed form, equal entries give equal bits, and all instruction sets the same. A
 * sum that overflows, or a unit that does not suffice, shows here first. With the argument "all" every pattern runs at
 * every length on every instruction set; without, the patterns take turns, only the best instruction set goes on beyond
 * a quarter of a million entries, and in a quick run none, where the functions take turns, too. */
#include "common/check.h"
#include "common/functions.h"
#include "common/isas.h"
#include "common/levels.h"
#include "common/sampled.h"
#include "common/thresholds.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Beside the thresholds of the code. */
static const size_t lengths[] = {1 << 18, (1 << 18) + 1, (1 << 18) - 1, 1 << 19, 1000000, 3000000};
enum { LENGTHS = sizeof lengths / sizeof *lengths, LONGEST_OF_ALL = (1 << 18) + 1 };

static bool all;

static void judge(const levels *l, size_t output, size_t i, double got) {
    closed_form expected = levels_expected(l, output, i);
    if (!(fabsl((long double)got - expected.value) <= expected.error + l->t->min_subnormal)) {
        fail_msg("%s: element %zu of %s: expected %.20Lg +- %.3Lg, got %.17g", label_text(), i,
                 l->f->arguments[output].name, expected.value, expected.error, got);
    }
}

/* The first entry of each level and the label are judged; all others have the bits of the first of their level. */
static void check_vector(const levels *l, const call *c, size_t output) {
    const block *b = &c->b[output];
    int labelled = is_loss(l->f) && output == CE_DX;
    for (size_t k = 0; k < b->rows; k++) {
        const void *first[2] = {NULL, NULL};
        for (size_t i = 0; i < b->n; i++) {
            size_t g = level_of(l, i);
            const void *element = block_element(b, k, i);
            if (first[g] == NULL || (labelled && i == l->label)) {
                judge(l, output, i, l->t->load(element, 0));
                first[g] = first[g] == NULL && !(labelled && i == l->label) ? element : first[g];
            } else if (memcmp(element, first[g], l->t->size) != 0) {
                fail_msg("%s: element %zu of %s is %a, its equals are %a", label_text(), i,
                         l->f->arguments[output].name, l->t->load(element, 0), l->t->load(first[g], 0));
            }
        }
    }
}

static void check_outputs(const levels *l, const call *c) {
    for (size_t a = 0; a < ARGUMENTS_MAX; a++) {
        const struct argument *output = &c->f->arguments[a];
        if (!argument_is_output(output) || output->dtypes != 0) {
            continue;
        }
        if (c->b[a].n == l->n) {
            check_vector(l, c, a);
        } else {
            judge(l, a, 0, l->t->load(c->b[a].a, 0));
        }
    }
}

static void check(const function *f, const dtype *t, size_t n, size_t pattern) {
    const smx_options one_thread = {.size = sizeof one_thread, .threads = 1};
    call expected = call_new(f, t, 1, n, 0, NULL), got = call_new(f, t, 1, n, 0, NULL);
    levels l = levels_fill(&expected, pattern);
    levels_fill(&got, pattern);
    for (size_t i = 0; smx_isa_available(i); i++) {
        if (!all && n > LONGEST_OF_ALL && i > 0) {
            break;
        }
        call *c = i == 0 ? &expected : &got;
        use_isa(smx_isa_available(i));
        label("%s %s on %s, n = %zu, pattern %zu", f->name, t->name, smx_isa(), n, pattern);
        call_must_run(c, &one_thread);
        if (i == 0) {
            check_outputs(&l, c);
        } else {
            call_expect_same(&expected, c);
        }
    }
    call_free(&expected), call_free(&got);
}

static void check_all(const dtype *t, size_t n, size_t salt) {
    size_t step = all ? 1 : sample_step(4);
    for (size_t i = salt % step; i < functions_count; i += step) {
        if (functions[i].arguments[1].form != FORM_MATRIX && !functions[i].needs) { /* n x n results have no sums */
            check(&functions[i], t, n, (i + salt) % LEVEL_PATTERNS);
        }
    }
}

static void test_thresholds(void **state) {
    for (size_t i = 0; threshold_length(i) != 0; i++) {
        check_all(*state, threshold_length(i) + (threshold_length(i) < 2), i);
    }
}

static void test_long(void **state) {
    for (size_t i = 0; i < (all ? LENGTHS : sampled(LENGTHS)); i++) {
        for (size_t salt = 0; salt < (all ? LEVEL_PATTERNS : 1); salt++) {
            check_all(*state, lengths[i], i + salt);
        }
    }
}

int main(int argc, char **argv) {
    all = argc == 2 && strcmp(argv[1], "all") == 0;
    const struct CMUnitTest tests[] = {TEST_BOTH(test_thresholds), TEST_BOTH(test_long)};
    print_isas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
