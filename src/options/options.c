#include "../base/arithmetic.h"

#include "options.h"

#include "../base/refused.h"

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

static unsigned given_options(const smx_options *o) {
    unsigned given = 0;
    if (o->scale != NULL) {
        given |= o->scale_stride == 0 ? OPTION_SCALE : OPTION_SCALE_ROWS;
    }
    given |= o->add != NULL ? OPTION_ADD : 0;
    given |= o->keep != NULL ? OPTION_KEEP : 0;
    given |= o->lengths != NULL ? OPTION_LENGTHS : 0;
    given |= o->causal != SMX_CAUSAL_NONE ? OPTION_CAUSAL : 0;
    return given;
}

const char *smx_option_name(unsigned options) {
    return (options & (OPTION_SCALE | OPTION_SCALE_ROWS)) != 0 ? "options.scale"
           : (options & OPTION_ADD) != 0                       ? "options.add"
           : (options & OPTION_KEEP) != 0                      ? "options.keep"
           : (options & OPTION_LENGTHS) != 0                   ? "options.lengths"
                                                               : "options.causal";
}

/* Whether the options say nothing but how many threads to use: most calls' do. */
static bool only_threads(const smx_options *o) {
    return o->parallel_for == NULL && o->scale == NULL && o->add == NULL && o->keep == NULL && o->lengths == NULL &&
           ((unsigned)o->plus_inf | (unsigned)o->minus_inf_row | (unsigned)o->causal | o->scale_stride | o->queries) ==
               0;
}

smx_status smx_settings_read(const smx_options *opt, struct settings *s) {
    static const smx_options defaults = SMX_OPTIONS_INIT;
    s->opt = opt == NULL ? &defaults : opt;
    if (s->opt->size != sizeof s->completed) {
        s->completed = defaults;
        if (!smx_read_sized(opt, opt->size, &s->completed, sizeof s->completed)) {
            return smx_refuse(SMX_ERROR_OPTION, "options.size");
        }
        s->opt = &s->completed;
    }
    s->query = NULL;
    s->given = 0;
    s->policy = (struct policy){false, false};
    if (only_threads(s->opt)) {
        return SMX_OK;
    }
    const char *unusable = unusable_field(s->opt);
    if (unusable != NULL) {
        return smx_refuse(SMX_ERROR_OPTION, unusable);
    }
    s->given = given_options(s->opt);
    s->policy.plus_inf_limit = s->opt->plus_inf == SMX_PLUS_INF_LIMIT;
    s->policy.minus_inf_row_zeros = s->opt->minus_inf_row == SMX_MINUS_INF_ROW_ZEROS;
    return SMX_OK;
}
