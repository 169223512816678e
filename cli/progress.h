/* A progress bar on stderr: only if that is a terminal, and only once the work has taken a second. */
#ifndef SMX_CLI_PROGRESS_H
#define SMX_CLI_PROGRESS_H

#include <stdint.h>

/* Starts the clock for work of `total` units. */
void progress_start(const char *label, uint64_t total);

/* So many more units are done. */
void progress_add(uint64_t units);

/* Takes the bar off the screen, if there is one; the next progress_add may draw it again. */
void progress_clear(void);

#endif
