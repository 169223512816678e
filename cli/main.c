/* smx: the softmax layer on .npy files. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
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

static void print_help(void) {
    printf("usage: smx COMMAND [ARGUMENT...]\n\n");
    for (int i = 0; commands[i] != NULL; i++)
        printf("  %-22s %s\n", commands[i]->name + PREFIX, commands[i]->summary);
    printf("\n'smx COMMAND --help' has more on each; 'smx --version' prints the version.\n"
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
    return check_isa() ? cmd->run(cmd, &set) : EXIT_USAGE;
}

static int run(int argc, char **argv) {
    if (argc < 2)
        return complain_usage("smx", "no command");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("smx %s\n", smx_version());
        return EXIT_OK;
    }
    for (int i = 0; commands[i] != NULL; i++) {
        if (strcmp(argv[1], commands[i]->name + PREFIX) == 0)
            return run_command(commands[i], argc - 1, argv + 1);
    }
    return complain_usage("smx", "no command is called '%s'", argv[1]);
}

int main(int argc, char **argv) {
    occupy_standard_descriptors();
    cleanup_install();
    return flush_stdout(run(argc, argv));
}
