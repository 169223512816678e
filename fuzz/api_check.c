#include "api.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/cuts.h"
#include "common/functions.h"
#include "common/isas.h"
#include "common/pools.h"
#include "common/problem.h"

enum { SPREAD = 17 };

static void say(const scene *s, const char *what) {
    label("%s %s on %s, %zu rows, n = %zu, seed %#llx, %s", s->f.name, s->c.t->name, smx_isa(), s->c.rows, s->c.n,
          (unsigned long long)s->seed, what);
}

/* ---- One call ---- */

static void expect_element(const struct argument *a, size_t k, size_t i, const void *expected, const void *got,
                           size_t size) {
    if (memcmp(expected, got, size) != 0) {
        fail_msg("%s: element %zu of row %zu of %s has changed", label_text(), i, k, a->name);
    }
}

static void expect_untouched(const scene *s, const call *c) {
    static const unsigned char gap[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        const block *b = &c->b[i];
        for (size_t k = 0; argument_is_output(&s->f.arguments[i]) && k < b->rows; k++) {
            for (size_t e = 0; e < b->n; e++) {
                expect_element(&s->f.arguments[i], k, e, gap, block_element(b, k, e), b->size);
            }
        }
    }
}

/* Copies have what belongs to their rows: without rows, nothing to compare. */
static void expect_inputs(const scene *s, const call *before, const call *after) {
    for (size_t i = 0; i < ARGUMENTS_MAX && after->rows > 0; i++) {
        const block *b = &after->b[i];
        for (size_t k = 0; argument_is_input(&s->f.arguments[i]) && k < b->rows; k++) {
            for (size_t e = 0; e < b->n; e++) {
                expect_element(&s->f.arguments[i], k, e, block_element(&before->b[i], k, e), block_element(b, k, e),
                               b->size);
            }
        }
    }
}

static void expect_gaps(const scene *s, const call *c) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        if (c->b[i].memory != NULL) {
            block_check_gaps(&c->b[i], s->f.arguments[i].name);
        }
    }
}

static void erase_outputs(const scene *s, call *c) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        if (argument_is_output(&s->f.arguments[i])) {
            block_erase(&c->b[i]);
        }
    }
}

static smx_status run(const scene *s, call *c, const smx_options *opt) {
    erase_outputs(s, c);
    smx_status status = call_run(c, opt);
    expect_gaps(s, c);
    if (status != SMX_OK) {
        expect_untouched(s, c);
    }
    return status;
}

/* A gradient may be negative and too small to be a number. */
static int has_no_negative_zero(const function *f) {
    return f->run == OPERATION_SOFTMAX || f->run == OPERATION_LOG_SOFTMAX || is_loss(f);
}

/* NaN is canonical, and 0 positive. */
static void expect_clean(const scene *s, const call *c) {
    const dtype *t = c->t;
    uint64_t sign = (uint64_t)1 << (8 * t->size - 1), infinity = t->size == sizeof(float) ? 0x7f800000 : 0x7ffull << 52;
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        const struct argument *a = &s->f.arguments[i];
        const block *b = &c->b[i];
        for (size_t k = 0; argument_is_output(a) && a->dtypes == 0 && k < b->rows; k++) {
            for (size_t e = 0; e < b->n; e++) {
                uint64_t bits = t->bits(block_element(b, k, e), 0);
                int nan = (bits & ~sign) > infinity;
                if ((bits == sign && has_no_negative_zero(&s->f)) || (nan && bits != canonical_nan(t))) {
                    fail_msg("%s: element %zu of row %zu of %s is %a (%llx)", label_text(), e, k, a->name,
                             t->load(block_element(b, k, e), 0), (unsigned long long)bits);
                }
            }
        }
    }
}

/* ---- The same call in other ways ---- */

static void check_isas(scene *s, smx_status status, rng *r) {
    for (size_t i = 0; smx_isa_available(i) != NULL; i++) {
        use_isa(smx_isa_available(i));
        say(s, "elsewhere");
        if (s->c.rows == 0) {
            assert_status(status, run(s, &s->c, &s->m.opt));
            continue;
        }
        call moved = call_copy(&s->c, i == 0 ? 0 : SPREAD, r);
        assert_status(status, run(s, &moved, &s->m.opt));
        expect_inputs(s, &s->c, &moved);
        if (status == SMX_OK) {
            call_expect_same(&s->c, &moved);
        }
        call_free(&moved);
    }
}

static void check_threads(scene *s, rng *r) {
    static const smx_parallel_for ways[] = {NULL, pool_reversed, pool_shuffled};
    pool workers = {.threads = s->threads};
    smx_options opt = s->m.opt;
    opt.threads = s->threads;
    opt.parallel_for = ways[s->way % (sizeof ways / sizeof *ways)];
    opt.pool = &workers;
    say(s, "on threads");
    call c = call_copy(&s->c, SPREAD, r);
    assert_ok(run(s, &c, &opt));
    call_expect_same(&s->c, &c);
    call_free(&c);
}

