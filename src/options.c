#include "arithmetic.h"

#include "options.h"

#include "refused.h"

#include <string.h>

bool smx_read_sized(const void *given, size_t size, void *full, size_t known) {
    const unsigned char *bytes = given;
    if (size < sizeof size) {
        return false;
    }
    memcpy(full, given, size < known ? size : known);
    for (size_t i = known; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* The name of the first field that holds an unknown or contradictory value; null if none does. */
static const char *unusable_field(const smx_options *o) {
    if (o->plus_inf != SMX_PLUS_INF_NAN && o->plus_inf != SMX_PLUS_INF_LIMIT) {
        return "options.plus_inf";
    }
    if (o->minus_inf_row != SMX_MINUS_INF_ROW_NAN && o->minus_inf_row != SMX_MINUS_INF_ROW_ZEROS) {
        return "options.minus_inf_row";
    }
    if (o->parallel_for != NULL && o->threads == 0) {
        return "options.threads";
    }
    if (o->scale_stride > 1 || (o->scale == NULL && o->scale_stride != 0)) {
        return "options.scale_stride";
    }
    if (o->causal != SMX_CAUSAL_NONE && o->causal != SMX_CAUSAL_TOP_LEFT && o->causal != SMX_CAUSAL_BOTTOM_RIGHT) {
        return "options.causal";
    }
    return (o->causal == SMX_CAUSAL_NONE) != (o->queries == 0) ? "options.queries" : NULL;
}

smx_status smx_settings(const smx_options *opt, struct settings *settings) {
    static const smx_options defaults = SMX_OPTIONS_INIT;
    smx_options known;
    const smx_options *o = opt == NULL ? &defaults : opt;
    if (o->size != sizeof known) {
        known = defaults;
        if (!smx_read_sized(o, o->size, &known, sizeof known)) {
            return smx_refuse(SMX_ERROR_OPTION, "options.size");
        }
        o = &known;
    }
    const char *unusable = unusable_field(o);
    if (unusable != NULL) {
        return smx_refuse(SMX_ERROR_OPTION, unusable);
    }
    settings->policy.plus_inf_limit = o->plus_inf == SMX_PLUS_INF_LIMIT;
    settings->policy.minus_inf_row_zeros = o->minus_inf_row == SMX_MINUS_INF_ROW_ZEROS;
    settings->threads = o->threads;
    settings->parallel_for = o->parallel_for;
    settings->pool = o->pool;
    settings->scale = o->scale;
    settings->scale_stride = o->scale_stride;
    settings->add = (struct mask_add){o->add, o->add_ld, o->add_rows, o->add_every};
    settings->keep = (struct mask_keep){o->keep, o->keep_ld, o->keep_rows, o->keep_every};
    settings->lengths = (struct lengths){o->lengths, o->lengths_rows, o->lengths_every};
    settings->causal = o->causal;
    settings->queries = o->queries;
    return SMX_OK;
}

const char *smx_settings_first(const struct settings *settings) {
    return settings->scale != NULL          ? "options.scale"
           : settings->add.data != NULL     ? "options.add"
           : settings->keep.data != NULL    ? "options.keep"
           : settings->lengths.data != NULL ? "options.lengths"
                                            : "options.causal";
}

const char *smx_status_str(smx_status status) {
    switch (status) {
    case SMX_OK:
        return "success";
    case SMX_ERROR_NULL:
        return "a pointer that would be used is null";
    case SMX_ERROR_SIZE:
        return "an array would be larger than the address space, or a row longer than 2^36";
    case SMX_ERROR_STRIDE:
        return "a stride is smaller than what it must step over";
    case SMX_ERROR_OVERLAP:
        return "an output overlaps an input or itself";
    case SMX_ERROR_OPTION:
        return "the options hold an unknown or contradictory value";
    case SMX_ERROR_ISA:
        return "the instruction set is not available in this build or on this machine";
    case SMX_ERROR_STATS:
        return "partial statistics that do not belong together, or to this row";
    case SMX_ERROR_LABEL:
        return "a label is no class";
    case SMX_ERROR_SCALE:
        return "a scale is 0, not finite, or out of range (for temperature 0 use argmax)";
    case SMX_ERROR_LENGTH:
        return "a row's length is negative or above n";
    case SMX_ERROR_DTYPE:
        return "a tensor has a type that the function does not take";
    case SMX_ERROR_SHAPE:
        return "tensors have shapes that do not fit together, or no such axis";
    case SMX_ERROR_DEVICE:
        return "a tensor is not in the memory of the CPU";
    case SMX_ERROR_MEMORY:
        return "no memory for scratch space";
    case SMX_ERROR_ENVIRONMENT:
        return "SMX_CACHE_BYTES or SMX_THREADS in the environment is not a number above 0";
    }
    return "unknown status";
}

#define TEXT(number) #number
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)
const char *smx_version(void) { return VERSION(SMX_VERSION_MAJOR, SMX_VERSION_MINOR, SMX_VERSION_PATCH); }
int smx_version_number(void) { return SMX_VERSION_NUMBER; }
