#include "../base/arithmetic.h"

#define _GNU_SOURCE /* sched_getaffinity */
#include "processors.h"

#include "threads.h"

#if SMX_THREADS

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#ifdef __linux__

typedef struct processors {
    unsigned long words[1024 / sizeof(unsigned long)]; /* 8192 of them; cpu_set_t ends at 1024 */
} processors;

/* Those of the main thread, which stand for the process: the calling thread may be bound to one of them. */
static bool processors_read(processors *set) {
    *set = (processors){{0}};
    return sched_getaffinity(getpid(), sizeof *set, (cpu_set_t *)set) == 0;
}

static long processors_count(void) {
    processors set;
    if (!processors_read(&set)) {
        return sysconf(_SC_NPROCESSORS_ONLN);
    }
    long count = 0;
    for (size_t i = 0; i < sizeof set.words / sizeof *set.words; i++) {
        for (unsigned long word = set.words[i]; word != 0; word &= word - 1) {
            count++;
        }
    }
    return count;
}

void smx_processors_use_all(void) {
    processors set;
    if (processors_read(&set)) {
        sched_setaffinity(0, sizeof set, (const cpu_set_t *)&set);
    }
}

#else

static long processors_count(void) { return sysconf(_SC_NPROCESSORS_ONLN); }
void smx_processors_use_all(void) {}

#endif

unsigned smx_processors(void) {
    static atomic_uint found; /* 0 until first use */
    unsigned count = atomic_load_explicit(&found, memory_order_relaxed);
    if (count == 0) {
        int caller = errno;
        long now = processors_count();
        errno = caller;
        count = now > 0 ? (unsigned)now : 1;
        atomic_store_explicit(&found, count, memory_order_relaxed);
    }
    return count;
}

#else

unsigned smx_processors(void) { return 1; }

#endif