static void check_in_place(scene *s, rng *r) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        size_t output = output_in_place(&s->f, i);
        if (output == 0 || s->c.b[i].a == NULL || s->c.b[output].a == NULL) {
            continue;
        }
        say(s, "in place");
        call c = call_copy(&s->c, SPREAD, r);
        block own = c.b[output];
        c.b[output] = c.b[i];
        assert_ok(call_run(&c, &s->m.opt));
        expect_gaps(s, &c);
        call_expect_same(&s->c, &c);
        c.b[output] = own;
        call_free(&c);
    }
}

/* A label that is ignored has no place among the classes to move with them. */
static int moves_entries(const scene *s) {
    return !s->f.ce.use_ignore_index || s->f.ce.ignore_index < 0 || s->f.ce.ignore_index >= (int64_t)s->c.n;
}

/* A mean's gradients have the weight of the whole batch; of dx, call.c knows. Slopes are those of places. */
static int stands_alone(const scene *s) {
    return s->m.opt.alibi == NULL &&
           (s->f.ce.reduction != SMX_REDUCTION_MEAN || s->f.arguments[CE_DTARGETS].form == FORM_NONE);
}

static void check_row(scene *s, rng *r) {
    if (!stands_alone(s)) {
        return;
    }
    size_t k = rng_below(r, s->c.rows), *perm = calloc(s->c.n, sizeof *perm);
    assert_non_null(perm);
    rng_permutation(r, s->c.n, perm);
    const size_t *order = moves_entries(s) ? perm : NULL;
    say(s, "one row by itself, permuted");
    call alone = call_new(&s->f, s->c.t, 1, s->c.n, SPREAD, r);
    masks m = masks_of_row(&s->m, k, order);
    call_copy_row(&alone, 0, &s->c, k, order);
    assert_ok(run(s, &alone, masks_options(&m, &s->f)));
    call_expect_row(&s->c, k, &alone, 0, order);
    call_free(&alone), masks_free(&m), free(perm);
}

static void check_rows(scene *s, const size_t *order, size_t count, rng *r) {
    if (count == 0 || s->m.opt.alibi != NULL || (count < s->c.rows && !stands_alone(s))) {
        return;
    }
    call c = call_new(&s->f, s->c.t, count, s->c.n, SPREAD, r);
    masks m = masks_of_rows(&s->m, order, count);
    for (size_t k = 0; k < count; k++) {
        call_copy_row(&c, k, &s->c, order[k], NULL);
    }
    assert_ok(run(s, &c, masks_options(&m, &s->f)));
    for (size_t k = 0; k < count; k++) {
        call_expect_row(&s->c, order[k], &c, k, NULL);
    }
    if (count == s->c.rows) {
        call_expect_shared(&s->c, &c);
    }
    call_free(&c), masks_free(&m);
}

static void check_batch(scene *s, rng *r) {
    size_t rows = s->c.rows, *order = calloc(rows, sizeof *order), first = s->cut % (rows + 1);
    assert_non_null(order);
    rng_permutation(r, rows, order);
    say(s, "rows in another order, masks written out");
    check_rows(s, order, rows, r);
    say(s, "in two calls, masks written out");
    check_rows(s, order, first, r);
    check_rows(s, order + first, rows - first, r);
    free(order);
}

static void switch_isa(rng *r) {
    size_t count = 0;
    while (smx_isa_available(count) != NULL) {
        count++;
    }
    assert_ok(smx_isa_set(smx_isa_available(rng_below(r, count))));
}

/* Softmax and its backward pass, of a row in parts. */
static void check_parts(scene *s, rng *r) {
    const smx_options *o = &s->m.opt;
    int backward = s->f.run == OPERATION_SOFTMAX_BACKWARD;
    if ((s->f.run != OPERATION_SOFTMAX && !backward) || o->scale || o->add || o->keep || o->lengths || o->use_window ||
        o->softcap != 0 || o->alibi || o->sink || o->causal != SMX_CAUSAL_NONE) {
        return;
    }
    size_t k = rng_below(r, s->c.rows), n = s->c.n;
    cut c = cut_random(r, n, 1 + rng_below(r, 5));
    void *out = elements(s->c.t, n);
    merging how = rng_below(r, 2) != 0 ? MERGE_TREE : MERGE_SUMS;
    const void *x = block_element(&s->c.b[0], k, 0);
    say(s, "a row in parts");
    if (backward) {
        backward_in_parts(s->c.t, n, x, block_element(&s->c.b[1], k, 0), &c, how, switch_isa, r, out);
    } else {
        softmax_in_parts(s->c.t, n, x, &c, how, switch_isa, o, r, out);
    }
    assert_same_bits(s->c.t, block_element(&s->c.b[backward ? 2 : 1], k, 0), out, n);
    cut_free(&c), free(out);
}

