#include "plan.h"

/* A block of this size keeps all threads busy, and is in the cache when it is written. */
enum { ENOUGH = 8 << 20 };

/* A row that fits only without its matrix, which takes half of the memory at most. */
static plan plan_strips(const job *j, size_t n) {
    size_t matrix_row = result_row_bytes(&j->result[0]) / n;
    return (plan){1, 1, n, greatest(1, least(MAX_STRIP, j->set->memory / 2 / matrix_row))};
}

/* Of rows that must be together. */
static size_t whole_matrices(const job *j, size_t rows) {
    size_t together = j->logits.together;
    return rows < together ? together : rows / together * together;
}

plan make_plan(const job *j) {
    const layout *lay = job_layout(j);
    if (j->operation->whole != NULL && j->operation->whole(j->set))
        return (plan){lay->outer, lay->inner, lay->n, lay->n};
    size_t bytes = logits_row_bytes(&j->logits), most = 1;
    for (int i = 0; i < MAX_SOURCES; i++)
        bytes += input_row_bytes(&j->source[i]);
    for (int i = 0; i < MAX_RESULTS; i++) {
        bytes += result_row_bytes(&j->result[i]);
        most = greatest(most, result_row_bytes(&j->result[i]));
    }
    size_t n = greatest(1, lay->n), item = npy_item_size(j->real);
    size_t block = greatest(1, j->set->memory / (bytes / n + 1)), slab = n * greatest(1, lay->inner);
    if (slab <= block) {
        size_t outers = greatest(1, least(ENOUGH / (most / n + 1), block) / slab);
        return (plan){least(lay->outer, whole_matrices(j, outers)), lay->inner, lay->n, lay->n};
    }
    if (j->logits.together > 1)
        return (plan){least(lay->outer, j->logits.together), lay->inner, lay->n, lay->n};
    if (n > block && j->operation->strip != NULL)
        return plan_strips(j, n);
    /* Strips narrower than some pages would read the same pages again for each tile. */
    size_t columns = least(greatest(1, lay->inner), greatest(4096, block * item / 1024) / item);
    if (n <= block / columns || j->operation->parts == NULL || logits_given(j->set))
        return (plan){1, least(lay->inner, greatest(1, block / n)), lay->n, lay->n};
    return (plan){1, columns, block / columns, lay->n};
}
