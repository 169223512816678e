#include "arithmetic.h"

#include "refused.h"

static _Thread_local const char *refused = "";

smx_status smx_refuse(smx_status status, const char *what) {
    refused = what;
    return status;
}

const char *smx_refused(void) { return refused; }
