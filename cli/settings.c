#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "message.h"

static bool parse_integer(const char *text, long low, long high, long *value) {
    char *end;
    errno = 0;
    *value = strtol(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *value >= low && *value <= high;
}

static int set_axis(settings *set, const char *text) {
    if (parse_integer(text, -64, 63, &set->axis))
        return -1;
    return complain_usage(set->who, "--axis takes a number from -64 to 63, not '%s'", text);
}

static int set_threads(settings *set, const char *text) {
    long threads;
    if (!parse_integer(text, 1, 1024, &threads))
        return complain_usage(set->who, "--threads takes a number from 1 to 1024, not '%s'", text);
    set->options.threads = (unsigned)threads;
    return -1;
}

static int set_memory(settings *set, const char *text) {
    long mib;
    if (!parse_integer(text, 1, 65536, &mib))
        return complain_usage(set->who, "--memory takes a number of MiB from 1 to 65536, not '%s'", text);
    set->memory = (size_t)mib << 20;
    return -1;
}

static int set_plus_inf(settings *set, const char *text) {
    if (strcmp(text, "limit") == 0)
        set->options.plus_inf = SMX_PLUS_INF_LIMIT;
    else if (strcmp(text, "nan") == 0)
        set->options.plus_inf = SMX_PLUS_INF_NAN;
    else
        return complain_usage(set->who, "--plus-inf takes 'nan' or 'limit', not '%s'", text);
    return -1;
}

static int set_minus_inf_row(settings *set, const char *text) {
    if (strcmp(text, "zeros") == 0)
        set->options.minus_inf_row = SMX_MINUS_INF_ROW_ZEROS;
    else if (strcmp(text, "nan") == 0)
        set->options.minus_inf_row = SMX_MINUS_INF_ROW_NAN;
    else
        return complain_usage(set->who, "--minus-inf-row takes 'nan' or 'zeros', not '%s'", text);
    return -1;
}

/* getopt reports an unknown short option in optopt, and a long one nowhere but in argv. */
static int refuse_option(const settings *set, char **argv) {
    if (optopt > 0 && optopt < SET_AXIS)
        return complain_usage(set->who, "unknown option '-%c'", optopt);
    return complain_usage(set->who, "unknown option '%s'", argv[optind - 1]);
}

static int set_option(settings *set, int option, char **argv, const char *help) {
    switch (option) {
    case 'h':
    case SET_HELP:
        fputs(help, stdout);
        return EXIT_OK;
    case 'o':
    case SET_OUTPUT:
        set->output = optarg;
        return -1;
    case SET_AXIS:
        return set_axis(set, optarg);
    case 't':
    case SET_THREADS:
        return set_threads(set, optarg);
    case SET_MEMORY:
        return set_memory(set, optarg);
    case SET_PLUS_INF:
        return set_plus_inf(set, optarg);
    case SET_MINUS_INF_ROW:
        return set_minus_inf_row(set, optarg);
    case ':':
        return complain_usage(set->who, "option '%s' needs a value", argv[optind - 1]);
    default:
        return refuse_option(set, argv);
    }
}

static int take_inputs(settings *set, int count, char **names, int wanted) {
    if (count != wanted)
        return complain_usage(set->who, "takes %d input file%s, not %d", wanted, wanted == 1 ? "" : "s", count);
    int standard = 0;
    for (int i = 0; i < count; i++) {
        set->input[i] = names[i];
        standard += strcmp(names[i], "-") == 0;
    }
    if (standard > 1)
        return complain_usage(set->who, "only one input can be standard input");
    if (set->output == NULL)
        return complain_usage(set->who, "needs -o FILE, where the result goes");
    return -1;
}

int settings_parse(settings *set, int argc, char **argv, const struct option *table, int inputs, const char *help) {
    *set = (settings){.who = argv[0], .axis = -1, .memory = (size_t)128 << 20, .options.size = sizeof set->options};
    opterr = 0;
    int option;
    while ((option = getopt_long(argc, argv, ":ho:t:", table, NULL)) != -1) {
        int status = set_option(set, option, argv, help);
        if (status >= 0)
            return status;
    }
    return take_inputs(set, argc - optind, argv + optind, inputs);
}
