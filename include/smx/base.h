/* What every function of libsmx shares: macros, status codes, options. Included by smx/smx.h. */
#ifndef SMX_BASE_H
#define SMX_BASE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SMX_API __attribute__((visibility("default")))
#define SMX_MUST_CHECK __attribute__((warn_unused_result))
#else
#define SMX_API
#define SMX_MUST_CHECK
#endif

/* A struct whose first field is its size, with all other bytes zero: what SMX_OPTIONS_INIT and its like stand for. */
#ifdef __cplusplus
extern "C++" { /* also where a program includes this as C */
template <typename T> inline T smx_sized() {
    T sized = T();
    sized.size = sizeof sized;
    return sized;
}
}
#define SMX_SIZED(type) smx_sized<type>()
#else
#define SMX_SIZED(type) \
    { .size = sizeof(type) }
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status ------------------------------------------------------------------------------------------------------ */

/* The values are part of the binary interface and never change. */
typedef enum smx_status {
    SMX_OK = 0,
    SMX_ERROR_NULL = 1,    /* a pointer that would be used is null */
    SMX_ERROR_SIZE = 2,    /* an array would be larger than the address space, or a row longer than 2^36 */
    SMX_ERROR_STRIDE = 3,  /* a stride is smaller than what it must step over */
    SMX_ERROR_OVERLAP = 4, /* an output overlaps an input or itself in a way that is not allowed */
    SMX_ERROR_OPTION = 5,  /* the options hold an unknown or contradictory value, or are from a newer version */
    SMX_ERROR_ISA = 6,     /* no such instruction set in this build or on this machine (also: SMX_ISA names none) */
    SMX_ERROR_STATS = 7,   /* partial statistics that do not belong together, or to this row */
    SMX_ERROR_LABEL = 8,   /* a label that is no class */
    SMX_ERROR_SCALE = 9,   /* a scale that is 0 (for temperature 0 use argmax), not finite, or out of range */
    SMX_ERROR_LENGTH = 10, /* a row's length is negative or above n */
    SMX_ERROR_DTYPE = 11,  /* a tensor's type that the function does not take */
    SMX_ERROR_SHAPE = 12,  /* tensors whose shapes do not fit together, or an axis that does not exist */
    SMX_ERROR_DEVICE = 13, /* a tensor that is not in the CPU's memory */
    SMX_ERROR_MEMORY = 14, /* no memory for scratch space (tensors only) */
    /* SMX_CACHE_BYTES or SMX_THREADS in the environment is not a number above 0; smx_refused() says which */
    SMX_ERROR_ENVIRONMENT = 15
} smx_status;

/* One line of English for a status; never null, also for a number that is no status. */
SMX_API const char *smx_status_str(smx_status status);

/* What the last refused call of this thread was refused for: the name of the argument or field, as these headers
 * spell it.
 *
 *     smx_status status = smx_cross_entropy_f32(rows, n, x, n, &ce, &opt);
 *     if (status != SMX_OK)
 *         fprintf(stderr, "%s: %s\n", smx_refused(), smx_status_str(status));
 *
 * Fields of options have "options." before them: "options.scale_stride"; fields of cross-entropy's arguments stand by
 * themselves: "smoothing". With SMX_ERROR_OVERLAP it is the output, with SMX_ERROR_STRIDE the stride. "labels" also
 * stands for no targets of any kind. Not arguments: "SMX_ISA" (the environment variable) and, for no memory, "".
 *
 * A string that stays valid, never null: "" before any refusal. Calls that succeed leave it as it is, so it means
 * something right after a status other than SMX_OK, on the thread that got that. */
SMX_API const char *smx_refused(void);

/* ---- Options ----------------------------------------------------------------------------------------------------- */

/* What a row with +inf in it becomes. */
typedef enum smx_plus_inf {
    SMX_PLUS_INF_NAN = 0,  /* NaN throughout, as the formula falls out (PyTorch, JAX and SciPy do the same) */
    SMX_PLUS_INF_LIMIT = 1 /* the limit: all mass evenly on the +inf entries, 0 elsewhere */
} smx_plus_inf;

/* What a row whose entries are all -inf becomes. */
typedef enum smx_minus_inf_row {
    SMX_MINUS_INF_ROW_NAN = 0,  /* NaN throughout */
    SMX_MINUS_INF_ROW_ZEROS = 1 /* 0 throughout */
} smx_minus_inf_row;

/* Runs task(task_data, i) once for each i in [0, count), in any order and on any threads, and returns when all are
 * done. `pool` is the caller's own pointer from the options. */
typedef void (*smx_task)(void *task_data, size_t i);
typedef void (*smx_parallel_for)(void *pool, size_t count, smx_task task, void *task_data);

/* Which entries of a row a query may see: row k is query i = k % queries of its matrix of queries x n, and stands at
 * entry p of it. */
typedef enum smx_causal {
    SMX_CAUSAL_NONE = 0,        /* all; p = i */
    SMX_CAUSAL_TOP_LEFT = 1,    /* entry j is kept if j <= p = i */
    SMX_CAUSAL_BOTTOM_RIGHT = 2 /* entry j is kept if j <= p = i + n - queries: the last query sees all */
} smx_causal;

