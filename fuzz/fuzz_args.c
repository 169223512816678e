/* The tool's arguments: any command line, one argument a line, run as main would, in a folder of small arrays.
 *
 * It ends with one of the three exit statuses. If it fails it says so in one line, and has written nothing; if not,
 * what it wrote are arrays. `smx demo` stops after its options: what it does is a minute of training and no matter of
 * them. */
#define main smx_main /* what it does with a command line is static there */
#include "main.c"
#undef main

#include <ctype.h>
#include <stdlib.h>

#include "fuzz.h"
#include "scratch.h"

enum { ARGUMENTS = 40, SPACE = 4096 };

/* Values that options take and their help does not put in quotes. */
static const char *const values[] = {"f2",  "bf16", "f4", "f8",  "0",   "1",    "2",    "-1",  "-2", "0.5", "3",
                                     "1e9", "nan",  "64", "inf", "-65", "1024", "-0.0", "new", "-",  "0,1"};

/* ---- Words for libFuzzer's dictionary ---------------------------------------------------------------------------- */

static void write_word(FILE *words, const char *before, const char *text, size_t length) {
    fprintf(words, "\"\\x0a%s%.*s\\x0a\"\n", before, (int)length, text);
}

/* 'nan' and the like. */
static void write_quoted(FILE *words, const char *help) {
    for (const char *start = strchr(help, '\''); start != NULL; start = strchr(start, '\'')) {
        size_t length = strcspn(++start, "'\n ");
        if (start[length] == '\'' && isalnum((unsigned char)*start))
            write_word(words, "", start, length);
        start += length + (start[length] == '\'');
    }
}

static void write_words(const char *path) {
    FILE *words = fopen(path, "w");
    if (words == NULL)
        fuzz_fail("cannot write %s", path);
    for (size_t i = 0; commands[i] != NULL; i++)
        write_word(words, "", commands[i]->name, strlen(commands[i]->name));
    for (int s = 0; s < SETTINGS; s++) {
        const setting_entry *entry = &setting_table[s];
        write_word(words, "--", entry->name, strlen(entry->name));
        if (entry->letter != 0)
            write_word(words, "-", &entry->letter, 1);
        write_quoted(words, entry->help);
    }
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        write_word(words, "", values[i], strlen(values[i]));
    for (size_t i = 0; scratch_name(i) != NULL; i++)
        write_word(words, "", scratch_name(i), strlen(scratch_name(i)));
    if (fclose(words) != 0)
        fuzz_fail("cannot write %s", path);
}

/* libFuzzer reads its options after this: one more makes it use the words of the tool as it is now. */
static void add_dictionary(int *argc, char ***argv) {
    static char option[512];
    const char *path = scratch_beside("words");
    write_words(path);
    snprintf(option, sizeof option, "-dict=%s", path);
    char **longer = calloc((size_t)*argc + 2, sizeof *longer);
    if (longer == NULL)
        fuzz_fail("out of memory");
    memcpy(longer, *argv, (size_t)*argc * sizeof *longer);
    longer[(*argc)++] = option;
    *argv = longer;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    int null = open("/dev/null", O_WRONLY);
    if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
        fuzz_fail("cannot open /dev/null");
    scratch_make();
    add_dictionary(argc, argv);
    streams_capture();
    return 0;
}

/* ---- One command line -------------------------------------------------------------------------------------------- */

/* Slashes and two dots would lead out of the folder. */
static bool is_safe(const char *text) { return strchr(text, '/') == NULL && strstr(text, "..") == NULL; }

/* Cuts the text into arguments; false if they are too many, or not safe. A line that begins with \0 is an empty one. */
static bool split(char *text, size_t size, int *argc, char *argv[static ARGUMENTS + 1]) {
    static char name[] = "smx";
    char *end = text + size;
    *argc = 0;
    argv[(*argc)++] = name;
    for (char *line = text; line < end;) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop != NULL ? stop : end;
        *stop = '\0';
        if (stop > line) {
            if (*argc == ARGUMENTS || !is_safe(line))
                return false;
            argv[(*argc)++] = line;
        }
        line = stop + 1;
    }
    argv[*argc] = NULL;
    return true;
}

static int run_tool(int argc, char **argv) {
    optind = 0; /* getopt begins anew */
    if (argc > 1 && strcmp(argv[1], demo_command.name) == 0) {
        settings set;
        int status = settings_parse(&set, &demo_command, argc - 1, argv + 1);
        return status >= 0 ? status : EXIT_OK;
    }
    return flush_stdout(run(argc, argv));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static char text[SPACE + 1];
    char *argv[ARGUMENTS + 1];
    int argc;
    if (size > SPACE)
        return 0;
    memcpy(text, bytes, size);
    text[size] = '\0';
    if (!split(text, size, &argc, argv))
        return 0;
    int descriptor = streams_free_descriptor();
    streams_clear();
    scratch_enter();
    int status = run_tool(argc, argv);
    scratch_leave();
    if (status < EXIT_OK || status > EXIT_USAGE)
        fuzz_fail("exit status %d", status);
    if (status != EXIT_OK)
        streams_expect_message();
    else if (*streams_errors() != '\0')
        fuzz_fail("succeeded, with a message: %s", streams_errors());
    scratch_restore(status == EXIT_OK);
    if (streams_free_descriptor() != descriptor)
        fuzz_fail("a descriptor was left open");
    return 0;
}
