#include "apply.h"

#include <string.h>

#include "check.h"

row apply(const char *name, const smx_options *opt, int output, const row *a, const row *b, const row *c) {
    const row *inputs[] = {a, b, c};
    call one = call_new(function_named(name), a->t, 1, a->n, 0, NULL);
    const block *result = NULL;
    size_t used = 0;
    int outputs = 0;
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        const struct argument *given = &one.f->arguments[i];
        if (argument_is_input(given)) {
            assert_true(used < 3 && inputs[used]);
            memcpy(one.b[i].a, inputs[used++]->storage, one.b[i].rows * one.b[i].n * a->t->size);
        } else if (argument_is_output(given) && outputs++ == output) {
            result = &one.b[i];
        }
    }
    assert_non_null(result);
    call_must_run(&one, opt);
    row y = {.t = a->t, .n = result->rows * result->n};
    assert_in_range(y.n, 0, ROW_MAX);
    memcpy(y.storage, result->a, y.n * a->t->size);
    call_free(&one);
    return y;
}

smx_options keeping(const uint8_t *keep) {
    smx_options opt = {.size = sizeof opt, .keep = keep, .keep_rows = 1};
    return opt;
}

smx_options scaled_by(const void *scale) {
    smx_options opt = {.size = sizeof opt, .scale = scale};
    return opt;
}
