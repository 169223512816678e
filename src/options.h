/* The options of a call, checked and complete. */
#ifndef SMX_OPTIONS_H
#define SMX_OPTIONS_H

#include "policy.h"
#include "smx/smx.h"

#include <stdbool.h>

/* Each as the fields of smx_options whose names begin with the mask's. */
struct mask_add {
    const void *data; /* null: no such mask; so in all three */
    size_t ld, rows, every;
};

struct mask_keep {
    const uint8_t *data;
    size_t ld, rows, every;
};

struct lengths {
    const int64_t *data;
    size_t rows, every;
};

struct settings {
    struct policy policy;
    unsigned threads; /* 0: the default */
    smx_parallel_for parallel_for;
    void *pool;
    const void *scale; /* null: 1 */
    size_t scale_stride;
    struct mask_add add;
    struct mask_keep keep;
    struct lengths lengths;
    smx_causal causal;
    size_t queries;
};

/* Whether logits are the entries as they are: no scale, no mask. */
static inline bool settings_plain(const struct settings *settings) {
    return settings->scale == NULL && settings->add.data == NULL && settings->keep.data == NULL &&
           settings->lengths.data == NULL && settings->causal == SMX_CAUSAL_NONE;
}

/* The options that settings_plain does not find plain: the first that is given. */
const char *smx_settings_first(const struct settings *settings);

/* Copies what a caller's struct of `size` bytes, its first field, has of the `known` bytes of *full; false if it is
 * malformed or has something set that this version doesn't know. */
bool smx_read_sized(const void *given, size_t size, void *full, size_t known);

/* SMX_OK, or a refusal of SMX_ERROR_OPTION that names the field. */
smx_status smx_settings(const smx_options *opt, struct settings *settings);

#endif
