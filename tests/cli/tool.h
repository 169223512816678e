/* Runs the tool in an empty directory of the test's own, and says what came of it. */
#ifndef SMX_TESTS_CLI_TOOL_H
#define SMX_TESTS_CLI_TOOL_H

#include "check.h"

#include <sys/types.h>

typedef struct outcome {
    int status;   /* the exit status; 128 + N after signal N, as in a shell */
    char *err;    /* stderr, valid until the next run */
    long rss_kib; /* the largest resident set of any process that ran */
} outcome;

/* What main of a test does: takes the tool's path from argv, makes the directory and goes there, runs the tests, and
 * removes it again. */
#define RUN_CLI_TESTS(argc, argv, tests) (tool_init(argc, argv), cmocka_run_group_tests(tests, NULL, tool_leave))
void tool_init(int argc, char **argv);
int tool_leave(void **state);

/* Runs a shell command, in which $SMX is the tool. */
outcome shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Starts the tool without a shell, stderr going to a descriptor (-1: to /dev/null); the list of arguments ends with a
 * null pointer. wait_for returns its status as in an outcome. */
pid_t start_tool(int err, const char *argument, ...) __attribute__((sentinel));
int wait_for(pid_t process);

/* Fails unless the command succeeded and said nothing. */
void assert_success(outcome o);

/* Fails unless the status is this one, and stderr is one line that has both texts in it. */
void assert_refused(outcome o, int status, const char *names, const char *says);

/* Whole files. read_file's result has a 0 after it, and is to be freed. */
void write_file(const char *path, const void *bytes, size_t count);
char *read_file(const char *path, size_t *count);
int same_files(const char *a, const char *b);

/* How many entries the directory has whose names begin so. */
size_t count_entries(const char *prefix);

#endif
