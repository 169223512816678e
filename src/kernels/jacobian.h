/* Softmax Jacobian, written out. docs/bits.md, "Jacobian". */
#ifndef SMX_JACOBIAN_H
#define SMX_JACOBIAN_H

#include "forward.h" /* row_fill */

static bool all_finite(size_t n, const real *y) {
    v_t zero = v_set1(0);
    m_t nan = m_none();
    for (size_t j = 0; j < n; j += V_LANES) {
        v_t yj = n - j < V_LANES ? v_load_n(y + j, n - j, zero) : v_load(y + j);
        v_t difference = v_sub(yj, yj); /* NaN for an infinity too */
        nan = m_or(nan, v_unordered(difference, difference));
    }
    return !m_any(nan);
}

/* Rows [first, last) of the n x n matrix of y, times a scale; row i goes to jac + i * ldj. A single row may go over y.
 * The + 0 makes a product that is 0 a +0. */
NOT_INLINE static void jacobian_rows(size_t n, const real *y, size_t first, size_t last, real scale, real *jac,
                                     size_t ldj) {
    bool finite = all_finite(n, y);
    v_t zero = v_set1(0);
    for (size_t i = first; i < last; i++) {
        real *row = jac + i * ldj;
        if (!finite) {
            row_fill(n, FILL_NAN, row);
            continue;
        }
        real scaled = y[i] * scale;
        real diagonal = r_fma(-scaled, y[i], scaled + 0); /* before the row, which may be y itself */
        v_t yi = v_set1(scaled);
        size_t j = 0;
        for (; n - j >= V_LANES; j += V_LANES) {
            v_store(row + j, v_fnma(yi, v_load(y + j), zero));
        }
        v_store_n(row + j, v_fnma(yi, v_load_n(y + j, n - j, zero), zero), n - j);
        row[i] = diagonal;
    }
}

#endif
