#include "sizes.h"

#include "thresholds.h"

enum { ALL_UP_TO = 130, LONGEST_SHORT = 4100, LONGEST = 300007 };

/* Thresholds within (after, upto]; `first` is the number of those before. */
static size_t thresholds_between(size_t after, size_t upto, size_t *first) {
    size_t count = 0;
    *first = 0;
    for (size_t i = 0; threshold_length(i) != 0 && threshold_length(i) <= upto; i++) {
        *first += threshold_length(i) <= after;
        count += threshold_length(i) > after;
    }
    return count;
}

size_t short_sizes_count(void) {
    size_t first;
    return ALL_UP_TO + 1 + thresholds_between(ALL_UP_TO, LONGEST_SHORT, &first);
}

size_t short_size(size_t i) {
    size_t first;
    if (i <= ALL_UP_TO) {
        return i;
    }
    thresholds_between(ALL_UP_TO, LONGEST_SHORT, &first);
    return threshold_length(first + i - ALL_UP_TO - 1);
}

size_t long_sizes_count(void) {
    size_t first;
    return thresholds_between(LONGEST_SHORT, LONGEST, &first) + 1;
}

size_t long_size(size_t i) {
    size_t first, count = thresholds_between(LONGEST_SHORT, LONGEST, &first);
    return i < count ? threshold_length(first + i) : LONGEST;
}
