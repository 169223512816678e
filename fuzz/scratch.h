/* A folder of small arrays that the tool may be let loose in: what it changes there is found, checked and put back. */
#ifndef SMX_FUZZ_SCRATCH_H
#define SMX_FUZZ_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

/* Makes it, in $TMPDIR or else /tmp; it goes when the process ends as it should. From then on files of the process may
 * have 64 MiB. */
void scratch_make(void);

/* The path of a new file beside the folder, which stays in place. */
const char *scratch_beside(const char *name);

/* The names of what is in the folder: files of every kind; null past the last. */
const char *scratch_name(size_t i);

/* Goes there, with standard input at the start of an array; and back. */
void scratch_enter(void);
void scratch_leave(void);

/* Puts everything back as it was. Fails if a temporary file was left, if something was written although `allowed` is
 * false, or if what was written is no array. */
void scratch_restore(bool allowed);

#endif
