#include "pools.h"

#include <pthread.h>
#include <stdlib.h>

#include "check.h"
#include "rng.h"

enum { MAX_THREADS = 64 };

typedef struct job {
    pool *pool;
    size_t count;
    smx_task task;
    void *data;
    _Atomic size_t next;
    pthread_barrier_t barrier;
    size_t threads;
} job;

typedef struct worker {
    job *job;
    size_t index;
    pthread_t thread;
} worker;

static void note_call(pool *p, size_t count) {
    p->calls++;
    p->tasks += count;
    if (count > p->largest) {
        p->largest = count;
    }
}

static void enter(const pool *p) {
    if (p->enter) {
        p->enter();
    }
}

static void leave(const pool *p) {
    if (p->leave) {
        p->leave();
    }
}

static void *take_tasks(void *argument) {
    job *j = ((worker *)argument)->job;
    enter(j->pool);
    for (size_t i = j->next++; i < j->count; i = j->next++) {
        j->task(j->data, i);
    }
    leave(j->pool);
    return NULL;
}

static void *run_own_tasks(void *argument) {
    const worker *w = argument;
    enter(w->job->pool);
    pthread_barrier_wait(&w->job->barrier);
    for (size_t i = w->index; i < w->job->count; i += w->job->threads) {
        w->job->task(w->job->data, i);
    }
    leave(w->job->pool);
    return NULL;
}

static void run_on_threads(pool *p, size_t count, smx_task task, void *data, void *(*body)(void *)) {
    note_call(p, count);
    job j = {.pool = p, .count = count, .task = task, .data = data, .threads = p->threads};
    worker workers[MAX_THREADS];
    if (j.threads > count) {
        j.threads = count;
    }
    assert_in_range(j.threads, 1, MAX_THREADS);
    pthread_barrier_init(&j.barrier, NULL, (unsigned)j.threads);
    for (size_t k = 0; k < j.threads; k++) {
        workers[k].job = &j;
        workers[k].index = k;
        assert_int_equal(pthread_create(&workers[k].thread, NULL, body, &workers[k]), 0);
    }
    for (size_t k = 0; k < j.threads; k++) {
        assert_int_equal(pthread_join(workers[k].thread, NULL), 0);
    }
    pthread_barrier_destroy(&j.barrier);
}

void pool_threads(void *p, size_t count, smx_task task, void *data) {
    run_on_threads(p, count, task, data, take_tasks);
}

void pool_all_at_once(void *p, size_t count, smx_task task, void *data) {
    run_on_threads(p, count, task, data, run_own_tasks);
}

void pool_reversed(void *p, size_t count, smx_task task, void *data) {
    note_call(p, count);
    for (size_t i = count; i-- > 0;) {
        task(data, i);
    }
}

void pool_shuffled(void *p, size_t count, smx_task task, void *data) {
    note_call(p, count);
    size_t *order = malloc((count ? count : 1) * sizeof *order);
    assert_non_null(order);
    rng r = rng_seed(count);
    rng_permutation(&r, count, order);
    for (size_t i = 0; i < count; i++) {
        task(data, order[i]);
    }
    free(order);
}

void pool_forgetful(void *p, size_t count, smx_task task, void *data) {
    note_call(p, count);
    for (size_t i = 0; i + 1 < count; i++) {
        task(data, i);
    }
}
