/* smx: the softmax layer on .npy files. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "convert.h"
#include "message.h"
#include "settings.h"
#include "smx/smx.h"

/* clang-format off: a line each */
static const command *const commands[] = {
    &softmax_command,
    &backward_command,
    &jacobian_command,
    &jvp_command,
    &jacobian_product_command,
    &double_backward_command,
    &log_softmax_command,
    &log_softmax_backward_command,
    &log_softmax_jvp_command,
    &logsumexp_command,
    &logsumexp_backward_command,
    &cross_entropy_command,
    &hessian_product_command,
    &hessian_command,
    &scale_gradient_command,
    &demo_command,
    &info_command,
    NULL,
};
/* clang-format on */
enum { PREFIX = sizeof "smx " - 1 };

static bool is_help(const char *argument) { return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0; }

static void print_help(void) {
    printf("usage: smx COMMAND [ARGUMENT...]\n\n");
    for (int i = 0; commands[i] != NULL; i++)
        printf("  %-22s %s\n", commands[i]->name + PREFIX, commands[i]->summary);
    printf("\n'smx help COMMAND' has more on each; 'smx --version' prints the version.\n"
           "Arrays are .npy files. The same input gives the same bits on every machine.\n");
}

/* Were one of the standard descriptors closed, the next file opened would take its place, and messages or results would
 * be written into it. /dev/null takes it instead, opened so that using it fails. */
static void occupy_standard_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            _exit(EXIT_FAILED);
    }
}

/* What was printed may still fail to be written: to a full disk, or nowhere at all. */
static int flush_stdout(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    complain("standard output", "%s", strerror(errno));
    return status == EXIT_OK ? EXIT_FAILED : status;
}

static int run_command(const command *cmd, int argc, char **argv) {
    settings set;
    int status = settings_parse(&set, cmd, argc, argv);
    if (status >= 0)
        return status;
    convert_use_threads(set.options.threads);
    return check_environment() ? cmd->run(cmd, &set) : EXIT_USAGE;
}

/* Null after a message. */
static const command *find_command(const char *name) {
    for (int i = 0; commands[i] != NULL; i++) {
        if (strcmp(name, commands[i]->name + PREFIX) == 0)
            return commands[i];
    }
    if (*name == '-')
        complain_usage("smx", "the command comes first, and then its options: smx COMMAND [ARGUMENT...], not '%s'",
                       name);
    else
        complain_usage("smx", "no command is called '%s'", name);
    return NULL;
}

/* smx help [COMMAND] */
static int help(int argc, char **argv) {
    static char option[] = "--help";
    if (argc > 2)
        return complain_usage("smx help", "takes one command, not %d", argc - 1);
    if (argc < 2 || is_help(argv[1]) || strcmp(argv[1], "help") == 0) {
        print_help();
        return EXIT_OK;
    }
    const command *cmd = find_command(argv[1]);
    char *arguments[] = {argv[1], option, NULL};
    return cmd == NULL ? EXIT_USAGE : run_command(cmd, 2, arguments);
}

static int run(int argc, char **argv) {
    if (argc < 2)
        return complain_usage("smx", "no command");
    if (is_help(argv[1])) {
        print_help();
        return EXIT_OK;
    }
    if (strcmp(argv[1], "help") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0) {
        printf("smx %s\n", smx_version());
        return EXIT_OK;
    }
    const command *cmd = find_command(argv[1]);
    return cmd == NULL ? EXIT_USAGE : run_command(cmd, argc - 1, argv + 1);
}

int main(int argc, char **argv) {
    occupy_standard_descriptors();
    cleanup_install();
    return flush_stdout(run(argc, argv));
}
