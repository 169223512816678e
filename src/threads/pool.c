/* Why not OpenMP: where no thread can be made, libgomp ends the process, and in a child of fork it waits for threads
 * that are not there.
 *
 * How it works. A call is a job on its caller's stack. While it lasts it stands in the pool's list, and threads that
 * have nothing to do take part in it. The caller takes part itself, so a job ends even if no thread comes. Then it
 * waits for those that came, and these are in a task of this job, which ends. So nobody waits in a circle, whoever
 * calls whom. */
#include "../base/arithmetic.h"

#define _POSIX_C_SOURCE 200809L /* sigset_t */
#include "pool.h"

#if SMX_THREADS

#include "processors.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

/* A call needs 64 KiB, and glibc takes thread-local variables of the whole program from it too. Not optimised, each
 * inlined function has a place of its own: over 512 KiB with clang -O0. */
#ifdef __OPTIMIZE__
#define STACK ((size_t)512 << 10)
#else
#define STACK ((size_t)16 << 20)
#endif

enum {
    THREADS_MAX = 1024, /* the calling one among them */
    A_PROCESSOR = 4,    /* more threads than so many for each processor gain nothing */
    SPINS = 1000,       /* some 20 us, after which waiting is left to the system: what waking costs */
    SPINS_TO_YIELD = 32,
    CALLS_TO_RETRY = 1000, /* after a thread was refused: trying takes some 10 us each time */
    WORD = 32
};

struct job {
    smx_task task;
    void *data;
    size_t tasks;
    size_t parts;                          /* part p: the tasks p, p + parts, p + 2 parts, ... */
    atomic_uint taken[THREADS_MAX / WORD]; /* a bit for each part */
    atomic_size_t helpers;                 /* threads in it besides the caller */
    size_t wanted;                         /* how many more may come */
    struct job *next;
};