/* ---- Spoiled calls ---- */

static void spoil_options(const scene *s, smx_options *o) {
    switch (s->spoil_how % 8) {
    case 0:
        o->size = s->spoil_by % sizeof o->size;
        break;
    case 1:
        o->plus_inf = (smx_plus_inf)(2 + s->spoil_by);
        break;
    case 2:
        o->minus_inf_row = (smx_minus_inf_row)(2 + s->spoil_by);
        break;
    case 3:
        o->scale_stride = 2 + s->spoil_by;
        break;
    case 4:
        o->causal = (smx_causal)(3 + s->spoil_by);
        break;
    case 5:
        o->causal = SMX_CAUSAL_NONE;
        o->use_window = 0, o->window_left = o->window_right = 0;
        o->alibi = NULL, o->alibi_rows = o->alibi_every = 0;
        o->queries = 1 + s->spoil_by; /* for nothing */
        break;
    case 6:
        o->causal = SMX_CAUSAL_TOP_LEFT;
        o->queries = 0;
        break;
    default:
        o->parallel_for = pool_reversed;
        o->threads = 0;
    }
}

/* Whether no function may accept it. */
static int spoil_call(const scene *s, call *c, smx_options *o) {
    const struct argument *a = &s->f.arguments[s->spoil_at];
    size_t other = s->spoil_how % ARGUMENTS_MAX, elements_there = c->b[other].rows * c->b[other].n;
    size_t elements_here = c->b[s->spoil_at].rows * c->b[s->spoil_at].n;
    int given = a->form != FORM_NONE;
    if (s->spoil == SPOIL_OPTIONS) {
        spoil_options(s, o);
        return 1;
    }
    if (s->spoil == SPOIL_NULL && given) {
        c->b[s->spoil_at].a = NULL;
    } else if (s->spoil == SPOIL_STRIDE && given && c->n > 0) {
        c->b[s->spoil_at].ld = s->spoil_how % 2 != 0 ? (size_t)-1 - s->spoil_by : c->n - 1;
        return a->form == FORM_ROW && a->content == CONTENT_OUTPUT && c->rows > 1 && s->spoil_how % 2 == 0;
    } else if (s->spoil == SPOIL_OVERLAP && given && a->content == CONTENT_OUTPUT && other != s->spoil_at &&
               elements_here > 0 && elements_there > 0 && c->n > 0) {
        size_t by = s->spoil_by % elements_there;
        c->b[s->spoil_at].a = (unsigned char *)c->b[other].a + by * c->b[other].size;
        return by != 0 || !argument_may_be(a, other);
    }
    return 0;
}

/* The same status everywhere, and nothing written anywhere. */
static void check_spoiled(scene *s, const call *before) {
    call c = s->c;
    smx_options opt = s->m.opt;
    smx_status status = SMX_OK;
    int refused = spoil_call(s, &c, &opt);
    for (size_t i = 0; smx_isa_available(i) != NULL; i++) {
        use_isa(smx_isa_available(i));
        say(s, "with something wrong");
        erase_outputs(s, &s->c);
        smx_status got = call_run(&c, &opt);
        if (got == SMX_OK && i == 0 && !refused) {
            return; /* it was no harm */
        }
        if (got == SMX_OK || (i > 0 && got != status)) {
            fail_msg("%s: status %d (%s), and %d before", label_text(), (int)got, smx_status_str(got), (int)status);
        }
        status = got;
        expect_untouched(s, &s->c);
        expect_inputs(s, before, &s->c);
        expect_gaps(s, &s->c);
    }
}

void scene_check(scene *s) {
    rng r = rng_seed(s->seed);
    call before = call_copy(&s->c, 0, NULL);
    use_isa("scalar");
    say(s, "as it is");
    if (s->spoil != SPOIL_NOTHING) {
        check_spoiled(s, &before);
        call_free(&before);
        return;
    }
    smx_status status = run(s, &s->c, &s->m.opt);
    expect_inputs(s, &before, &s->c);
    call_free(&before);
    check_isas(s, status, &r);
    if (status != SMX_OK || s->c.rows == 0 || s->c.n == 0) {
        return;
    }
    expect_clean(s, &s->c);
    use_isa(s->isa);
    check_threads(s, &r);
    check_in_place(s, &r);
    check_row(s, &r);
    check_batch(s, &r);
    check_parts(s, &r);
}
