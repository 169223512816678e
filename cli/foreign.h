/* What a file is that is not a .npy file, for a message. */
#ifndef SMX_CLI_FOREIGN_H
#define SMX_CLI_FOREIGN_H

#include <stddef.h>

enum { FOREIGN_START = 64 }; /* how many bytes tell */

/* What a file with these first bytes is, and how to take an array out of it; null if unknown. */
const char *foreign_format(const unsigned char *start, size_t count);

#endif
