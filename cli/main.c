/* smx: the softmax layer on .npy files. Finds the command, has its options read, and runs it. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "compute.h"
#include "convert.h"
#include "message.h"
#include "settings.h"
#include "smx/smx.h"

static bool is_help(const char *argument) { return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0; }

static int print_help(void) {
    printf("usage: smx COMMAND [ARGUMENT...]\n\n");
    for (const command *const *cmd = commands; *cmd != NULL; cmd++)
        printf("  %-22s %s\n", (*cmd)->name, (*cmd)->summary);
    printf("\n'smx help COMMAND' has more on each; 'smx --version' prints the version.\n"
           "Arrays are .npy files. The same input gives the same bits on every machine.\n");
    return EXIT_OK;
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

static int refuse_command(const char *name) {
    if (*name == '-')
        return complain_usage(
            "smx", "the command comes first, and then its options: smx COMMAND [ARGUMENT...], not '%s'", name);
    return complain_usage("smx", "no command is called '%s'", name);
}

/* smx help [COMMAND] */
static int help(int argc, char **argv) {
    if (argc > 2)
        return complain_usage("smx help", "takes one command, not %d", argc - 1);
    if (argc < 2 || is_help(argv[1]) || strcmp(argv[1], "help") == 0)
        return print_help();
    const command *cmd = command_named(argv[1]);
    if (cmd == NULL)
        return refuse_command(argv[1]);
    settings_print_help(cmd);
    return EXIT_OK;
}

static int run(int argc, char **argv) {
    if (argc < 2)
        return complain_usage("smx", "no command");
    if (is_help(argv[1]))
        return print_help();
    if (strcmp(argv[1], "help") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0) {
        printf("smx %s\n", smx_version());
        return EXIT_OK;
    }
    const command *cmd = command_named(argv[1]);
    if (cmd == NULL)
        return refuse_command(argv[1]);
    settings set;
    int status = settings_parse(&set, cmd, argc - 1, argv + 1);
    if (status >= 0)
        return status;
    convert_use_threads(set.options.threads);
    if (!check_environment())
        return EXIT_USAGE;
    return cmd->operation != NULL ? compute(cmd->operation, &set, cmd->inputs) : cmd->run(&set);
}

int main(int argc, char **argv) {
    occupy_standard_descriptors();
    cleanup_install();
    return flush_stdout(run(argc, argv));
}
