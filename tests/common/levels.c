#include "levels.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "functions.h"

size_t level_of(const levels *l, size_t i) {
    switch (l->pattern) {
    case LEVELS_EQUAL:
        return 0;
    case LEVELS_EVERY_THIRD:
        return i % 3 == 1;
    default:
        return i >= l->n - l->n / 2;
    }
}

/* ---- Inputs ---- */

/* A term of sqrt(2) 2^E, nearly, is the largest that a sum can have. */
static const double logits[2] = {0.34375, -0.90625};

static void logits_and_logarithms(const levels *l, long double logarithm[2]) {
    long double sum = 0;
    for (int g = 0; g < 2; g++) {
        sum += (long double)l->count[g] * expl(logits[g]);
    }
    for (int g = 0; g < 2; g++) {
        logarithm[g] = logits[g] - logl(sum);
    }
}

static void choose(const levels *l, enum content what, size_t at, double value[2]) {
    long double logarithm[2];
    logits_and_logarithms(l, logarithm);
    for (int g = 0; g < 2; g++) {
        switch (what) {
        case CONTENT_LOGITS:
            value[g] = logits[g];
            break;
        case CONTENT_PROBABILITIES:
        case CONTENT_TARGETS:
            value[g] = (double)expl(logarithm[g]);
            break;
        case CONTENT_LOG_PROBABILITIES:
            value[g] = (double)logarithm[g];
            break;
        case CONTENT_GRADIENTS:
            value[g] = (g == 0 ? 0.71875 : -1.40625) * (1 + (double)at / 4);
            break;
        default:
            value[g] = g == 0 ? 1.4375 : 0.65625;
        }
    }
}

static double rounded(const dtype *t, double value) {
    unsigned char memory[sizeof(double)];
    t->store(memory, 0, value);
    return t->load(memory, 0);
}

levels levels_fill(call *c, size_t pattern) {
    levels l = {.f = c->f, .t = c->t, .n = c->n, .pattern = pattern, .label = c->n / 2};
    for (size_t i = 0; i < l.n; i++) {
        l.count[level_of(&l, i)]++;
    }
    for (size_t a = 0; a < ARGUMENTS_MAX; a++) {
        const struct argument *given = &c->f->arguments[a];
        block *b = &c->b[a];
        if (!argument_is_input(given)) {
            continue;
        }
        if (given->content == CONTENT_LABELS) {
            call_set_label(b, 0, (int64_t)l.label);
            continue;
        }
        choose(&l, given->content, a, l.in[a]);
        for (int g = 0; g < 2; g++) {
            l.in[a][g] = rounded(c->t, l.in[a][g]);
        }
        for (size_t k = 0; k < b->rows; k++) {
            for (size_t i = 0; i < b->n; i++) {
                c->t->store(block_element(b, k, 0), i, l.in[a][b->n == l.n ? level_of(&l, i) : 0]);
            }
        }
    }
    return l;
}

/* ---- Sums over entries ---- */

/* The sum over entries of a product of two numbers of their levels. */
static long double dot(const levels *l, const long double a[2], const long double b[2]) {
    return (long double)l->count[0] * a[0] * b[0] + (long double)l->count[1] * a[1] * b[1];
}

static long double dot_of_magnitudes(const levels *l, const long double a[2], const long double b[2]) {
    const long double c[2] = {fabsl(a[0]), fabsl(a[1])}, d[2] = {fabsl(b[0]), fabsl(b[1])};
    return dot(l, c, d);
}

static const long double ones[2] = {1, 1};

static void input(const levels *l, size_t at, long double value[2]) {
    value[0] = l->in[at][0];
    value[1] = l->in[at][1];
}

static long double unit(const levels *l) { return l->t->epsilon; }

/* ---- Functions ---- */

struct softmax_row {
    long double z[2], p[2], lse, rho;
};

static struct softmax_row softmax_of(const levels *l, double softcap) {
    struct softmax_row r;
    long double terms[2];
    for (int g = 0; g < 2; g++) {
        long double x = l->in[0][g];
        r.z[g] = softcap != 0 ? softcap * tanhl(x / softcap) : x;
        terms[g] = expl(r.z[g]);
    }
    long double sum = dot(l, terms, ones);
    r.lse = logl(sum);
    r.rho = (sum - terms[0]) / terms[0];
    r.p[0] = terms[0] / sum;
    r.p[1] = terms[1] / sum;
    return r;
}

