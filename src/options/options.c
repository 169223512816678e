#include "../base/arithmetic.h"

#include "options.h"

#include "../base/refused.h"
#include "../base/wide.h"

#include <string.h>

bool smx_read_sized(const void *given, size_t size, void *full, size_t known) {
    const unsigned char *bytes = given;
    if (size < sizeof size) {
        return false;
    }
    size_t common = size < known ? size : known;
    memcpy(full, given, common);
    memset((unsigned char *)full + common, 0, known - common);
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
    if (o->use_window != 0 && o->use_window != 1) {
        return "options.use_window";
    }
    if (!o->use_window && (o->window_left != 0 || o->window_right != 0)) {
        return o->window_left != 0 ? "options.window_left" : "options.window_right";
    }
    bool positions = o->causal != SMX_CAUSAL_NONE || o->use_window || o->alibi != NULL;
    if (positions != (o->queries != 0) || o->queries > INT64_MAX) {
        return "options.queries";
    }
    /* By their bits, as comparing floats could set the caller's exception flags. */
    uint64_t softcap = bits_of_double(o->softcap), least = bits_of_double(0x1p-10), most = bits_of_double(0x1p15);
    return softcap == 0 || (least <= softcap && softcap <= most) ? NULL : "options.softcap";
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
    given |= o->use_window ? OPTION_WINDOW : 0;
    given |= bits_of_double(o->softcap) != 0 ? OPTION_SOFTCAP : 0;
    given |= o->alibi != NULL ? OPTION_ALIBI : 0;
    given |= o->sink != NULL ? OPTION_SINK : 0;
    return given;
}

const char *smx_option_name(unsigned options) {
    static const struct {
        unsigned option;
        const char *name;
    } names[] = {
        {OPTION_SCALE | OPTION_SCALE_ROWS, "options.scale"},
        {OPTION_ADD, "options.add"},
        {OPTION_KEEP, "options.keep"},
        {OPTION_LENGTHS, "options.lengths"},
        {OPTION_CAUSAL, "options.causal"},
        {OPTION_WINDOW, "options.use_window"},
        {OPTION_SOFTCAP, "options.softcap"},
        {OPTION_ALIBI, "options.alibi"},
        {OPTION_SINK, "options.sink"},
    };
    size_t i = 0;
    while ((options & names[i].option) == 0) {
        i++;
    }
    return names[i].name;
}

/* Whether the options say nothing but how many threads to use: most calls' do. */
static bool only_threads(const smx_options *o) {
    return o->parallel_for == NULL && o->scale == NULL && o->add == NULL && o->keep == NULL && o->lengths == NULL &&
           o->alibi == NULL && o->sink == NULL &&
           ((unsigned)o->plus_inf | (unsigned)o->minus_inf_row | (unsigned)o->causal | (unsigned)o->use_window |
            o->scale_stride | o->queries | bits_of_double(o->softcap) | (uint64_t)o->window_left |
            (uint64_t)o->window_right) == 0;
}

smx_status smx_options_read(const smx_options *opt, struct options_read *s) {
    static const smx_options defaults = SMX_OPTIONS_INIT;
    s->opt = opt == NULL ? &defaults : opt;
    if (s->opt->size != sizeof s->completed) {
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
