/* The options of a call, checked and complete. */
#ifndef SMX_OPTIONS_INTERNAL_H
#define SMX_OPTIONS_INTERNAL_H

#include "policy.h"
#include "smx/smx.h"

#include <stdbool.h>

/* Options that change the logits, as bits: an operation says which of them it takes. */
enum {
    OPTION_SCALE = 1 << 0,      /* one for all rows */
    OPTION_SCALE_ROWS = 1 << 1, /* one for each */
    OPTION_ADD = 1 << 2,
    OPTION_KEEP = 1 << 3,
    OPTION_LENGTHS = 1 << 4,
    OPTION_CAUSAL = 1 << 5,
    OPTION_WINDOW = 1 << 6,
    OPTION_SOFTCAP = 1 << 7,
    OPTION_ALIBI = 1 << 8,
    OPTION_SINK = 1 << 9,
    OPTIONS_NONE = 0,
    OPTIONS_MASKS = OPTION_ADD | OPTION_KEEP | OPTION_LENGTHS | OPTION_CAUSAL | OPTION_WINDOW | OPTION_ALIBI,
    OPTIONS_LINEAR = OPTIONS_MASKS | OPTION_SCALE | OPTION_SCALE_ROWS, /* without a softcap and a sink */
    OPTIONS_LOGITS = OPTIONS_LINEAR | OPTION_SOFTCAP,
    OPTIONS_ALL = OPTIONS_LOGITS | OPTION_SINK
};

/* A caller's options, once they are read. */
struct options_read {
    const smx_options *opt; /* with a value for each field of this version */
    unsigned given;         /* a set of OPTION_...; none: logits are the entries as they are */
    struct policy policy;
    const int64_t *query;  /* the query that each row is; null: k % queries of row k */
    smx_options completed; /* what opt points to if the caller's struct is of another size */
};

/* SMX_OK, or a refusal of SMX_ERROR_OPTION that names the field. */
smx_status smx_options_read(const smx_options *opt, struct options_read *options);

/* The field of the first of these options, which are not none. */
const char *smx_option_name(unsigned options);

/* Copies what a caller's struct of `size` bytes, its first field, has of the `known` bytes of *full, and makes the rest
 * 0; false if it is malformed or has something set that this version doesn't know. */
bool smx_read_sized(const void *given, size_t size, void *full, size_t known);

#endif