static struct {
    pthread_mutex_t lock; /* of all that follows, and of the jobs' helpers, wanted and next */
    pthread_cond_t work;  /* a job wants threads, or stop */
    pthread_cond_t done;  /* the last helper has left a job */
    struct job *jobs;     /* oldest first */
    atomic_size_t wanted; /* by all of them */
    size_t asleep;        /* threads that wait for `work` */
    size_t size, begun;   /* how many threads there are, and how many of them run */
    size_t no_start;      /* calls that are not to try and start another */
    bool stop;
    _Atomic pid_t process; /* whose threads they are; without the lock */
    pthread_t threads[THREADS_MAX - 1];
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

/* ---- Taking part in a job ---------------------------------------------------------------------------------------- */

static bool take(struct job *job, size_t part) {
    atomic_uint *word = &job->taken[part / WORD];
    unsigned bit = 1u << part % WORD;
    return (atomic_load_explicit(word, memory_order_relaxed) & bit) == 0 &&
           (atomic_fetch_or_explicit(word, bit, memory_order_relaxed) & bit) == 0;
}

/* Each thread begins at a part of its own, the same in each job: what it brought to its cache it finds there again. */
static void run_parts(struct job *job, size_t first) {
    for (size_t i = 0; i < job->parts; i++) {
        size_t part = (first + i) % job->parts;
        if (!take(job, part)) {
            continue;
        }
        for (size_t k = part; k < job->tasks; k += job->parts) {
            job->task(job->data, k);
        }
    }
}

static void pause_a_little(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

/* None, where nobody can run meanwhile who could end the waiting. */
static int spins(void) { return smx_processors() > 1 ? SPINS : 0; }

/* Not for long. A thread just woken may be on the processor of the caller that woke it, whom it must let go on. */
static void spin_for_work(void) {
    int most = spins();
    for (int i = 1; i <= most && atomic_load_explicit(&pool.wanted, memory_order_relaxed) == 0; i++) {
        pause_a_little();
        if (i % SPINS_TO_YIELD == 0) {
            sched_yield();
        }
    }
}

static void spin_for_helpers(struct job *job) {
    int most = spins();
    for (int i = 0; i < most && atomic_load_explicit(&job->helpers, memory_order_relaxed) > 0; i++) {
        pause_a_little();
    }
}

/* ---- Threads ----------------------------------------------------------------------------------------------------- */

/* With the lock held, as all up to smx_pool_run unless they say otherwise. */
static void help(struct job *job, size_t number) {
    job->wanted--;
    pool.wanted--;
    job->helpers++;
    pthread_mutex_unlock(&pool.lock);
    run_parts(job, number);
    pthread_mutex_lock(&pool.lock);
    if (--job->helpers == 0) {
        pthread_cond_broadcast(&pool.done);
    }
}

static struct job *job_that_wants(void) {
    struct job *job = pool.jobs;
    while (job != NULL && job->wanted == 0) {
        job = job->next;
    }
    return job;
}

static void wait_for_work(void) {
    pthread_mutex_unlock(&pool.lock);
    spin_for_work();
    pthread_mutex_lock(&pool.lock);
    if (pool.wanted == 0 && !pool.stop) {
        pool.asleep++;
        pthread_cond_wait(&pool.work, &pool.lock);
        pool.asleep--;
    }
}

static void *thread_main(void *unused) {
    (void)unused;
    smx_processors_use_all();
    pthread_mutex_lock(&pool.lock);
    size_t number = ++pool.begun; /* the caller of a job is 0 */
    while (!pool.stop) {
        struct job *job = job_that_wants();
        if (job != NULL) {
            help(job, number);
        } else {
            wait_for_work();
        }
    }
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

/* In a child of fork, where the threads are not. Others may have been anywhere in here at that moment. */
static void forget_threads(void) {
    pool.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pool.work = pool.done = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    pool.jobs = NULL;
    pool.wanted = pool.asleep = pool.size = pool.begun = pool.no_start = 0;
}

/* Without the lock. False: without it there must be no threads. */
static bool prepare_for_fork(void) {
    enum { NOT_YET, SOMEONE_DOES, DONE }; /* who meets the second does without threads; a child of fork, for good */
    static atomic_int state;
    int now = atomic_load(&state);
    if (now == NOT_YET && atomic_compare_exchange_strong(&state, &now, SOMEONE_DOES)) {
        now = pthread_atfork(NULL, NULL, forget_threads) == 0 ? DONE : NOT_YET;
        atomic_store(&state, now);
    }
    return now == DONE;
}

/* All but those that an instruction of the thread itself raises: they would end the process without the handler. */
static sigset_t signals_of_others(void) {
    static const int own[] = {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
    sigset_t set;
    sigfillset(&set);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        sigdelset(&set, own[i]);
    }
    return set;
}

static bool start_thread(void) {
    pthread_t *place = &pool.threads[pool.size];
    pthread_attr_t small;
    if (pthread_attr_init(&small) != 0) {
        return false;
    }
    pthread_attr_setstacksize(&small, STACK);
    sigset_t blocked = signals_of_others(), caller;
    pthread_sigmask(SIG_SETMASK, &blocked, &caller);
    int error = pthread_create(place, &small, thread_main, NULL);
    if (error == EINVAL) { /* thread-local variables of the program leave too little of that stack */
        error = pthread_create(place, NULL, thread_main, NULL);
    }
    pthread_sigmask(SIG_SETMASK, &caller, NULL);
    pthread_attr_destroy(&small);
    pool.process = getpid();
    pool.size += error == 0;
    return error == 0;
}

/* Returns how many there are then, up to `wanted`. */
static size_t start_threads(size_t wanted) {
    if (pool.no_start > 0) {
        pool.no_start--;
    }
    while (pool.size < wanted && pool.no_start == 0 && !pool.stop) {
        if (!start_thread()) {
            pool.no_start = CALLS_TO_RETRY;
        }
    }
    return pool.size < wanted ? pool.size : wanted;
}

/* At the end of the process, and before dlclose takes the code away. Without the lock. Calls that come later, from
 * other threads or destructors, find no threads. */
__attribute__((destructor)) static void end_threads(void) {
    if (pool.process != getpid()) {
        return; /* none were made; or in another process that this one is a copy of, by other means than fork */
    }
    pthread_mutex_lock(&pool.lock);
    size_t size = pool.size;
    pool.size = 0;
    pool.stop = true;
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.lock);
    for (size_t i = 0; i < size; i++) {
        pthread_join(pool.threads[i], NULL);
    }
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static void join_list(struct job *job) {
    struct job **place = &pool.jobs;
    while (*place != NULL) {
        place = &(*place)->next;
    }
    *place = job;
    pool.wanted += job->wanted;
}

static void leave_list(struct job *job) {
    struct job **place = &pool.jobs;
    while (*place != job) {
        place = &(*place)->next;
    }
    *place = job->next;
    pool.wanted -= job->wanted;
}

/* Without the lock, as what follows. */
static void publish(struct job *job) {
    pthread_mutex_lock(&pool.lock);
    job->wanted = start_threads(job->wanted);
    join_list(job);
    size_t to_wake = job->wanted < pool.asleep ? job->wanted : pool.asleep;
    bool all = to_wake == pool.asleep;
    pthread_mutex_unlock(&pool.lock);
    if (all && to_wake > 1) {
        pthread_cond_broadcast(&pool.work);
        return;
    }
    for (size_t i = 0; i < to_wake; i++) {
        pthread_cond_signal(&pool.work);
    }
}

static void withdraw(struct job *job) {
    pthread_mutex_lock(&pool.lock);
    leave_list(job);
    if (job->helpers > 0) {
        pthread_mutex_unlock(&pool.lock);
        spin_for_helpers(job);
        pthread_mutex_lock(&pool.lock);
        while (job->helpers > 0) {
            pthread_cond_wait(&pool.done, &pool.lock);
        }
    }
    pthread_mutex_unlock(&pool.lock);
}

void smx_pool_run(size_t tasks, smx_task task, void *data) {
    size_t most = A_PROCESSOR * (size_t)smx_processors();
    most = most < THREADS_MAX ? most : THREADS_MAX;
    struct job job = {.task = task,
                      .data = data,
                      .tasks = tasks,
                      .parts = tasks < THREADS_MAX ? tasks : THREADS_MAX,
                      .wanted = (tasks < most ? tasks : most) - 1};
    int caller_errno = errno, caller_state;
    if (!prepare_for_fork()) {
        run_parts(&job, 0);
    } else {
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &caller_state); /* it could not leave while others use the job */
        publish(&job);
        run_parts(&job, 0);
        withdraw(&job);
        pthread_setcancelstate(caller_state, NULL);
    }
    errno = caller_errno;
}

#else

void smx_pool_run(size_t tasks, smx_task task, void *data) {
    for (size_t i = 0; i < tasks; i++) {
        task(data, i);
    }
}

#endif
