/* The golden vectors through the tool: each command that computes on rows calls the function that it is named for, with
 * its arguments in their places. */
#include "golden.h"
#include "message.h"
#include "operations.h"
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 3, LONGEST = 100, ARGUMENTS = 300 };

static const char *vectors;

/* log_softmax_jvp is log-softmax-jvp, softmax_jvp is jvp, and logsumexp_weighted is logsumexp with an option. */
static const command *command_of(golden_function function) {
    char name[40];
    snprintf(name, sizeof name, "%s", golden_signatures[function].name);
    for (char *c = name; *c != '\0'; c++)
        *c = (char)(*c == '_' ? '-' : *c);
    if (strcmp(name, "logsumexp-weighted") == 0)
        name[strlen("logsumexp")] = '\0';
    bool is_prefixed = strncmp(name, "softmax-", strlen("softmax-")) == 0;
    return command_named(is_prefixed ? name + strlen("softmax-") : name);
}

/* With all results and no options but a scale. */
static bool is_plain(const golden_case *c) {
    for (int i = GOLDEN_ADD; i < GOLDEN_ARRAYS; i++) {
        if (c->array[i] != NULL)
            return false;
    }
    return c->result != NULL && c->n <= LONGEST && c->options.plus_inf == 0 && c->options.minus_inf_row == 0;
}

static void write_input(const golden_case *c, golden_array which, const char *path) {
    const dtype *t = c->f64 ? &dtype_f64 : &dtype_f32;
    bool one = golden_arrays[which].size == GOLDEN_ONE;
    const array in = {.t = t, .ndim = one ? 1 : 2, .shape = {1, c->n}, .data = c->array[which]};
    if (which != GOLDEN_LABEL) {
        array_write(&in, path, 1, 0);
        return;
    }
    const int64_t label = (int64_t)golden_get(c, which, 0);
    npy_write_as(path, "<i8", "(1,)", &label, sizeof label);
}

static void write_inputs(const golden_case *c, const command *cmd, char arguments[static ARGUMENTS]) {
    const golden_signature *f = &golden_signatures[c->function];
    for (size_t i = 0; i < f->input_count; i++) {
        char path[32];
        snprintf(path, sizeof path, "in%zu.npy", i);
        write_input(c, f->inputs[i], path);
        if (i >= (size_t)cmd->inputs)
            append_text(arguments, ARGUMENTS, " --%s", setting_table[cmd->operation->source[i].from].name);
        append_text(arguments, ARGUMENTS, " %s", path);
    }
    if (c->array[GOLDEN_SCALE] != NULL)
        append_text(arguments, ARGUMENTS, " --scale %a", golden_get(c, GOLDEN_SCALE, 0));
    if ((cmd->settings & SET(SET_REDUCTION)) != 0)
        append_text(arguments, ARGUMENTS, " --reduction none");
}

static bool is_written(const command *cmd, const row_result *what) {
    static const settings none;
    return (cmd->settings & SET(what->to)) != 0 && (what->allowed == NULL || what->allowed(&none));
}

/* Result k, which the file has as numbers of the case's type, or as integers. */
static void check_result(const golden_case *c, int k, const row_result *what) {
    const dtype *t = c->f64 ? &dtype_f64 : &dtype_f32;
    const void *expected = at_const(t, c->result, golden_result_offset(c, (size_t)k));
    size_t bytes = golden_count(c, golden_signatures[c->function].results[k].size) * t->size, length;
    int64_t place;
    if (what->dtype == NPY_I8) {
        place = (int64_t)t->load(expected, 0);
        expected = &place;
        bytes = sizeof place;
    }
    char path[32];
    snprintf(path, sizeof path, "out%d.npy", k);
    char *file = read_file(path, &length);
    assert_true(length > bytes);
    assert_memory_equal(file + length - bytes, expected, bytes);
    free(file);
}

static void run_case(const golden_case *c, const command *cmd) {
    const golden_part *parts = golden_signatures[c->function].results;
    const row_result *results[GOLDEN_RESULTS], *what = cmd->operation->result;
    int count = 0;
    char arguments[ARGUMENTS];
    snprintf(arguments, ARGUMENTS, "%s", cmd->name);
    write_inputs(c, cmd, arguments);
    for (; count < GOLDEN_RESULTS && parts[count].size != GOLDEN_NONE; count++) {
        while (!is_written(cmd, what))
            what++;
        append_text(arguments, ARGUMENTS, " --%s out%d.npy", setting_table[what->to].name, count);
        results[count] = what++;
    }
    assert_success(shell("$SMX %s > /dev/null", arguments));
    for (int k = 0; k < count; k++)
        check_result(c, k, results[k]);
}

static void run_file(const char *path, unsigned done[static GOLDEN_FUNCTIONS]) {
    golden_file file;
    golden_case c;
    int got;
    if (!golden_open(&file, path))
        fail_msg("%s: %s", path, file.error);
    for (; (got = golden_next(&file, &c)) > 0; golden_case_clear(&c)) {
        const command *cmd = command_of(c.function);
        if (cmd == NULL || c.function == GOLDEN_CROSS_ENTROPY || /* which has tests of its own */
            !is_plain(&c) || done[c.function] == CASES)
            continue;
        done[c.function]++;
        run_case(&c, cmd);
    }
    assert_int_equal(got, 0);
    golden_close(&file);
}

static void test_golden(void **state) {
    const dtype *t = *state;
    unsigned done[GOLDEN_FUNCTIONS] = {0};
    char path[300], *index, *rest;
    snprintf(path, sizeof path, "%s/index.txt", vectors);
    index = read_file(path, NULL);
    for (char *name = strtok_r(index, "\n", &rest); name != NULL; name = strtok_r(NULL, "\n", &rest)) {
        if (strstr(name, t->name) == NULL)
            continue;
        snprintf(path, sizeof path, "%s/%s", vectors, name);
        run_file(path, done);
    }
    free(index);
    const command *cmd;
    unsigned total = 0;
    for (size_t i = 0; (cmd = row_command(i)) != NULL; i++) {
        unsigned cases = 0;
        for (int f = 0; f < GOLDEN_FUNCTIONS; f++)
            cases += command_of((golden_function)f) == cmd ? done[f] : 0;
        if (cases == 0)
            print_message("skip: %s: there are no golden vectors for it\n", cmd->name);
        total += cases;
    }
    assert_true(total >= 12 * CASES); /* most commands have some */
    assert_true(done[GOLDEN_NLL] == CASES && done[GOLDEN_ARGMAX] == CASES);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {TEST_BOTH(test_golden)};
    if (argc != 3 || (vectors = realpath(argv[2], NULL)) == NULL)
        fail_msg("usage: %s PATH-OF-SMX PATH-OF-VECTORS", argv[0]);
    return RUN_CLI_TESTS(2, argv, tests);
}
