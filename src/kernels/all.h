/* All kernels of one instruction set and one type. An ISA stub includes its vector layer, the type's constants, and
 * this, and gets NAME(kernels), a table of everything. */
#include "cross_entropy_call_template.h"
#include "half_backward_template.h"
#include "half_rows_template.h"
#include "kernels.h"
#include "operations_template.h"
#include "parts_template.h"
#include "thresholds_template.h"

#define SMX_KERNEL_ENTRY(name) [kernel_##name] = name##_kernel,

static const struct kernels NAME(kernels) = {
    .rows = {SMX_KERNEL_LIST(SMX_KERNEL_ENTRY)},
#ifdef V_HALVES
    .half_rows = {[kernel_softmax] = softmax_of_halves, [kernel_softmax_backward] = backward_of_halves},
#endif
    .part = {part_filling, part_fill, part_max, part_terms, part_scale, part_backward_exponent, part_backward_products,
             part_backward_finish},
    .threshold_of_n = threshold_of_n,
    .threshold_of_rows = threshold_of_rows,
};
