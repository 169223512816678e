/* What the fuzzers share. */
#ifndef SMX_FUZZ_H
#define SMX_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Called by libFuzzer: once, and for each input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Prints what does not hold, and aborts: libFuzzer then keeps the input. */
_Noreturn void fuzz_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on stdout and stderr are memory, for as much of this process as uses them by these names: the tool does,
 * while libFuzzer and the sanitizers keep the standard error that they had. */
void streams_capture(void);

/* Forgets what was printed so far. */
void streams_clear(void);

/* What was printed on stderr since. */
const char *streams_errors(void);

/* Fails unless that is one line that names the tool, without control characters. */
void streams_expect_message(void);

/* The lowest descriptor that is free: the same as before if none was left open. */
int streams_free_descriptor(void);

#endif
