#include "call.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fill.h"

static int is_vector(const struct argument *a) { return a->form != FORM_VALUE && a->form != FORM_TOTAL; }

/* ---- Calls ---- */

call call_new(const function *f, const dtype *t, size_t rows, size_t n, size_t spread, rng *r) {
    call c = {.f = f, .t = t, .rows = rows, .n = n};
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        const struct argument *a = &f->arguments[i];
        if (a->form == FORM_NONE) {
            continue;
        }
        size_t own_rows = argument_rows(a, n) ? rows * argument_rows(a, n) : 1, own_n = is_vector(a) ? n : 1;
        size_t more = spread && is_vector(a) ? rng_below(r, spread + 1) : 0;
        size_t offset = spread ? rng_below(r, spread + 1) : 0;
        c.b[i] = block_new(argument_bytes(a, t), own_rows, own_n, own_n + more, offset);
    }
    return c;
}

void call_free(call *c) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        block_free(&c->b[i]);
    }
}

call call_rows(const call *c, size_t first, size_t count) {
    call part = *c;
    part.rows = count;
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        size_t each = argument_rows(&c->f->arguments[i], c->n);
        if (each) {
            part.b[i].a = block_element(&c->b[i], first * each, 0);
            part.b[i].rows = count * each;
        }
    }
    return part;
}

smx_status call_run(const call *c, const smx_options *opt) {
    const function_run *runs = c->t == &dtype_f32 ? functions_f32 : functions_f64;
    return runs[c->f->run](c->f, c->rows, c->n, c->b, opt);
}

void call_must_run(call *c, const smx_options *opt) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        if (argument_is_output(&c->f->arguments[i])) {
            block_erase(&c->b[i]);
        }
    }
    assert_ok(call_run(c, opt));
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        if (c->b[i].a) {
            block_check_gaps(&c->b[i], c->f->arguments[i].name);
        }
    }
}

/* ---- Inputs ---- */

static double factor(rng *r) { return rng_below(r, 5) ? rng_normal(r) : 0; }

void call_set_label(block *b, size_t k, int64_t label) {
    if (b->size == sizeof(int32_t)) {
        *(int32_t *)block_element(b, k, 0) = (int32_t)label;
    } else {
        *(int64_t *)block_element(b, k, 0) = label;
    }
}

static void fill_labels(const call *c, block *b, rng *r) {
    for (size_t k = 0; k < b->rows; k++) {
        int64_t label = (int64_t)rng_below(r, c->n);
        if (c->f->ce.use_ignore_index && rng_below(r, 4) == 0) {
            label = c->f->ce.ignore_index;
        }
        call_set_label(b, k, label);
    }
}

static void fill_logarithms(const dtype *t, void *y, void *unused, size_t n, size_t kind, rng *r) {
    fill_backward(t, y, unused, n, kind, r);
    for (size_t i = 0; i < n; i++) {
        t->store(y, i, log(fabs(t->load(y, i))));
    }
}

static void fill_targets(const dtype *t, void *a, size_t n, rng *r) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        t->store(a, i, fabs(factor(r)));
        sum += t->load(a, i);
    }
    for (size_t i = 0; i < n && sum > 0; i++) {
        t->store(a, i, t->load(a, i) / sum);
    }
}

static void fill_factors(const dtype *t, void *a, size_t n, int negative_too, rng *r) {
    for (size_t i = 0; i < n; i++) {
        double value = factor(r);
        t->store(a, i, negative_too ? value : fabs(value));
    }
}

static void fill_vector(const dtype *t, enum content what, void *a, void *unused, size_t n, size_t kind, rng *r) {
    switch (what) {
    case CONTENT_LOGITS:
        fill_x(t, a, n, kind % FILL_X_KINDS, r);
        break;
    case CONTENT_PROBABILITIES:
        fill_backward(t, a, unused, n, kind, r);
        break;
    case CONTENT_LOG_PROBABILITIES:
        fill_logarithms(t, a, unused, n, kind, r);
        break;
    case CONTENT_GRADIENTS:
        fill_backward(t, unused, a, n, kind, r);
        break;
    case CONTENT_TARGETS:
        fill_targets(t, a, n, r);
        break;
    default:
        fill_factors(t, a, n, what == CONTENT_FACTORS, r);
    }
}

