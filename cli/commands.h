/* The subcommands of smx. */
#ifndef SMX_CLI_COMMANDS_H
#define SMX_CLI_COMMANDS_H

#include <stdint.h>

/* Exit statuses. */
enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1, /* a file is malformed, missing or could not be written; one line on stderr names it */
    EXIT_USAGE = 2   /* the command line, or a variable of the environment, makes no sense */
};

struct settings;
struct row_operation;

typedef struct command {
    const char *name;      /* "smx NAME" */
    const char *summary;   /* what it does, in a line of smx --help */
    const char *arguments; /* of the line that says how it is used */
    const char *text;      /* what --help says between that line and the options */
    const char *example;   /* a line that runs; null if there is none */
    int inputs;            /* files named without an option */
    uint64_t settings;     /* the options that it takes, those of `needs` among them */
    uint64_t needs;        /* one of these options must be given; 0: none */
    /* Returns the exit status. */
    int (*run)(const struct command *cmd, const struct settings *set);
    const struct row_operation *operation; /* if run is transform */
} command;

extern const command softmax_command, backward_command, jacobian_command, jvp_command, jacobian_product_command,
    double_backward_command, log_softmax_command, log_softmax_backward_command, log_softmax_jvp_command,
    logsumexp_command, logsumexp_backward_command, cross_entropy_command, hessian_product_command, hessian_command,
    scale_gradient_command, demo_command, info_command;

#endif
