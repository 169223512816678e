/* The exact sum: summands are cut into pieces that are multiples of fixed units, and the pieces are added as integers.
 * Integer addition has no rounding, so that neither order nor grouping nor the number of lanes can change the sum.
 * docs/bits.md, "Forward", step 4, and "Backward", step 3.
 *
 * E is an exponent for the row such that every summand is below 2^(E + 1) in magnitude. Two or three limbs, the
 * integers that add up the pieces, have units that lie some 21 bits apart (43 in f64), the first one just small enough
 * for a sum of the row's summands not to overflow. To cut a summand a, the trick is to add a large constant G:
 *
 *     G = 1.5 2^(E + GRID_TOP)      its last bit, one ULP of it, is the top limb's unit
 *     z = a + G                     rounds a to a multiple of the unit: it is in the low bits of z's pattern
 *     top += bits of z              as an integer
 *     rest = a - (z - G)            z - G is exact, and so is the difference: the rest is at most half a unit
 *
 * The middle limb takes the rest in the same way, with a smaller G. In long rows of f32 a third one takes what is left
 * then. Only the last limb's addition drops anything: what is below its unit. That rounding is a function of the
 * summand and of E alone. The factor 1.5 keeps z in the binade of G whatever a's sign, so that the low bits of the
 * pattern are a signed integer. A limb also holds the bits of G, once for each addition; sum_lanes takes them off in
 * the end, where the number of additions is known.
 *
 * The lowest unit is 2^(E - 44) with two limbs, 2^(E - 43) for products, and 2^(E - 67) with three in f32, and
 * 2^(E - 87) in f64.
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_LIMB_SUM_TEMPLATE_H
#define SMX_LIMB_SUM_TEMPLATE_H

#include "../base/attributes.h"
#include "../base/wide.h"

#include "vector_helpers_template.h"

/* ---- How large a sum gets ----
 *
 * What a summand brings to a limb, in that limb's units; E is the grid's exponent, and a limb's unit is 2^(E + GRID_* -
 * REAL_MANTISSA):
 *
 *     term      0 <= a < 1.5 2^E, since the largest is sqrt(2) 2^E or less, but for rounding.
 *               top     below 1.5 2^(REAL_MANTISSA - GRID_TOP_TERMS): 1.5 2^22 in f32, 1.5 2^44 in f64
 *               middle  what is left is half a unit of the top: 2^(GRID_TOP_TERMS - GRID_MIDDLE - 1): 2^21 and 2^42
 *               low     what is left is half a unit of the middle: 2^(GRID_MIDDLE - GRID_LOW - 1): 2^22
 *     product   |a b| < 2^(E + 1).
 *               top     2^(REAL_MANTISSA + 1 - GRID_TOP): 2^22 and 2^45
 *               middle  half a unit of the top: 2^(GRID_TOP - GRID_MIDDLE - 1): 2^22 and 2^42; with two limbs in f32,
 *                       whose unit there is twice as large (GRID_MIDDLE_OF_TWO), 2^21
 *               low     2^22, as for a term
 *               With three limbs a product comes as two summands, the second being the error of the first: at most
 *               2^(E - REAL_MANTISSA - 1), and half an ULP of the first. It brings nothing to the top, of whose unit it
 *               is an eighth; 2^20 to the middle; and to the low limb 2^21 where the first brings something there too,
 *               whose ULP is then at most half a unit of the middle.
 *
 * So none brings more than SUMMAND_MOST to any limb, both summands of a product together included. From that follow:
 *
 *     lanes     SUM_BLOCK vectors, until they are emptied: integers of LIMB_BITS and a sign. In f64 all lanes together
 *               fit one of 64 bits.
 *     limbs     sums of up to TERMS_FEW terms.
 *     wide      rows of up to SMX_ROW_MOST entries. In f64 a sum is below 2^(45 + SHIFT_TOP) a summand, and a wide has
 *               127 bits and a sign. One block brings less than 2^34 to each of its limbs, which have 63 bits, and
 *               blocks are of LOGITS_BLOCK entries or SUM_BLOCK vectors: 256 entries at least.
 *
 * A row's parts leave limbs below 2^32, so 2^30 of them may be added without a carry. */
