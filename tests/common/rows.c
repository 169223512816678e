#include "rows.h"

#include "check.h"

row row_of(const dtype *t, size_t n, ...) {
    row r = {.t = t, .n = n};
    va_list values;
    va_start(values, n);
    for (size_t i = 0; i < n; i++) {
        t->store(r.storage, i, va_arg(values, double));
    }
    va_end(values);
    return r;
}

row row_filled(const dtype *t, size_t n, double value) {
    row r = {.t = t, .n = n};
    for (size_t i = 0; i < n; i++) {
        t->store(r.storage, i, value);
    }
    return r;
}

row softmax_row(const row *x, const smx_options *opt) {
    row y = {.t = x->t, .n = x->n};
    assert_ok(x->t->softmax(1, x->n, x->storage, x->n, y.storage, x->n, opt));
    return y;
}

row backward_row(const row *y, const row *dy) {
    row dx = {.t = y->t, .n = y->n};
    assert_ok(y->t->backward(1, y->n, y->storage, y->n, dy->storage, y->n, dx.storage, y->n, NULL));
    return dx;
}

void assert_row_bits(const row *r, uint64_t bits) {
    for (size_t i = 0; i < r->n; i++) {
        assert_element_bits(r->t, r->storage, i, bits);
    }
}

void assert_rows_equal(const row *expected, const row *actual) {
    assert_same_bits(expected->t, expected->storage, actual->storage, expected->n);
}

smx_options policy(smx_plus_inf plus_inf, smx_minus_inf_row minus_inf_row) {
    smx_options opt = {.size = sizeof opt, .plus_inf = plus_inf, .minus_inf_row = minus_inf_row};
    return opt;
}

uint64_t bits_of(const dtype *t, double value) {
    double storage;
    t->store(&storage, 0, value);
    return t->bits(&storage, 0);
}
