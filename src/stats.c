/* Merging the statistics of a row's parts, where f32 and f64 share them. */
#include "arithmetic.h"

#include "refused.h"
#include "smx/smx.h"

#include <stdbool.h>

static bool is_zero(const int64_t a[4]) { return a[0] == 0 && a[1] == 0 && a[2] == 0 && a[3] == 0; }

smx_status smx_softmax_backward_stats_merge(smx_softmax_backward_stats *into, const smx_softmax_backward_stats *from) {
    if (into == NULL || from == NULL) {
        return smx_refuse(SMX_ERROR_NULL, into == NULL ? "into" : "from");
    }
    if (into->exponent != from->exponent && !(is_zero(into->sum) && is_zero(from->sum))) {
        return smx_refuse(SMX_ERROR_STATS, "from");
    }
    into->exponent = from->exponent > into->exponent ? from->exponent : into->exponent;
    for (int k = 0; k < 4; k++) {
        into->sum[k] += from->sum[k];
    }
    return SMX_OK;
}
