/* All kernels of one instruction set and one type. An ISA stub includes its vector layer, the type's constants, and
 * this, and gets NAME(kernels), a table of everything. */
#include "../kernel_table.h"

#include "backward_products_template.h"
#include "backward_row_template.h"
#include "backward_rows_template.h"
#include "cross_entropy_labels_template.h"
#include "cross_entropy_rows_template.h"
#include "double_backward_template.h"
#include "hessian_diagonal_template.h"
#include "jacobian_template.h"
#include "log_softmax_gradients_template.h"
#include "log_softmax_row_template.h"
#include "log_softmax_rows_template.h"
#include "logsumexp_row_template.h"
#include "logsumexp_rows_template.h"
#include "logsumexp_weighted_template.h"
#include "masked_backward_template.h"
#include "row_fill_template.h"
#include "row_max_template.h"
#include "row_scale_template.h"
#include "row_terms_template.h"
#include "scale_gradient_template.h"
#include "softmax_columns_template.h"
#include "softmax_logits_row_template.h"
#include "softmax_rows_template.h"
#include "thresholds_template.h"

static const struct NAME(smx_kernels) NAME(kernels) = {
    .softmax_rows = softmax_rows,
    .row_filling = row_filling,
    .row_max = row_max,
    .row_terms = row_terms,
    .row_scale = row_scale,
    .row_fill = row_fill,
    .row_clean = row_clean,
    .softmax_columns = softmax_columns,
    .log_softmax_columns = log_softmax_columns,
    .softmax_logits_row = softmax_logits_row,
    .log_softmax_rows = log_softmax_rows,
    .logsumexp_rows = logsumexp_rows,
    .log_softmax_row = log_softmax_row,
    .logsumexp_row = logsumexp_row,
    .peak_variance_row = peak_variance_row,
    .logsumexp_backward_row = logsumexp_backward_row,
    .logsumexp_weighted_row = logsumexp_weighted_row,
    .backward_logits_row = backward_logits_row,
    .double_backward_row = double_backward_row,
    .log_softmax_backward_row = log_softmax_backward_row,
    .log_softmax_jvp_row = log_softmax_jvp_row,
    .scale_gradient_row = scale_gradient_row,
    .cross_entropy_rows = cross_entropy_rows,
    .cross_entropy_labels = cross_entropy_labels,
    .backward_rows = backward_rows,
    .backward_exponent = backward_exponent,
    .backward_products = backward_products,
    .backward_finish = backward_finish,
    .jacobian_rows = jacobian_rows,
    .threshold_of_n = threshold_of_n,
    .threshold_of_rows = threshold_of_rows,
};
