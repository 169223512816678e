/* Whether this build has threads. */
#ifndef SMX_THREADS_H
#define SMX_THREADS_H

/* 0: every call runs in its caller's thread. A build without threads says so: -DSMX_THREADS=0. */
#ifndef SMX_THREADS
#if defined(__unix__) || defined(__APPLE__)
#define SMX_THREADS 1
#else
#define SMX_THREADS 0
#endif
#endif

#endif
