/* The options of a call, checked and complete. */
#ifndef SMX_OPTIONS_H
#define SMX_OPTIONS_H

#include "policy.h"
#include "smx/smx.h"

struct settings {
    struct policy policy;
    unsigned threads; /* 0: the default */
    smx_parallel_for parallel_for;
    void *pool;
};

/* SMX_OK or SMX_ERROR_OPTION. */
smx_status smx_settings(const smx_options *opt, struct settings *settings);

#endif
