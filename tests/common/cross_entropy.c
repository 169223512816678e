#include "cross_entropy.h"

smx_status cross_entropy_eval(const dtype *t, size_t rows, size_t n, const void *x, size_t ldx, const cross_entropy *c,
                              const smx_options *opt) {
    return t == &dtype_f32 ? cross_entropy_eval_f32(rows, n, x, ldx, c, opt)
                           : cross_entropy_eval_f64(rows, n, x, ldx, c, opt);
}
