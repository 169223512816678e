/* The steps of docs/bits.md that f32 and f64 share. Included once for each, after that type's REAL, F(name), FMA and
 * LDEXP, constants and own steps; no include guard for that reason. */

static void fill(size_t n, REAL *a, REAL value) {
    for (size_t j = 0; j < n; j++) {
        a[j] = value;
    }
}

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

/* NaN if any entry is. */
static REAL maximum(size_t n, const REAL *x) {
    REAL m = -INFINITY;
    for (size_t j = 0; j < n; j++) {
        if (isnan(x[j])) {
            return x[j];
        }
        m = x[j] > m ? x[j] : m;
    }
    return m;
}

/* Step 2. */
typedef struct row_constants {
    REAL c, B, t;
} row_constants;

static row_constants constants_of(REAL m) {
    row_constants row;
    row.c = m >= FAR || m <= -FAR ? m : 0;
    REAL N = FMA(m - row.c, LOG2E, MAGIC) - MAGIC;
    row.B = (REAL)(K + BIAS) - N;
    row.t = -row.B * LN2_HI;
    return row;
}

/* Step 3: e_j 2^K, which is of T, as e_j alone need not be; low is not 0 for logits only. */
static REAL term_of(REAL x, REAL low, row_constants row) {
    REAL v = x - row.c, shift = MAGIC + row.B;
    v = v > row.t ? v : row.t;
    REAL n = FMA(v, LOG2E, shift) - shift;
    REAL r = FMA(-n, LN2_LO, FMA(-n, LN2_HI, v)) + low;
    REAL field = n + row.B;
    REAL power = field > 0 ? LDEXP(1, (int)field - BIAS) : 0;
    return FMA(exprel(r), r * power, power);
}

/* Step 4: one term's share of S. */
static void add_term(exact_sum *S, REAL e, int U) {
    REAL h = (REAL)exact_product_rne((double)e, 1, FORWARD_H - K);
    exact_sum_add(S, (double)h, U - FORWARD_H);
    exact_sum_add(S, (double)(e - LDEXP(h, K - FORWARD_H)), U - K);
}

void F(reference_softmax)(size_t n, const REAL *x, REAL *y, smx_plus_inf plus_inf, smx_minus_inf_row minus_inf_row) {
    REAL m = maximum(n, x);
    if (isnan(m) || (m == INFINITY && plus_inf == SMX_PLUS_INF_NAN)) {
        fill(n, y, canonical_nan());
        return;
    }
    if (m == -INFINITY) {
        fill(n, y, minus_inf_row == SMX_MINUS_INF_ROW_ZEROS ? 0 : canonical_nan());
        return;
    }
    row_constants row = constants_of(m);
    int U = forward_unit(n);
    exact_sum S;
    exact_sum_init(&S);
    for (size_t j = 0; j < n; j++) {
        REAL one = x[j] == INFINITY ? LDEXP(1, K) : 0;
        y[j] = m == INFINITY ? one : term_of(x[j], 0, row);
        add_term(&S, y[j], U);
    }
    REAL high, low;
    reciprocal(&S, U, &high, &low);
    exact_sum_clear(&S);
    for (size_t j = 0; j < n; j++) {
        y[j] = FMA(y[j], high, y[j] * low);
    }
}

/* ---- Backward ---------------------------------------------------------------------------------------------------- */

/* Step 1; LONG_MIN if all products are 0. */
static long largest_exponent(size_t n, const REAL *y, const REAL *g) {
    long E = LONG_MIN;
    for (size_t j = 0; j < n; j++) {
        if (y[j] != 0 && g[j] != 0) {
            long e = exact_product_ilogb((double)y[j], (double)g[j], BITS);
            E = e > E ? e : E;
        }
    }
    return E;
}

/* What steps 1 to 3 find. */
typedef struct gradient_constants {
    int a_scale, b_scale; /* a_j = g_j 2^a_scale, b_j = y_j 2^b_scale */
    REAL out, s_hi, s_lo;
} gradient_constants;

/* Step 3: one product's share of S. */
static void add_product(exact_sum *S, REAL a, REAL b, int E1, int U, int split) {
    if (!split) {
        exact_sum_add_product(S, (double)a, (double)b, U - E1);
        return;
    }
    REAL p = a * b;
    REAL q = FMA(a, b, -p);
    exact_sum_add(S, (double)p, U - E1);
    exact_sum_add(S, (double)q, U - E1);
}

/* Step 2, and step 3 as far as the integer S. */
static void add_products(size_t n, const REAL *y, const REAL *g, int E, gradient_constants *row, exact_sum *S) {
    *row = (gradient_constants){.out = 1};
    if (E > LARGE) {
        row->a_scale = DOWN;
        row->out = LDEXP(1, -DOWN);
    } else if (E < SMALL) {
        row->b_scale = UP;
    }
    int E1 = E + row->a_scale + row->b_scale; /* E' */
    for (size_t j = 0; j < n; j++) {
        REAL a = LDEXP(g[j], row->a_scale), b = LDEXP(y[j], row->b_scale);
        add_product(S, a, b, E1, backward_unit(n), splits_product(n));
    }
}

/* Steps 2 and 3. */
static gradient_constants sum_products(size_t n, const REAL *y, const REAL *g, int E) {
    gradient_constants row;
    exact_sum S;
    exact_sum_init(&S);
    add_products(n, y, g, E, &row, &S);
    value_of_sum(&S, E - backward_unit(n) + row.a_scale, &row.s_hi, &row.s_lo);
    exact_sum_clear(&S);
    return row;
}

/* Step 4. */
static REAL gradient(REAL y, REAL a, gradient_constants row) {
    int k;
    double fraction = frexp(fabs((double)row.s_hi), &k); /* 1/2 to 1 */
    REAL power = LDEXP(row.s_hi < 0 ? -1 : 1, fraction < 0.75 ? k - 1 : k);
    power = k - 1 < 1 - BIAS || row.s_hi == 0 ? 0 : power;
    REAL rest = row.s_hi - power + row.s_lo;
    REAL d = a - rest;
    REAL p = y * power;
    return FMA(y, d, -p) * row.out + 0;
}

void F(reference_backward)(size_t n, const REAL *y, const REAL *g, REAL *dx) {
    for (size_t j = 0; j < n; j++) {
        if (!(y[j] > -2 && y[j] < 2) || !isfinite(g[j])) {
            fill(n, dx, canonical_nan());
            return;
        }
    }
    gradient_constants row = {.out = 1};
    long E = largest_exponent(n, y, g);
    if (E >= NOTHING) {
        row = sum_products(n, y, g, (int)E);
    }
    for (size_t j = 0; j < n; j++) {
        dx[j] = gradient(y[j], LDEXP(g[j], row.a_scale), row);
    }
}

/* ---- Jacobian ---------------------------------------------------------------------------------------------------- */

void F(reference_jacobian)(size_t n, const REAL *y, REAL *J) {
    for (size_t j = 0; j < n; j++) {
        if (!isfinite(y[j])) {
            fill(n * n, J, canonical_nan());
            return;
        }
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            J[i * n + j] = FMA(-y[i], y[j], i == j ? y[i] + 0 : 0);
        }
    }
}
