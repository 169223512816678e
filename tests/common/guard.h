/* Memory between two pages that no one may touch. */
#ifndef SMX_TESTS_GUARD_H
#define SMX_TESTS_GUARD_H

#include "dtype.h"

typedef enum flush {
    FLUSH_START, /* the first byte follows the lower guard page */
    FLUSH_END    /* the last byte is followed by the upper guard page */
} flush;

typedef struct guarded {
    void *mapping;
    size_t mapped;
    void *a; /* the n elements */
} guarded;

/* Room for n elements, all bytes 0. Any access outside, as far as the guard pages reach, ends the program. */
guarded guarded_new(const dtype *t, size_t n, flush side);
void guarded_free(guarded *g);

/* From now on a fault prints the test's label before the program ends. */
void guarded_report_faults(void);

#endif
