/* The commands of smx: what one is, and the table of all, which main, --help, the fuzzer and the tests walk. */
#ifndef SMX_CLI_COMMANDS_H
#define SMX_CLI_COMMANDS_H

#include <stdint.h>

struct settings;
struct row_operation;

typedef struct command {
    const char *name;
    const char *summary;   /* what it does, in a line of smx --help */
    const char *arguments; /* of the line that says how it is used */
    const char *text;      /* what --help says between that line and the options */
    const char *example;   /* a line that runs; null if there is none */
    int inputs;            /* files named without an option */
    uint64_t settings;     /* the options that it takes, those of `needs` among them */
    uint64_t needs;        /* one of these options must be given; 0: none */
    /* One of the two: what is computed on rows (compute.h), or what returns the exit status. */
    const struct row_operation *operation;
    int (*run)(const struct settings *set);
} command;

/* In the order of smx --help. A new command is a row here and `const command NAME_command` in a file of its own, or in
 * that of its kind. */
#define COMMANDS(ROW)         \
    ROW(softmax)              \
    ROW(backward)             \
    ROW(jacobian)             \
    ROW(jvp)                  \
    ROW(jacobian_product)     \
    ROW(double_backward)      \
    ROW(log_softmax)          \
    ROW(log_softmax_backward) \
    ROW(log_softmax_jvp)      \
    ROW(logsumexp)            \
    ROW(logsumexp_backward)   \
    ROW(argmax)               \
    ROW(cross_entropy)        \
    ROW(nll)                  \
    ROW(hessian_product)      \
    ROW(hessian)              \
    ROW(scale_gradient)       \
    ROW(softcap_backward)     \
    ROW(sink_gradient)        \
    ROW(demo)                 \
    ROW(info)

#define DECLARE_COMMAND(name) extern const command name##_command;
COMMANDS(DECLARE_COMMAND)

extern const command *const commands[]; /* a null pointer ends it */

/* Null if there is none. */
const command *command_named(const char *name);

#endif
