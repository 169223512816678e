/* What must happen when a signal ends the tool: no temporary file stays behind, and a mapped input that can no longer
 * be read gets a message instead of a crash. */
#ifndef SMX_CLI_CLEANUP_H
#define SMX_CLI_CLEANUP_H

#include <stdbool.h>
#include <stddef.h>

/* How many files and mappings can be on record at a time. */
enum { CLEANUP_FILES = 10, CLEANUP_MAPS = 10 };

/* Installs the handlers; main calls it once, before any thread starts. */
void cleanup_install(void);

/* Creates a file from a template as mkstemp does, so that it is removed if a signal ends the tool before
 * cleanup_rename or cleanup_remove. `path` must live until then. Returns -1, with errno, on failure. */
int cleanup_create(char *path);

/* Renames such a file to `target`: from then on it is safe. */
bool cleanup_rename(const char *path, const char *target);

/* Removes such a file, if it is still there. */
void cleanup_remove(const char *path);

/* Creates a file that has no name any more, in $TMPDIR or else /var/tmp: /tmp is in memory on many systems, and what
 * goes here may be larger than that. Returns -1 after a message. */
int cleanup_unnamed_file(void);

/* A mapping whose pages may turn out to be unreadable (the file was truncated meanwhile, the disk failed), and the name
 * to report then. */
void cleanup_guard_map(const void *map, size_t bytes, const char *name);
void cleanup_unguard_map(const void *map);

#endif
