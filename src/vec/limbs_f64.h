/* Sums of limbs of doubles, in lanes: what the vector layers that can transpose share, in operations that each has by
 * then, doubles_of_integers (exact up to 2^53) among them. See README.md. */
#ifndef SMX_VEC_LIMBS_F64_H
#define SMX_VEC_LIMBS_F64_H

#include "../base/attributes.h"

static inline void v_reciprocal_of_limbs(i_t top, i_t middle, v_t *high, v_t *low) {
    v_t one = v_set1(1), upper = v_mul(doubles_of_integers(top), v_set1(0x1p56));
    v_t lower = v_mul(doubles_of_integers(middle), v_set1(0x1p13)), sum = v_add(upper, lower);
    v_t rest = v_sub(lower, v_sub(sum, upper));
    *high = v_div(one, sum);
    *low = v_mul(v_fnma(rest, *high, v_fnma(sum, *high, one)), *high);
}
static ALWAYS_INLINE void v_value_of_limbs(i_t top, i_t middle, v_t unit, v_t *high, v_t *low) {
    v_t upper = v_mul(doubles_of_integers(top), v_set1(0x1p-44));
    v_t lower = v_mul(doubles_of_integers(middle), v_set1(0x1p-87));
    v_t sum = v_add(upper, lower), back = v_sub(sum, upper);
    v_t rest = v_add(v_sub(upper, v_sub(sum, back)), v_sub(lower, back));
    *high = v_mul(sum, unit);
    *low = v_mul(rest, unit);
}

#endif
