/* ulp: searches for the worst case of each function of libsmx, judged by MPFR. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "sweep.h"

typedef struct command {
    const char *name;
    const problem *problem;                /* searched, if not null */
    bool (*sweep)(const search_options *); /* run first, if not null */
} command;

static const command commands[] = {
    {"exp-f32", NULL, sweep_exp_f32},
    {"exp-f64", NULL, search_exp_f64},
    {"pairs-f32", NULL, sweep_pairs_f32},
    {"forward-f32", &problem_forward_f32, NULL},
    {"forward-f64", &problem_forward_f64, NULL},
    {"forward-long-f32", &problem_forward_long_f32, NULL},
    {"forward-long-f64", &problem_forward_long_f64, NULL},
    {"backward-f32", &problem_backward_f32, NULL},
    {"backward-f64", &problem_backward_f64, NULL},
    {"backward-normal-f32", &problem_backward_normal_f32, NULL},
    {"backward-normal-f64", &problem_backward_normal_f64, NULL},
    {"jacobian-f32", &problem_jacobian_f32, sweep_jacobian_diagonal_f32},
    {"jacobian-f64", &problem_jacobian_f64, NULL},
};

enum { COUNT = sizeof commands / sizeof *commands, MOST = 100 };

/* Those of the table above, then those of functions.c. */
static command command_at(size_t k) {
    if (k < COUNT)
        return commands[k];
    const problem *p = &function_problems[k - COUNT];
    return (command){p->name, p, NULL};
}

static const char usage[] =
    "usage: ulp [OPTION]... FUNCTION...\n"
    "       ulp check FILE...\n"
    "\n"
    "Searches for the largest error of each FUNCTION and prints the input that has it:\n"
    "  exp-f32       the terms of the sum: every f32 argument\n"
    "  exp-f64       the terms of the sum, at random\n"
    "  pairs-f32     every f32 row {x, 0}\n"
    "  forward-f32, forward-f64, backward-f32, backward-f64, jacobian-f32, jacobian-f64\n"
    "  forward-long-f32, forward-long-f64\n"
    "                rows of over 2^18 entries\n"
    "  backward-normal-f32, backward-normal-f64\n"
    "                without entries whose error is that of rounding to subnormal numbers\n"
    "  softmax-logits, log-softmax, log-softmax-logits, log-softmax-backward, logsumexp, logsumexp-logits,\n"
    "  logsumexp-backward, logsumexp-weighted, scale-gradient, cross-entropy-loss, cross-entropy-gradient,\n"
    "  cross-entropy-options, cross-entropy-dense, softmax-jvp, log-softmax-jvp, double-backward, hessian-product,\n"
    "  hessian, softmax-sink, softmax-softcap, log-softmax-slope, logsumexp-sink, logsumexp-backward-sink,\n"
    "  logsumexp-backward-softcap, softcap-backward, sink-gradient\n"
    "                each with -f32 or -f64 behind its name; logits: with a scale and an additive mask; the last\n"
    "                eight: with slopes, sinks and, where it is said, a softcap\n"
    "  all           all of these\n"
    "check judges the results in files of golden vectors instead.\n"
    "\n"
    "  --seconds S     search each function for S seconds (default 60)\n"
    "  --seed K        start of the random numbers (default 1)\n"
    "  --n N           rows of N entries only\n"
    "  --isa NAME      use this instruction set\n"
    "  --quick         1 second each, and sweeps that skip most arguments\n"
    "  --witness FILE  append the worst rows to FILE as cases of tests/vectors without results\n"
    "  --help\n"
    "\n"
    "Exit status: 0 if every error is within its bound, 1 if not, 2 for wrong usage.\n";

static int wrong_usage(const char *what, const char *detail) {
    fprintf(stderr, "ulp: %s%s (--help says more)\n", what, detail);
    return 2;
}

static bool parse_number(const char *text, double low, double high, double *value) {
    char *end;
    *value = strtod(text, &end);
    return *text && !*end && *value >= low && *value <= high;
}

/* 0: go on, with argv from optind on; 2: refused; -1: done. */
static int parse_options(int argc, char **argv, search_options *options) {
    enum { SECONDS = 1, SEED, LENGTH, ISA, QUICK, WITNESS, HELP };
    static const struct option known[] = {{"seconds", required_argument, NULL, SECONDS},
                                          {"seed", required_argument, NULL, SEED},
                                          {"n", required_argument, NULL, LENGTH},
                                          {"isa", required_argument, NULL, ISA},
                                          {"quick", no_argument, NULL, QUICK},
                                          {"witness", required_argument, NULL, WITNESS},
                                          {"help", no_argument, NULL, HELP},
                                          {NULL, 0, NULL, 0}};
    double number;
    for (int key; (key = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (key) {
        case SECONDS:
            if (!parse_number(optarg, 0.1, 1e6, &options->seconds))
                return wrong_usage("--seconds must be a number from 0.1 on, not ", optarg);
            break;
        case SEED:
            if (!parse_number(optarg, 0, 0x1p53, &number))
                return wrong_usage("--seed must be an integer, not ", optarg);
            options->seed = (uint64_t)number;
            break;
        case LENGTH:
            if (!parse_number(optarg, 1, 0x1p24, &number))
                return wrong_usage("--n must be from 1 to 2^24, not ", optarg);
            options->n = (size_t)number;
            break;
        case ISA:
            if (smx_isa_set(optarg) != SMX_OK)
                return wrong_usage("no such instruction set here: ", optarg);
            break;
        case QUICK:
            options->quick = true;
            options->seconds = 1;
            break;
        case WITNESS:
            options->witness = fopen(optarg, "a");
            if (!options->witness)
                return wrong_usage("can't write ", optarg);
            break;
        case HELP:
            fputs(usage, stdout);
            return -1;
        default:
            return 2;
        }
    }
    return 0;
}

/* False if a bound is broken. */
static bool run(command c, const search_options *options) {
    bool good = !c.sweep || c.sweep(options);
    return (!c.problem || search(c.problem, options)) && good;
}

int main(int argc, char **argv) {
    search_options options = {.seconds = 60, .seed = 1, .progress = isatty(STDERR_FILENO)};
    int refused = parse_options(argc, argv, &options);
    if (refused)
        return refused < 0 ? 0 : refused;
    if (optind == argc)
        return wrong_usage("which function?", "");
    if (!smx_isa())
        return wrong_usage("SMX_ISA names no instruction set that is available: ", getenv("SMX_ISA"));
    if (strcmp(argv[optind], "check") == 0)
        return check_files(argc - optind - 1, argv + optind + 1) ? 0 : 1;
    bool chosen[MOST] = {false};
    size_t count = COUNT + function_problem_count;
    for (int i = optind; i < argc; i++) {
        bool known = false;
        for (size_t k = 0; k < count; k++)
            if (strcmp(argv[i], command_at(k).name) == 0 || strcmp(argv[i], "all") == 0)
                chosen[k] = known = true;
        if (!known)
            return wrong_usage("no such function: ", argv[i]);
    }
    bool good = true, within[MOST];
    for (size_t k = 0; k < count; k++)
        good = (within[k] = !chosen[k] || run(command_at(k), &options)) && good;
    for (size_t k = 0; k < count; k++)
        if (!within[k])
            printf("beyond its bound: %s\n", command_at(k).name);
    if (options.witness && fclose(options.witness) != 0)
        return wrong_usage("can't write the witnesses: ", strerror(errno));
    return good ? 0 : 1;
}