/* a (b - sum of a b) */
static closed_form product_with_jacobian(const levels *l, const long double a[2], const long double b[2], size_t g,
                                         int bound) {
    long double s = dot(l, a, b), magnitudes = dot_of_magnitudes(l, a, b);
    return (closed_form){a[g] * (b[g] - s), bound * unit(l) * a[g] * (fabsl(b[g]) + magnitudes)};
}

/* b - factor sum of c b, the right side of log-softmax's derivatives. */
static closed_form difference(const levels *l, long double factor, const long double c[2], const long double b[2],
                              size_t g) {
    return (closed_form){b[g] - factor * dot(l, c, b),
                         2 * unit(l) * (fabsl(b[g]) + factor * dot_of_magnitudes(l, c, b))};
}

static closed_form double_backward(const levels *l, size_t output, size_t g) {
    long double y[2], dy[2], ddx[2];
    input(l, 0, y), input(l, 1, dy), input(l, 2, ddx);
    if (output == 4) {
        return product_with_jacobian(l, y, ddx, g, 1);
    }
    long double s = dot(l, y, dy), t = dot(l, y, ddx);
    long double scale =
        fabsl(ddx[g]) * (fabsl(dy[g]) + dot_of_magnitudes(l, y, dy)) + fabsl(dy[g]) * dot_of_magnitudes(l, y, ddx);
    return (closed_form){ddx[g] * (dy[g] - s) - dy[g] * t, 2 * unit(l) * scale};
}

static closed_form logsumexp_weighted(const levels *l) {
    long double b[2], terms[2];
    input(l, 1, b);
    for (int g = 0; g < 2; g++) {
        terms[g] = expl(l->in[0][g]);
    }
    long double value = logl(dot(l, b, terms));
    return (closed_form){value, (0.51L * fabsl(value) + 2) * unit(l)};
}

/* ---- Cross-entropy of one row; the notation is that of smx/cross_entropy.h ---- */

struct loss_row {
    struct softmax_row s;
    long double rest[2], label_part, sum, loss, scale, weight, factor;
};

static int has_labels(const levels *l) { return l->f->arguments[CE_LABELS].form != FORM_NONE; }

static struct loss_row loss_of(const levels *l) {
    const cross_entropy_settings *ce = &l->f->ce;
    struct loss_row r = {.s = softmax_of(l, ce->softcap), .weight = 1};
    if (ce->log_probs) { /* they are logits whose sum is taken to be 1 */
        r.s.lse = r.s.rho = r.s.p[0] = r.s.p[1] = 0;
    }
    int targets = l->f->arguments[CE_TARGETS].form != FORM_NONE,
        weights = l->f->arguments[CE_CLASS_WEIGHTS].form != FORM_NONE;
    double even = rounded(l->t, ce->smoothing / (double)l->n);
    for (int g = 0; g < 2; g++) {
        r.rest[g] = targets ? (1 - (long double)ce->smoothing) * l->in[CE_TARGETS][g] + even : even;
        r.rest[g] *= weights ? (long double)l->in[CE_CLASS_WEIGHTS][g] : 1;
    }
    size_t label_level = level_of(l, l->label);
    if (has_labels(l)) {
        r.weight = weights ? l->in[CE_CLASS_WEIGHTS][label_level] : 1;
        r.label_part = (1 - (long double)ce->smoothing) * r.weight;
    }
    const long double costs[2] = {r.s.lse - r.s.z[0], r.s.lse - r.s.z[1]};
    r.sum = r.label_part + dot(l, r.rest, ones);
    r.loss = r.label_part * costs[label_level] + dot(l, r.rest, costs);
    r.scale = r.loss + ce->z_loss * r.s.lse * r.s.lse;
    r.loss = r.scale;
    r.factor = l->f->arguments[CE_DLOSS].form != FORM_NONE ? l->in[CE_DLOSS][0] : 1;
    r.factor /= ce->reduction == SMX_REDUCTION_MEAN ? r.weight : 1;
    return r;
}

static closed_form loss_gradient(const levels *l, const struct loss_row *r, size_t i) {
    const cross_entropy_settings *ce = &l->f->ce;
    size_t g = level_of(l, i);
    long double a = r->rest[g] + (has_labels(l) && i == l->label ? r->label_part : 0);
    long double t = ce->softcap != 0 ? r->s.z[g] / ce->softcap : 0, slope = 1 - t * t;
    long double spread = r->sum + 2 * ce->z_loss * r->s.lse;
    return (closed_form){slope * r->factor * (spread * r->s.p[g] - a),
                         4 * unit(l) * fabsl(r->factor) * (spread * r->s.p[g] + a) * (ce->softcap != 0 ? 2 : 1)};
}

