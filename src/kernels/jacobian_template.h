/* Softmax Jacobian, written out. docs/bits.md, "Jacobian".
 *
 * Template: compiled once for each instruction set and type. */
#ifndef SMX_JACOBIAN_TEMPLATE_H
#define SMX_JACOBIAN_TEMPLATE_H

#include "../options/policy.h"

#include "row_fill_template.h"
#include "vector_helpers_template.h"

/* Rows [first, last) of the n x n matrix J_ij = y_i ((i = j) - y_j), times a scale; row i goes to jac + i * ldj. A
 * single row may go over y. The + 0 makes a product that is 0 a +0.
 *
 * Error: one fma an entry. Without a scale that is the only rounding: at most BOUND_JACOBIAN = 0.5 ULP, reached. */
NOT_INLINE static void jacobian_rows(size_t n, const real *y, size_t first, size_t last, real scale, real *jac,
                                     size_t ldj) {
    bool finite = all_finite(n, y);
    v_t zero = v_set1(0);
    v_t end = n < V_LANES ? v_load_n(y, n, zero) : v_load(y + n - V_LANES); /* for all rows, and before one over y */
    for (size_t i = first; i < last; i++) {
        real *row = jac + i * ldj;
        if (!finite) {
            row_fill(n, FILL_NAN, row);
            continue;
        }
        real scaled = y[i] * scale;
        real diagonal = r_fma(-scaled, y[i], scaled + 0); /* before the row, which may be y itself */
        v_t yi = v_set1(scaled);
        if (n < V_LANES) {
            v_store_n(row, v_fnma(yi, end, zero), n);
        } else {
            for (size_t j = 0; j < n - V_LANES; j += V_LANES) {
                v_store(row + j, v_fnma(yi, v_load(y + j), zero));
            }
            v_store(row + n - V_LANES, v_fnma(yi, end, zero));
        }
        row[i] = diagonal;
    }
}

#endif