void call_fill(call *c, size_t kind, rng *r) {
    size_t longest = c->n > c->rows ? c->n : c->rows;
    void *unused = elements(c->t, longest);
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        const struct argument *a = &c->f->arguments[i];
        block *b = &c->b[i];
        if (!argument_is_input(a)) {
            continue;
        }
        if (a->content == CONTENT_LABELS) {
            fill_labels(c, b, r);
        } else if (a->form == FORM_VALUE) {
            fill_vector(c->t, a->content, b->a, unused, b->rows, kind, r);
        } else {
            for (size_t k = 0; k < b->rows; k++) {
                fill_vector(c->t, a->content, block_element(b, k, 0), unused, b->n, (kind + k / 2) % CALL_KINDS, r);
            }
        }
    }
    free(unused);
}

/* Where a label stands after the permutation. */
static int64_t permuted_label(int64_t label, const size_t *perm, size_t n) {
    for (size_t i = 0; perm && i < n; i++) {
        if ((int64_t)perm[i] == label) {
            return (int64_t)i;
        }
    }
    return label;
}

static int64_t label_at(const block *b, size_t k) {
    return integer_at(b->size == sizeof(int32_t) ? DTYPE_I32 : DTYPE_I64, b->a, k);
}

/* Which element of a row's share corresponds to element (j, i) of the permuted one. */
static void *counterpart(const struct argument *a, const block *b, size_t k, size_t j, size_t i, const size_t *perm) {
    size_t count = argument_rows(a, b->n);
    size_t row = a->form == FORM_MATRIX && perm ? perm[j] : j;
    return block_element(b, k * count + row, is_vector(a) && perm ? perm[i] : i);
}

void call_copy_row(call *to, size_t to_k, const call *from, size_t from_k, const size_t *perm) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        const struct argument *a = &to->f->arguments[i];
        block *b = &to->b[i];
        if (!argument_is_input(a)) {
            continue;
        }
        if (a->content == CONTENT_LABELS) {
            call_set_label(b, to_k, permuted_label(label_at(&from->b[i], from_k), perm, to->n));
            continue;
        }
        size_t count = argument_rows(a, to->n), shared = count == 0;
        for (size_t j = 0; j < count + shared; j++) {
            for (size_t e = 0; e < b->n; e++) {
                memcpy(block_element(b, to_k * count + j, e), counterpart(a, &from->b[i], from_k, j, e, perm), b->size);
            }
        }
    }
}

/* ---- Outputs ---- */

static void expect_bytes(const call *c, const struct argument *a, size_t k, size_t i, const void *expected,
                         const void *got, size_t size) {
    if (memcmp(expected, got, size) == 0) {
        return;
    }
    if (a->dtypes == 0) {
        fail_msg("%s: element %zu of row %zu of %s: expected %a (%" PRIx64 "), got %a (%" PRIx64 ")", label_text(), i,
                 k, a->name, c->t->load(expected, 0), c->t->bits(expected, 0), c->t->load(got, 0), c->t->bits(got, 0));
    }
    fail_msg("%s: element %zu of row %zu of %s differs", label_text(), i, k, a->name);
}

/* A mean's gradient has the weight of the whole batch. The first of equal largest logits, and
 * whether it is the label, is another matter after a permutation. */
static int belongs_to_row(const function *f, const struct argument *a, int permuted) {
    const struct argument *dx = &f->arguments[CE_DX];
    return argument_is_output(a) && !(a == dx && f->ce.reduction == SMX_REDUCTION_MEAN) &&
           !(permuted && (a->dtypes != 0 && a->form == FORM_VALUE));
}

void call_expect_row(const call *expected, size_t expected_k, const call *got, size_t got_k, const size_t *perm) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        const struct argument *a = &got->f->arguments[i];
        const block *b = &got->b[i];
        if (!belongs_to_row(got->f, a, perm != NULL)) {
            continue;
        }
        size_t count = argument_rows(a, got->n);
        for (size_t j = 0; j < count; j++) {
            for (size_t e = 0; e < b->n; e++) {
                expect_bytes(got, a, got_k * count + j, e, counterpart(a, &expected->b[i], expected_k, j, e, perm),
                             block_element(b, got_k * count + j, e), b->size);
            }
        }
    }
}

void call_expect_argument(const call *expected, const call *got, size_t i) {
    const block *b = &got->b[i];
    for (size_t k = 0; k < b->rows; k++) {
        for (size_t e = 0; e < b->n; e++) {
            expect_bytes(got, &got->f->arguments[i], k, e, block_element(&expected->b[i], k, e), block_element(b, k, e),
                         b->size);
        }
    }
}

void call_expect_shared(const call *expected, const call *got) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        const struct argument *a = &got->f->arguments[i];
        if (argument_is_output(a) && argument_rows(a, got->n) == 0) {
            call_expect_argument(expected, got, i);
        }
    }
}

void call_expect_same(const call *expected, const call *got) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        if (argument_is_output(&got->f->arguments[i])) {
            call_expect_argument(expected, got, i);
        }
    }
}
