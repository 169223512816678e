#include "settings.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "message.h"

/* A long option's number in getopt: beyond every letter. */
enum { FIRST = 256 };

static bool takes(const command *cmd, int s) { return (cmd->settings & SET(s)) != 0; }

static void make_options(const command *cmd, struct option *longs, char *letters) {
    *letters++ = ':';
    for (int s = 0; s < SETTINGS; s++) {
        const setting_entry *entry = &setting_table[s];
        if (!takes(cmd, s))
            continue;
        int argument = entry->value == NULL ? no_argument : required_argument;
        *longs++ = (struct option){entry->name, argument, NULL, FIRST + s};
        if (entry->letter == 0)
            continue;
        *letters++ = entry->letter;
        if (entry->value != NULL)
            *letters++ = ':';
    }
    *longs = (struct option){0};
    *letters = '\0';
}

/* The setting that getopt found; -1 if it is none. */
static int find_setting(const command *cmd, int option) {
    if (option >= FIRST)
        return option - FIRST;
    for (int s = 0; s < SETTINGS; s++) {
        if (takes(cmd, s) && setting_table[s].letter == option)
            return s;
    }
    return -1;
}

/* Lines of help after the first stand below it. */
static void print_setting(const setting_entry *entry) {
    enum { COLUMN = 28 };
    int used = printf(entry->letter == 0 ? "      --" : "  -%c, --", entry->letter);
    used += printf(entry->value == NULL ? "%s" : "%s %s", entry->name, entry->value);
    int column = used < COLUMN - 1 ? COLUMN - used : 2;
    for (const char *line = entry->help; *line != '\0';) {
        size_t length = strcspn(line, "\n") + 1;
        printf("%*s%.*s", column, "", (int)length, line);
        line += length;
        column = COLUMN;
    }
}

void settings_print_help(const command *cmd) {
    printf("usage: smx %s%s%s\n\n%s", cmd->name, *cmd->arguments == '\0' ? "" : " ", cmd->arguments, cmd->text);
    if (cmd->example != NULL)
        printf("\nExample: %s\n", cmd->example);
    putchar('\n');
    for (int s = 0; s < SETTINGS; s++) {
        if (takes(cmd, s))
            print_setting(&setting_table[s]);
    }
}

/* getopt leaves a short option in optopt, and of long ones only one that it knows and that takes no value: --help=X.
 * An unknown long one is nowhere but in argv. */
static int refuse_option(const settings *set, char **argv) {
    if (optopt >= FIRST)
        return complain_usage(set->who, "option '--%s' takes no value", setting_table[optopt - FIRST].name);
    if (optopt > 0)
        return complain_usage(set->who, "unknown option '-%c'", optopt);
    return complain_usage(set->who, "unknown option '%s'", argv[optind - 1]);
}

static bool names_file(const setting_entry *entry) {
    return strcmp(entry->value, "FILE") == 0 || strcmp(entry->value, "DIR") == 0;
}

static int take_option(settings *set, const command *cmd, int option, char **argv) {
    if (option == ':')
        return complain_usage(set->who, "option '%s' needs a value", argv[optind - 1]);
    int s = find_setting(cmd, option);
    if (s < 0)
        return refuse_option(set, argv);
    if (s == SET_HELP) {
        settings_print_help(cmd);
        return EXIT_OK;
    }
    if (optarg != NULL && *optarg == '\0' && names_file(&setting_table[s]))
        return complain_usage(set->who, "option '--%s' is given an empty name", setting_table[s].name);
    set->text[s] = optarg != NULL ? optarg : "";
    return setting_table[s].set == NULL ? -1 : setting_table[s].set(set, optarg);
}

static bool names_input(int s) {
    return s > LAST_OUTPUT && setting_table[s].value != NULL && strcmp(setting_table[s].value, "FILE") == 0;
}

/* One stream cannot be read, or written, twice. */
static int check_streams(const settings *set, const command *cmd) {
    int in = 0;
    for (int i = 0; i < cmd->inputs; i++)
        in += strcmp(set->input[i], "-") == 0;
    for (int s = 0; s < SETTINGS; s++)
        in += names_input(s) && set->text[s] != NULL && strcmp(set->text[s], "-") == 0;
    return in > 1 ? complain_usage(set->who, "only one input can be standard input") : -1;
}

/* No two outputs go to one file. */
static int check_outputs(const settings *set) {
    for (int a = SET_OUTPUT; a <= LAST_OUTPUT; a++) {
        for (int b = a + 1; b <= LAST_OUTPUT && set->text[a] != NULL; b++) {
            if (set->text[b] != NULL && strcmp(set->text[a], set->text[b]) == 0)
                return complain_usage(set->who, "--%s and --%s name the same file, '%s'", setting_table[a].name,
                                      setting_table[b].name, set->text[a]);
        }
    }
    return -1;
}

/* Of some results one must be wanted. */
static int check_needed(const settings *set, const command *cmd) {
    char list[256] = "";
    if (cmd->needs == SET(SET_OUTPUT) && set->text[SET_OUTPUT] == NULL)
        return complain_usage(set->who, "needs -o FILE, where the result goes: %s %s", set->who, cmd->arguments);
    for (int s = 0; s < SETTINGS; s++) {
        if ((cmd->needs & SET(s)) == 0)
            continue;
        if (set->text[s] != NULL)
            return -1;
        append_text(list, sizeof list, "%s--%s", *list == '\0' ? "" : " or ", setting_table[s].name);
    }
    return *list == '\0'
               ? -1
               : complain_usage(set->who, "needs %s FILE, where a result goes: %s %s", list, set->who, cmd->arguments);
}

static int check_scale(const settings *set) {
    static const setting ways[] = {SET_SCALE, SET_TEMPERATURE, SET_SCALE_FILE};
    int given = 0;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        given += set->text[ways[i]] != NULL;
    return given > 1 ? complain_usage(set->who, "only one of --scale, --temperature and --scale-file can be given")
                     : -1;
}

static int take_inputs(settings *set, const command *cmd, int count, char **names) {
    if (cmd->inputs == 0 && count > 0)
        return complain_usage(set->who, "takes no '%s'", names[0]);
    if (count != cmd->inputs)
        return complain_usage(set->who, "takes %d input file%s, not %d: %s %s", cmd->inputs,
                              cmd->inputs == 1 ? "" : "s", count, set->who, cmd->arguments);
    for (int i = 0; i < count; i++) {
        if (*names[i] == '\0')
            return complain_usage(set->who, "input file %d of %d has an empty name: %s %s", i + 1, count, set->who,
                                  cmd->arguments);
        set->input[i] = names[i];
    }
    int status = check_streams(set, cmd);
    if (status < 0)
        status = check_needed(set, cmd);
    if (status < 0)
        status = check_outputs(set);
    return status < 0 ? check_scale(set) : status;
}

int settings_parse(settings *set, const command *cmd, int argc, char **argv) {
    *set = (settings){.axis = {-1},
                      .axes = 1,
                      .memory = (size_t)128 << 20,
                      .scale = 1,
                      .reduction = SMX_REDUCTION_MEAN,
                      .options.size = sizeof set->options};
    snprintf(set->who, sizeof set->who, "smx %s", cmd->name);
    struct option longs[SETTINGS + 1];
    char letters[2 * SETTINGS + 2];
    make_options(cmd, longs, letters);
    opterr = 0;
    int option;
    while ((option = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        int status = take_option(set, cmd, option, argv);
        if (status >= 0)
            return status;
    }
    return take_inputs(set, cmd, argc - optind, argv + optind);
}