static closed_form cross_entropy_output(const levels *l, size_t output, size_t i) {
    struct loss_row r = loss_of(l);
    size_t g = level_of(l, i), label_level = level_of(l, l->label);
    long double softcap_error = 0x1p-44L * (long double)l->f->ce.softcap * (l->t->size == sizeof(double) ? 0x1p-5L : 1);
    long double lse_error = (0.51L * fabsl(r.s.lse) + r.s.rho / (1 + r.s.rho)) * unit(l) + softcap_error;
    switch (output) {
    case CE_LOSS:
        return (closed_form){r.loss, 4 * unit(l) * r.scale + softcap_error * (r.sum + r.s.lse)};
    case CE_REDUCED:
        r.scale = l->f->ce.reduction == SMX_REDUCTION_MEAN ? r.loss / r.weight : r.loss;
        return (closed_form){r.scale, 5 * unit(l) * r.scale + softcap_error * (r.sum + r.s.lse)};
    case CE_LSE:
        return (closed_form){r.s.lse, lse_error};
    case CE_TARGET_LOG_PROB:
        return (closed_form){r.s.z[label_level] - r.s.lse,
                             2 * unit(l) * (r.s.lse - r.s.z[label_level]) + softcap_error};
    case CE_WEIGHT:
        return (closed_form){r.weight, 0};
    case CE_DX:
        return loss_gradient(l, &r, i);
    default: {
        long double weight = l->f->arguments[CE_CLASS_WEIGHTS].form != FORM_NONE ? l->in[CE_CLASS_WEIGHTS][g] : 1;
        long double value = r.factor * (1 - (long double)l->f->ce.smoothing) * weight * (r.s.lse - r.s.z[g]);
        return (closed_form){value, 4 * unit(l) * fabsl(value) + softcap_error * weight};
    }
    }
}

closed_form levels_expected(const levels *l, size_t output, size_t i) {
    size_t g = level_of(l, i);
    long double a[2], b[2];
    input(l, 0, a), input(l, 1, b);
    struct softmax_row r = softmax_of(l, 0);
    switch (l->f->run) {
    case OPERATION_SOFTMAX:
        return (closed_form){r.p[g], 3.5L * unit(l) * r.p[g]};
    case OPERATION_LOG_SOFTMAX:
        return (closed_form){r.z[g] - r.lse, 2 * unit(l) * (r.lse - r.z[g])};
    case OPERATION_LOGSUMEXP:
        return (closed_form){r.lse, (0.51L * fabsl(r.lse) + r.rho / (1 + r.rho)) * unit(l)};
    case OPERATION_LOGSUMEXP_BACKWARD:
        return (closed_form){b[0] * r.p[g], 4 * unit(l) * b[0] * r.p[g]};
    case OPERATION_LOGSUMEXP_WEIGHTED:
        return output == 3 ? (closed_form){1, 0} : logsumexp_weighted(l);
    case OPERATION_SOFTMAX_BACKWARD:
    case OPERATION_SOFTMAX_JVP:
    case OPERATION_SOFTMAX_JACOBIAN_PRODUCT:
        return product_with_jacobian(l, a, b, g, 1);
    case OPERATION_SOFTMAX_DOUBLE_BACKWARD:
        return double_backward(l, output, g);
    case OPERATION_CROSS_ENTROPY_HESSIAN_PRODUCT:
        return product_with_jacobian(l, r.p, b, g, 8);
    case OPERATION_LOG_SOFTMAX_BACKWARD:
        return difference(l, expl(a[g]), ones, b, g);
    case OPERATION_LOG_SOFTMAX_JVP: {
        const long double p[2] = {expl(a[0]), expl(a[1])};
        return difference(l, 1, p, b, g);
    }
    case OPERATION_SOFTCAP_BACKWARD: /* without a cap */
        return (closed_form){b[g], 0};
    case OPERATION_SINK_GRADIENT: /* without a sink */
        return (closed_form){0, 0};
    case OPERATION_SCALE_GRADIENT:
        return (closed_form){dot(l, a, b), 2 * unit(l) * dot_of_magnitudes(l, a, b)};
    default:
        return cross_entropy_output(l, output, i);
    }
}
