/* The subcommands of smx. Each is a main of its own: argv[0] is "smx NAME", and the result is the exit status. */
#ifndef SMX_CLI_COMMANDS_H
#define SMX_CLI_COMMANDS_H

/* Exit statuses. */
enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1, /* a file is malformed, missing or could not be written; one line on stderr names it */
    EXIT_USAGE = 2   /* the command line, or SMX_ISA, makes no sense */
};

int smx_softmax_main(int argc, char **argv);
int smx_backward_main(int argc, char **argv);
int smx_jacobian_main(int argc, char **argv);
int smx_demo_main(int argc, char **argv);
int smx_info_main(int argc, char **argv);

#endif
