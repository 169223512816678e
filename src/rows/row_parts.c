#include "../base/arithmetic.h"

#include "row_parts.h"

#include "../base/float_env.h"
#include "../threads/parallel.h"
#include "place.h"

#include <math.h>
#include <string.h>

/* A row is cut into at most this many parts: their statistics stand on the stack. */
#define PARTS_MAX ((size_t)64)

enum step { STEP_MAX, STEP_SUM, STEP_FINISH };

/* A maximum of either type. */
union number {
    float f32;
    double f64;
};

/* A row, and what its parts have found. Its arrays are x and y of softmax; y, dy and dx of its backward pass. */
struct row_in_parts {
    const struct part_kernels *kernels;
    bool backward;
    enum step step;
    size_t n, parts, size; /* size: of an element */
    unsigned char *array[3];
    union number max;
    int32_t exponent;
    struct wide sum;
    struct {
        union number max;
        int32_t exponent;
        struct wide sum;
    } part[PARTS_MAX];
};

/* A contiguous part of n entries; all but the last are as long, whole cache lines, so that no two threads share one. */
static struct span part_of(size_t n, size_t parts, size_t i) {
    size_t length = (n / parts + 63) / 64 * 64;
    struct span span = {i * length < n ? i * length : n, 0};
    span.n = i == parts - 1 || n - span.from < length ? n - span.from : length;
    return span;
}

static void softmax_step(struct row_in_parts *r, size_t i) {
    struct span part = part_of(r->n, r->parts, i);
    unsigned char *x = r->array[0] + part.from * r->size, *y = r->array[1] + part.from * r->size;
    if (r->step == STEP_MAX) {
        r->kernels->max(part.n, x, &r->part[i].max);
    } else if (r->step == STEP_SUM) {
        r->kernels->terms(part.n, x, &r->max, r->n, y, &r->part[i].sum);
    } else {
        r->kernels->scale(part.n, y, &r->sum, y);
    }
}

static void backward_step(struct row_in_parts *r, size_t i) {
    struct span part = part_of(r->n, r->parts, i);
    unsigned char *y = r->array[0] + part.from * r->size, *dy = r->array[1] + part.from * r->size;
    if (r->step == STEP_MAX) {
        r->part[i].exponent = r->kernels->backward_exponent(part.n, y, dy);
    } else if (r->step == STEP_SUM) {
        r->kernels->backward_products(part.n, y, dy, r->exponent, r->n, &r->part[i].sum);
    } else {
        r->kernels->backward_finish(part.n, y, dy, r->exponent, &r->sum, r->array[2] + part.from * r->size);
    }
}

static void step_of_part(void *data, size_t i) {
    struct row_in_parts *r = data;
    float_env caller = float_env_enter();
    (r->backward ? backward_step : softmax_step)(r, i);
    float_env_leave(caller);
}

static void take_step(struct row_in_parts *r, enum step step, const struct options_read *options) {
    r->step = step;
    smx_run_tasks(options, r->parts, step_of_part, r);
}

void smx_merge_max(enum dtype real, void *into, const void *from) {
    const double wide = (double)INFINITY;
    const float narrow = INFINITY;
    int64_t end = real == DTYPE_F64 ? smx_place(real, &wide, 0) : smx_place(real, &narrow, 0);
    int64_t a = smx_place(real, into, 0), b = smx_place(real, from, 0);
    bool nan = a > end || a<-end, from_nan = b> end || b < -end;
    if (!nan && (from_nan || b > a)) {
        memcpy(into, from, dtype_size(real));
    }
}

/* The filling of a row that is not computed. */
static enum filling filling_of(const struct row_in_parts *r, struct policy policy) {
    float_env caller = float_env_enter();
    enum filling filling = r->kernels->filling(policy, &r->max);
    float_env_leave(caller);
    return filling;
}

static void run_row(struct row_in_parts *r, const struct options_read *options, enum dtype real) {
    take_step(r, STEP_MAX, options);
    r->max = r->part[0].max;
    r->exponent = r->part[0].exponent;
    for (size_t i = 1; i < r->parts; i++) {
        if (r->backward) {
            r->exponent = r->part[i].exponent > r->exponent ? r->part[i].exponent : r->exponent;
        } else {
            smx_merge_max(real, &r->max, &r->part[i].max);
        }
    }
    enum filling filling = r->backward ? FILL_NOT : filling_of(r, options->policy);
    if (filling != FILL_NOT) {
        r->kernels->fill(r->n, filling, r->array[1]);
        return;
    }
    take_step(r, STEP_SUM, options);
    for (size_t i = 0; i < r->parts; i++) {
        smx_merge_sum(r->sum.limb, r->part[i].sum.limb);
    }
    take_step(r, STEP_FINISH, options);
}

bool smx_rows_in_parts(const struct rows_run *run, size_t pieces) {
    const struct rows_request *request = run->request;
    enum kernel kernel = request->operation->kernel;
    if ((kernel != kernel_softmax && kernel != kernel_softmax_backward) || !run->call.plain || request->part != NULL) {
        return false;
    }
    size_t parts = smx_pieces(&run->options, request->n, 1);
    parts = parts < PARTS_MAX ? parts : PARTS_MAX;
    if (parts <= pieces) {
        return false;
    }
    size_t size = dtype_size(request->real);
    for (size_t k = 0; k < request->rows; k++) {
        struct row_in_parts row = {.kernels = &run->kernels->part,
                                   .backward = kernel == kernel_softmax_backward,
                                   .n = request->n,
                                   .parts = parts,
                                   .size = size};
        for (int i = 0; i < (row.backward ? 3 : 2); i++) {
            const struct array *a = &request->array[i];
            row.array[i] = (unsigned char *)a->data + k * a->ld * size;
        }
        run_row(&row, &run->options, request->real);
    }
    return true;
}
