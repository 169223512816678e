/* smx: the softmax layer on .npy files. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "message.h"
#include "smx/smx.h"

typedef struct command {
    const char *name; /* as argv[0] of its main */
    int (*run)(int argc, char **argv);
    const char *summary;
} command;

static const command commands[] = {
    {"smx softmax", smx_softmax_main, "softmax of an array along an axis"},
    {"smx backward", smx_backward_main, "gradient of softmax's input from that of its result"},
    {"smx jacobian", smx_jacobian_main, "Jacobian matrix of each row"},
    {"smx demo", smx_demo_main, "trains softmax regression on handwritten digits"},
    {"smx info", smx_info_main, "version, instruction sets, threads"},
};
enum { COMMANDS = sizeof commands / sizeof *commands, PREFIX = sizeof "smx " - 1 };

static void print_help(void) {
    printf("usage: smx COMMAND [ARGUMENT...]\n\n");
    for (int i = 0; i < COMMANDS; i++)
        printf("  %-10s %s\n", commands[i].name + PREFIX, commands[i].summary);
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
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name + PREFIX) != 0)
            continue;
        char name[32];
        snprintf(name, sizeof name, "%s", commands[i].name);
        argv[1] = name;
        return commands[i].run(argc - 1, argv + 1);
    }
    return complain_usage("smx", "no command is called '%s'", argv[1]);
}

int main(int argc, char **argv) {
    occupy_standard_descriptors();
    cleanup_install();
    return flush_stdout(run(argc, argv));
}
