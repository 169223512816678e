#include "tool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMAND = 2000, ARGUMENTS = 20 };

static char *tool_path;
static char directory[] = "/tmp/smx-test-XXXXXX";
static char *err_text;

void tool_init(int argc, char **argv) {
    tool_path = argc == 2 ? realpath(argv[1], NULL) : NULL;
    if (tool_path == NULL || mkdtemp(directory) == NULL || chdir(directory) != 0) {
        fprintf(stderr, "usage: %s PATH-OF-SMX (%s)\n", argv[0], strerror(errno));
        exit(2);
    }
    /* nohup, & and some runners have children ignore some signals; the tool would honour that. */
    static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
    /* The tests choose these themselves; what a user has set must not change them. */
    unsetenv("SMX_ISA");
    unsetenv("SMX_THREADS");
    unsetenv("OMP_NUM_THREADS");
    setenv("SMX", tool_path, 1);
    setenv("TMPDIR", directory, 1);
}

int tool_leave(void **state) {
    (void)state;
    free(err_text);
    free(tool_path);
    char command[COMMAND];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static int status_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

/* The directory's name begins with neither "." nor a name that a test uses. */
static const char ERR[] = "/stderr";

static void redirect_stderr(void) {
    char path[sizeof directory + sizeof ERR];
    snprintf(path, sizeof path, "%s%s", directory, ERR);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
        _exit(125);
    close(fd);
}

outcome shell(const char *format, ...) {
    char command[COMMAND];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    assert_true(length > 0 && length < COMMAND);
    label("%s", command);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        redirect_stderr();
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(125);
    }
    int status;
    struct rusage usage;
    assert_true(wait4(child, &status, 0, &usage) == child);
    free(err_text);
    err_text = read_file("stderr", NULL);
    return (outcome){status_of(status), err_text, usage.ru_maxrss};
}

pid_t start_tool(int err, const char *argument, ...) {
    const char *arguments[ARGUMENTS] = {"smx", argument};
    va_list list;
    va_start(list, argument);
    for (int i = 2; i < ARGUMENTS && arguments[i - 1] != NULL; i++)
        arguments[i] = va_arg(list, const char *);
    va_end(list);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int fd = err >= 0 ? err : open("/dev/null", O_WRONLY);
        if (dup2(fd, STDERR_FILENO) < 0)
            _exit(125);
        execv(tool_path, (char *const *)arguments);
        _exit(125);
    }
    return child;
}

int wait_for(pid_t process) {
    int status;
    assert_true(waitpid(process, &status, 0) == process);
    return status_of(status);
}

void assert_success(outcome o) {
    if (o.status != 0 || *o.err != '\0')
        fail_msg("%s: status %d: %s", label_text(), o.status, o.err);
}

void assert_refused(outcome o, int status, const char *names, const char *says) {
    const char *end = strchr(o.err, '\n');
    if (o.status != status)
        fail_msg("%s: status %d, not %d: %s", label_text(), o.status, status, o.err);
    if (end == NULL || end[1] != '\0')
        fail_msg("%s: not one line: '%s'", label_text(), o.err);
    if (strstr(o.err, names) == NULL || strstr(o.err, says) == NULL)
        fail_msg("%s: no '%s' and '%s' in: %s", label_text(), names, says, o.err);
}

void write_file(const char *path, const void *bytes, size_t count) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

char *read_file(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s: %s: %s", label_text(), path, strerror(errno));
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long length = ftell(file);
    assert_true(length >= 0);
    rewind(file);
    char *bytes = malloc((size_t)length + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)length, file), length);
    bytes[length] = '\0';
    fclose(file);
    if (count != NULL)
        *count = (size_t)length;
    return bytes;
}

int same_files(const char *a, const char *b) {
    size_t length_a, length_b;
    char *bytes_a = read_file(a, &length_a), *bytes_b = read_file(b, &length_b);
    int same = length_a == length_b && memcmp(bytes_a, bytes_b, length_a) == 0;
    free(bytes_a);
    free(bytes_b);
    return same;
}

size_t count_entries(const char *prefix) {
    DIR *dir = opendir(directory);
    assert_non_null(dir);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(dir);
    return count;
}
