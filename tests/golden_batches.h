/* Batches of one type against their rows alone. Included once for each type, with REAL and F(name) defined; no include
 * guard for that reason. */

struct F(batch) {
    size_t rows, n, ld;
    REAL *x, *dy; /* dy: for the backward pass, where x holds probabilities */
    int64_t *labels;
};

/* Numbers of a row; a `kind` of 2 has rows with NaN, infinities, equal entries and nothing but -inf among them. */
static void F(fill)(struct F(batch) * b, int kind) {
    rng r = rng_seed(b->rows * 1000003 + b->n * 101 + (uint64_t)kind);
    for (size_t k = 0; k < b->rows; k++) {
        double offset = kind >= 1 && k % 5 == 3 ? 700.25 : 0;
        b->labels[k] = k % 6 == 5 ? -1 : (int64_t)(k * 7 % b->n);
        for (size_t j = 0; j < b->ld; j++) {
            b->x[k * b->ld + j] = (REAL)(offset + rng_uniform(&r, -12, 12));
            b->dy[k * b->ld + j] = (REAL)(rng_uniform(&r, -1, 1));
        }
        REAL *row = b->x + k * b->ld;
        size_t last = b->n - 1;
        if (kind == 2 && k % 11 == 2)
            row[last] = (REAL)NAN;
        if (kind == 2 && k % 11 == 4)
            row[last / 2] = -(REAL)INFINITY;
        if (kind == 2 && k % 11 == 6)
            row[last] = row[0];
        for (size_t j = 0; kind == 2 && k % 11 == 8 && j < b->n; j++)
            row[j] = -(REAL)INFINITY;
        if (kind == 2 && k % 11 == 9)
            b->dy[k * b->ld] = (REAL)INFINITY;
    }
}

/* The rows from `first` on: a row of results each to out, a number each to each[0] to each[2]. */
static smx_status F(run)(enum batch_function f, const struct F(batch) * b, size_t first, size_t rows, REAL *out,
                         REAL *const each[3]) {
    size_t n = b->n, ld = b->ld;
    const REAL *x = b->x + first * ld;
    F(smx_cross_entropy_args)
    ce = {.size = sizeof ce,
          .labels_i64 = b->labels + first,
          .use_ignore_index = 1,
          .ignore_index = -1,
          .loss = each[0] + first,
          .lse = each[1] + first,
          .target_log_prob = each[2] + first,
          .dx = out + first * ld,
          .lddx = ld};
    switch (f) {
    case BATCH_SOFTMAX:
        return F(smx_softmax)(rows, n, x, ld, out + first * ld, ld, NULL);
    case BATCH_BACKWARD:
        return F(smx_softmax_backward)(rows, n, x, ld, b->dy + first * ld, ld, out + first * ld, ld, NULL);
    case BATCH_LOG_SOFTMAX:
        return F(smx_log_softmax)(rows, n, x, ld, out + first * ld, ld, NULL);
    case BATCH_LOGSUMEXP:
        return F(smx_logsumexp)(rows, n, x, ld, each[0] + first, NULL);
    case BATCH_CROSS_ENTROPY:
    case BATCH_FUNCTIONS:
    default:
        return F(smx_cross_entropy)(rows, n, x, ld, &ce, NULL);
    }
}

/* How many rows differ. */
static unsigned long F(compare)(const char *isa, enum batch_function f, const struct F(batch) * b) {
    size_t size = b->rows * b->ld, bytes = (size + 3 * b->rows) * sizeof(REAL);
    REAL *alone = malloc(bytes), *together = malloc(bytes);
    if (!alone || !together)
        abort();
    memset(alone, 0xa5, bytes);
    memset(together, 0xa5, bytes);
    REAL *const alone_each[3] = {alone + size, alone + size + b->rows, alone + size + 2 * b->rows};
    REAL *const together_each[3] = {together + size, together + size + b->rows, together + size + 2 * b->rows};
    unsigned long differ = smx_isa_set("scalar") != SMX_OK;
    for (size_t k = 0; k < b->rows; k++)
        differ += F(run)(f, b, k, 1, alone, alone_each) != SMX_OK;
    differ += smx_isa_set(isa) != SMX_OK || F(run)(f, b, 0, b->rows, together, together_each) != SMX_OK;
    differ += memcmp(alone, together, bytes) != 0;
    if (differ)
        printf("%s: %s of %zu-byte reals, %zu rows of %zu, stride %zu: a batch differs from its rows alone\n", isa,
               batch_names[f], sizeof(REAL), b->rows, b->n, b->ld);
    free(alone);
    free(together);
    return differ;
}

static unsigned long F(check_batch)(const char *isa, size_t rows, size_t n, size_t ld, int kind) {
    struct F(batch) b = {rows,
                         n,
                         ld,
                         malloc(rows * ld * sizeof(REAL)),
                         malloc(rows * ld * sizeof(REAL)),
                         malloc(rows * sizeof(int64_t))};
    if (!b.x || !b.dy || !b.labels)
        abort();
    unsigned long differ = 0;
    F(fill)(&b, kind);
    for (enum batch_function f = 0; f < BATCH_FUNCTIONS; f++) {
        if (f == BATCH_BACKWARD) /* of probabilities, but for the NaN rows */
            differ += F(smx_softmax)(rows, n, b.x, ld, b.x, ld, NULL) != SMX_OK;
        differ += F(compare)(isa, f, &b);
    }
    free(b.x);
    free(b.dy);
    free(b.labels);
    return differ;
}