_Static_assert(SUM_BLOCK *(uint64_t)SUMMAND_MOST < (uint64_t)1 << LIMB_BITS, "lanes overflow before they are emptied");
_Static_assert(TERMS_FEW *(uint64_t)SUMMAND_MOST < (uint64_t)1 << 63, "limbs of the terms of a row overflow");
_Static_assert(SMX_ROW_MOST / 256 < (uint64_t)1 << (63 - 34), "limbs of a wide integer overflow");
_Static_assert(SMX_ROW_MOST < (uint64_t)1 << (127 - 45 - 43), "wide integers overflow");

/* The constants G of a row's limbs. */
struct grid {
    real top, middle, low;
};

/* For summands of either sign, |a| < 2^(exponent + 1). */
static inline struct grid grid_of_summands(int exponent) {
    struct grid g = {(real)1.5 * power_of_two(exponent + GRID_TOP), (real)1.5 * power_of_two(exponent + GRID_MIDDLE),
                     (real)1.5 * power_of_two(exponent + GRID_LOW)};
    return g;
}

/* The same for products in two limbs. */
static inline struct grid grid_of_products(int exponent) {
    struct grid g = {(real)1.5 * power_of_two(exponent + GRID_TOP),
                     (real)1.5 * power_of_two(exponent + GRID_MIDDLE_OF_TWO), 0};
    return g;
}

/* For terms, 0 <= a < 2^(TERM_SCALE + 1). In f32 the top's constant has no factor of 1.5, since there is no sign to
 * make room for: the same binade then takes one bit more. */
static inline struct grid grid_of_terms(void) {
    struct grid g = grid_of_summands(TERM_SCALE);
    g.top = power_of_two(TERM_SCALE + GRID_TOP_TERMS);
    return g;
}

/* The first step: adds a to the top limb, and returns what is left of it. */
static ALWAYS_INLINE v_t add_top(v_t a, v_t g_top, i_t *top) {
    v_t z = v_add(a, g_top);
    *top = i_add(*top, v_bits(z));
    return v_sub(a, v_sub(z, g_top));
}

/* The last step: adds a rest to the lowest of the limbs. */
static ALWAYS_INLINE void add_rest(v_t rest, v_t g_lowest, i_t *lowest) {
    *lowest = i_add(*lowest, v_bits(v_add(rest, g_lowest)));
}

/* Adds the product a b to two limbs. An fma rounds it to the top limb's unit: z - G. Another one takes that off the
 * exact product again and rounds the rest to the middle limb's unit at once, as it adds the middle limb's constant less
 * z - G. That is `both` - z, with `both` the sum of the two constants. It is exact, and `both` is a real, as the middle
 * constant is a multiple of the top limb's unit. */
static ALWAYS_INLINE void add_product_to_limbs(v_t a, v_t b, v_t g_top, v_t both, i_t *top, i_t *middle) {
    v_t z = v_fma(a, b, g_top);
    *top = i_add(*top, v_bits(z));
    *middle = i_add(*middle, v_bits(v_fma(a, b, v_sub(both, z))));
}

/* Adds a to two limbs, in the same way. */
static ALWAYS_INLINE void add_to_two(v_t a, const struct grid *g, i_t *top, i_t *middle) {
    v_t z = v_add(a, v_set1(g->top));
    *top = i_add(*top, v_bits(z));
    *middle = i_add(*middle, v_bits(v_add(a, v_sub(v_set1(g->top + g->middle), z))));
}

/* Adds a to three limbs. */
static ALWAYS_INLINE void add_to_three(v_t a, const struct grid *g, i_t *top, i_t *middle, i_t *low) {
    v_t rest = add_top(a, v_set1(g->top), top);
    add_rest(add_top(rest, v_set1(g->middle), middle), v_set1(g->low), low);
}

/* The sum of the lanes of one limb after `additions`, without the constant's bits. */
static inline int64_t sum_lanes(i_t limb, real constant, size_t additions) {
    return i_hsum(i_sub(limb, i_set1((real_bits)additions * bits_of_real(constant))));
}

/* Adds limbs to an integer of 128 bits, each at its place; the shifts say how the units lie to each other. */
static inline void add_limbs(struct wide *sum, const int64_t limbs[3], int shift_top) {
    wide_add(sum, limbs[0], shift_top);
    wide_add(sum, limbs[1], SHIFT_MIDDLE);
    wide_add(sum, limbs[2], SHIFT_LOW);
}

#endif
