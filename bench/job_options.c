#include "job_options.h"

#include <math.h>

#include "../tests/common/rng.h"

static float *numbers(struct job *j, size_t count, double from, double to) {
    float *array = bench_allocate(count * sizeof *array);
    rng r = rng_seed(4);
    for (size_t i = 0; i < count; i++) {
        array[i] = (float)rng_uniform(&r, from, to);
    }
    j->option_array = array;
    return array;
}

/* They need not add up to 1: any finite numbers take the same way. */
static void set_targets(struct job *j) {
    j->ce.targets = numbers(j, j->rows * j->n, 0, 1);
    j->ce.ldt = j->n;
}

static void set_scale(struct job *j) { j->opt.scale = numbers(j, 1, 0.5, 1); }

static void set_scale_of_rows(struct job *j) {
    j->opt.scale = numbers(j, j->rows, 0.5, 1);
    j->opt.scale_stride = 1;
}

static bool in_lower_triangle(const struct job *j, size_t row, size_t i) { return i * j->rows <= (row + 1) * j->n; }

static void set_add(struct job *j) {
    j->opt.add = numbers(j, j->rows * j->n, -1, 1);
    j->opt.add_ld = j->n;
}

static void set_add_lower_triangle(struct job *j) {
    float *add = numbers(j, j->rows * j->n, 0, 0);
    for (size_t k = 0; k < j->rows; k++) {
        for (size_t i = 0; i < j->n; i++) {
            add[k * j->n + i] = in_lower_triangle(j, k, i) ? 0 : -INFINITY;
        }
    }
    j->opt.add = add;
    j->opt.add_ld = j->n;
}

static uint8_t *new_keep(struct job *j) {
    uint8_t *keep = bench_allocate(j->rows * j->n);
    j->option_array = keep;
    j->opt.keep = keep;
    j->opt.keep_ld = j->n;
    return keep;
}

static void set_keep_lower_triangle(struct job *j) {
    uint8_t *keep = new_keep(j);
    for (size_t k = 0; k < j->rows; k++) {
        for (size_t i = 0; i < j->n; i++) {
            keep[k * j->n + i] = in_lower_triangle(j, k, i);
        }
    }
}

/* With the label, whose loss would be infinite. */
static void set_keep_random(struct job *j) {
    uint8_t *keep = new_keep(j);
    rng r = rng_seed(5);
    for (size_t i = 0; i < j->rows * j->n; i++) {
        keep[i] = (uint8_t)rng_below(&r, 2);
    }
    for (size_t k = 0; k < j->rows; k++) {
        keep[k * j->n + (size_t)j->labels[k]] = 1;
    }
}

static void set_lengths(struct job *j) {
    int64_t *lengths = bench_allocate(j->rows * sizeof *lengths);
    rng r = rng_seed(6);
    for (size_t k = 0; k < j->rows; k++) {
        lengths[k] = 1 + (int64_t)rng_below(&r, j->n);
    }
    j->option_array = lengths;
    j->opt.lengths = lengths;
}

/* To the right, so that the few queries of a job see a part of each row. */
static void set_causal(struct job *j) {
    j->opt.causal = SMX_CAUSAL_BOTTOM_RIGHT;
    j->opt.queries = j->rows;
}

static void set_window(struct job *j) {
    j->opt.use_window = 1;
    j->opt.window_left = j->opt.window_right = (int64_t)j->n / 4;
    j->opt.queries = j->rows;
}

static void set_sink(struct job *j) { j->opt.sink = numbers(j, j->rows, -1, 1); }

static void set_alibi(struct job *j) {
    j->opt.alibi = numbers(j, j->rows, 0.01, 0.02);
    j->opt.queries = j->rows;
}

static void set_softcap(struct job *j) { j->opt.softcap = 30; }

static void set_smoothing(struct job *j) { j->ce.smoothing = 0.1F; }

static void set_z_loss(struct job *j) { j->ce.z_loss = 1e-4F; }

static void set_class_weights(struct job *j) { j->ce.class_weights = numbers(j, j->n, 0.5, 1.5); }

/* One row of four. */
static void set_ignored(struct job *j) {
    j->ce.use_ignore_index = 1;
    j->ce.ignore_index = -100;
    for (size_t k = 0; k < j->rows; k += 4) {
        j->labels[k] = -100;
    }
}

/* The same numbers in a matrix of twice the width. */
static void set_inner_stride(struct job *j) {
    float *wide = numbers(j, 2 * j->rows * j->n, 0, 0);
    const float *x = j->x;
    for (size_t i = 0; i < j->rows * j->n; i++) {
        wide[2 * i] = x[i];
    }
    j->inner_stride = 2;
}

const struct job_option job_options[] = {
    {"scale", OF_LOGITS | OF_BACKWARD, set_scale},
    {"scale_of_rows", OF_SOFTMAX, set_scale_of_rows},
    {"add", OF_SOFTMAX, set_add},
    {"add_lower_triangle", OF_SOFTMAX, set_add_lower_triangle},
    {"keep_lower_triangle", OF_SOFTMAX | OF_BACKWARD, set_keep_lower_triangle},
    {"keep_random", OF_LOGITS | OF_BACKWARD, set_keep_random},
    {"lengths", OF_SOFTMAX | OF_BACKWARD, set_lengths},
    {"causal", OF_SOFTMAX | OF_BACKWARD, set_causal},
    {"window", OF_SOFTMAX, set_window},
    {"sink", OF_SOFTMAX, set_sink},
    {"alibi", OF_SOFTMAX, set_alibi},
    {"softcap", OF_LOGITS, set_softcap},
    {"smoothing", OF_CROSS_ENTROPY, set_smoothing},
    {"z_loss", OF_CROSS_ENTROPY, set_z_loss},
    {"class_weights", OF_CROSS_ENTROPY, set_class_weights},
    {"ignored", OF_CROSS_ENTROPY, set_ignored},
    {"targets", OF_CROSS_ENTROPY, set_targets},
    {"inner_stride", OF_SOFTMAX, set_inner_stride},
    {NULL, 0, NULL},
};