/* Options of a call; a null pointer stands for the defaults, which are all zeros but for `size`. In C and C++:
 *
 *     smx_options opt = SMX_OPTIONS_INIT;
 *     opt.threads = 4;
 *
 * or, in C alone, smx_options opt = {.size = sizeof opt, .threads = 4};
 *
 * `size` lets a caller and a library of different versions understand each other: a shorter struct gets the defaults
 * for what it lacks; a longer one is accepted if what this version does not know is all zero bytes, and refused
 * otherwise. A `size` smaller than itself is refused.
 *
 * Logits    Where a function takes logits x, it works on
 *
 *               z_j = cap(scale x_j) + add_j - alibi |p - j|     where entry j is kept; masked out otherwise (L)
 *
 *           with T the function's type (float or double). z is not rounded: every bound holds for the z of (L) while
 *           |scale x_j| and |z_j| are below 2^16 in f32 and 2^45 in f64; beyond, scale x_j and then z_j are rounded to
 *           T.
 * Scale     One over the temperature; -1 gives softmin. Neither 0 nor beyond 2^64 or below 2^-64 in magnitude
 *           (SMX_ERROR_SCALE). A gradient with respect to x contains the factor; smx_scale_gradient_f32 gives that with
 *           respect to scale.
 * Softcap   cap(a) = softcap tanh(a / softcap), before masks; a itself for a softcap of 0. It is off by up to 2^-45
 *           softcap (2^-50 softcap in f64) before all else, its slope by a factor of 1 + 2^-22 (2^-50 (1 + |a| /
 *           softcap) in f64) and 0 beyond |a| = 354.37 softcap, where it is below 2^-1020; infinite entries stay, with
 *           a slope of 0. Where a function has x, its gradient contains the slope cap'; the backward functions that
 *           have not got it refuse a softcap, and smx_softcap_backward_f32 takes their result the rest of the way.
 * ALiBi     One slope for a row, any finite number: what lies far from the query's own place p weighs less. |p - j| is
 *           rounded to T.
 * Window    With use_window, entry j is kept if p - window_left <= j <= p + window_right; a negative number stands for
 *           no limit on its side.
 * Sink      One more logit s for each row, taken as it is, that has no entry: softmax and logsumexp are those of the
 *           row with s behind it, without the result of s. -inf stands for none. A row whose entries are all masked
 *           out or -inf then has all its mass there: probabilities are +0, logsumexp is s. Backward functions of
 *           softmax are the same with and without; smx_sink_gradient_f32 gives the gradient with respect to s.
 * Masks     An entry is kept if all masks that are given keep it: keep_j != 0, add_j > -inf, j < length, and the
 *           causal rule and window. What stands in masked places is never looked at, neither in x nor in dy; an output
 *           of probabilities or gradients gets +0 there, one of logarithms -inf. A row without a kept entry gives zeros
 *           (logarithms: -inf), never NaN. A NaN in a mask is a NaN in the row.
 * Mask rows Masks repeat over the rows of x: row k uses row (k / every) % rows of a mask, with 0 standing for 1 in
 *           `every`, and for no limit in `rows`. Each mask has its own: keep_every and keep_rows, say; slopes and sinks
 *           repeat in the same way, so one for each of H heads has every = queries and rows = H. A mask for a
 *           batch of (B, H, queries, n): rows = queries for one of queries x n; every = H * queries for one of B x n;
 *           rows = 1 for a single row.
 *
 * A function refuses (SMX_ERROR_OPTION) those options that it says it does not take. */
typedef struct smx_options {
    size_t size;
    smx_plus_inf plus_inf;
    smx_minus_inf_row minus_inf_row;
    unsigned threads;              /* how many threads to use at most; 0: smx_threads() */
    smx_parallel_for parallel_for; /* use the caller's threads, not the library's; then `threads` must be given */
    void *pool;                    /* handed to parallel_for */
    const void *scale;             /* of type T; null: 1 */
    size_t scale_stride;           /* 0: one scale for all rows; 1: one for each */
    const void *add;               /* of type T; null: no such mask */
    size_t add_ld;                 /* stride between its rows, in elements; not looked at if there is only one */
    size_t add_rows, add_every;    /* how it repeats: see "Mask rows" */
    const uint8_t *keep;           /* 0: masked out, 1 (or anything else): kept; null: no such mask */
    size_t keep_ld;                /* as add_ld */
    size_t keep_rows, keep_every;
    const int64_t *lengths; /* row k keeps the entries j < lengths[(k / lengths_every) % lengths_rows]; null: all */
    size_t lengths_rows, lengths_every;
    smx_causal causal;
    size_t queries; /* for causal, window and alibi */
    double softcap; /* rounded to T; 0: none; in [2^-10, 2^15] otherwise */
    int use_window; /* 0 or 1 */
    int64_t window_left, window_right;
    const void *alibi; /* of type T: row k has slope number (k / alibi_every) % alibi_rows; null: none */
    size_t alibi_rows, alibi_every;
    const void *sink; /* of type T: row k has sink number (k / sink_every) % sink_rows; null: none */
    size_t sink_rows, sink_every;
} smx_options;
#define SMX_OPTIONS_INIT SMX_SIZED(smx_options)

#ifdef __cplusplus
}
#endif

#endif
