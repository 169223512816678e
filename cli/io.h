/* read and write, carried on until all bytes are through: a pipe moves fewer, and signals interrupt. */
#ifndef SMX_CLI_IO_H
#define SMX_CLI_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Returns how many bytes came before the end of the file, at most count; -1, with errno, on failure. */
ssize_t read_fully(int fd, void *bytes, size_t count);

/* False, with errno, on failure. */
bool write_fully(int fd, const void *bytes, size_t count);
bool write_fully_at(int fd, const void *bytes, size_t count, uint64_t offset);

#endif
