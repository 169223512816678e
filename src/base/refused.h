/* Which argument or field a call was refused for. */
#ifndef SMX_REFUSED_INTERNAL_H
#define SMX_REFUSED_INTERNAL_H

#include "attributes.h"
#include "smx/base.h"

#include <stdatomic.h>

/* Notes `what`, a static string, for the smx_refused of this thread; returns the status. Only refused calls come here:
 * what succeeds does no work for it. */
COLD smx_status smx_refuse(smx_status status, const char *what);

/* A refusal on any of a call's threads, for the thread that called. Zero bytes: none. */
struct refusal {
    atomic_int status;
    _Atomic(const char *) what;
};

/* What this thread was just refused, if it was. */
static inline void refusal_keep(struct refusal *r, smx_status status) {
    if (status != SMX_OK) {
        atomic_store_explicit(&r->what, smx_refused(), memory_order_relaxed);
        atomic_store_explicit(&r->status, (int)status, memory_order_relaxed);
    }
}

/* On the thread that called, once all others are done. */
static inline smx_status refusal_hand_on(struct refusal *r) {
    smx_status status = (smx_status)atomic_load_explicit(&r->status, memory_order_relaxed);
    return status == SMX_OK ? status : smx_refuse(status, atomic_load_explicit(&r->what, memory_order_relaxed));
}

#endif
