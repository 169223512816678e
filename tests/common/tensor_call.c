#include "tensor_call.h"

#include <stdio.h>
#include <stdlib.h>

#include "check.h"

static enum form form_of(const op *o, int i) { return o->f->arguments[i].form; }

static int arguments(const op *o) { return o->inputs + o->outputs; }

tensor_call tensor_call_new(const op *o, op_shape s, const element *types, const int *layouts, rng *r) {
    tensor_call c = {.o = o, .s = s, .real = F32};
    int64_t shape[TENSOR_NDIM_MAX];
    for (int i = 0; i < arguments(o); i++) {
        int ndim = op_argument_shape(&s, form_of(o, i), shape);
        c.t[i] = tensor_new(types[i], ndim, shape, layouts[i], r);
        c.real = types[i] == F64 ? F64 : c.real;
        if (i < o->inputs) {
            op_fill(o, i, &s, &c.t[i], r);
        }
    }
    return c;
}

smx_status tensor_call_expect(tensor_call *c, const smx_options *opt) {
    for (int i = 0; i < arguments(c->o); i++) {
        enum form kind = form_of(c->o, i);
        size_t each = op_row_elements(&c->s, kind);
        c->expected[i] = malloc(c->s.rows * each * 8 + 1);
        assert_non_null(c->expected[i]);
        for (size_t k = 0; i < c->o->inputs && k < c->s.rows; k++) {
            for (size_t j = 0; j < each; j++) {
                real_set(c->real, c->expected[i], k * each + j, tensor_get(&c->t[i], op_element(&c->s, kind, k, j)));
            }
        }
    }
    return op_rows(c->o, c->real, c->s.rows, c->s.n, c->expected, opt);
}

/* Argument i has the bits of the packed one, once rounded. */
static void check_argument(const tensor_call *c, int i, const tensor *t) {
    enum form kind = form_of(c->o, i);
    size_t each = op_row_elements(&c->s, kind);
    for (size_t k = 0; k < c->s.rows; k++) {
        for (size_t j = 0; j < each; j++) {
            uint64_t wanted = element_rounded(t->e, real_get(c->real, c->expected[i], k * each + j));
            uint64_t got = tensor_bits(t, op_element(&c->s, kind, k, j));
            if (wanted != got) {
                fail_msg("%s: argument %d, row %zu, element %zu: expected %llx (%a), got %llx (%a)", label_text(), i, k,
                         j, (unsigned long long)wanted, element_value(t->e, wanted), (unsigned long long)got,
                         element_value(t->e, got));
            }
        }
    }
    tensor_check_gaps(t);
}

smx_status tensor_call_run(tensor_call *c, int axis, int output_is, const smx_tensor_options *opt) {
    DLTensor *t[OP_INPUTS_MAX + OP_OUTPUTS_MAX];
    for (int i = 0; i < arguments(c->o); i++) {
        t[i] = tensor_dl(&c->t[i == c->o->inputs && output_is >= 0 ? output_is : i]);
    }
    return c->o->tensors(t, axis, opt);
}

void tensor_call_free(tensor_call *c) {
    for (int i = 0; i < arguments(c->o); i++) {
        tensor_free(&c->t[i]);
        free(c->expected[i]);
    }
}

void tensor_call_check(const tensor_call *c, int output_is) {
    int first = c->o->inputs;
    for (int i = 0; i < arguments(c->o); i++) {
        if (i != output_is && !(i == first && output_is >= 0)) {
            check_argument(c, i, &c->t[i]);
        }
    }
    if (output_is >= 0) {
        check_argument(c, first, &c->t[output_is]);
    }
}

const char *tensor_call_text(const op *o, const element *types, const int *layouts) {
    static char text[200];
    int used = 0;
    for (int i = 0; i < arguments(o); i++) {
        used += snprintf(text + used, sizeof text - (size_t)used, " %s/%d", element_names[types[i]], layouts[i]);
    }
    return text;
}

int tensor_call_too_large(const op *o, const op_shape *s) { return has_matrices(o->f) && s->n > 50; }
