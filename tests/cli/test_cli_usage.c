/* Wrong usage: one line with a hint, exit status 2, no output. And the texts that the tool prints when asked to. */
#include "array.h"
#include "tool.h"

static int setup(void **state) {
    (void)state;
    const array a = {.t = &dtype_f32, .ndim = 2, .shape = {2, 3}};
    array_write_sparse(&a, "good.npy");
    assert_success(shell("true")); /* makes the file of stderr, so that it is there before and after */
    return 0;
}

static void test_usage(void **state) {
    (void)state;
    static const struct {
        const char *command, *says;
    } wrong[] = {
        {"", "no command (try 'smx --help')"},
        {"sofmax", "no command is called 'sofmax'"},
        {"-x", "no command is called '-x'"},
        {"softmax good.npy", "needs -o FILE"},
        {"softmax -o out.npy", "takes 1 input file, not 0 (try 'smx softmax --help')"},
        {"softmax good.npy good.npy -o out.npy", "takes 1 input file, not 2"},
        {"backward good.npy -o out.npy", "takes 2 input files, not 1"},
        {"backward - - -o out.npy", "only one input can be standard input"},
        {"softmax good.npy -o", "option '-o' needs a value"},
        {"softmax good.npy -o out.npy --axis", "option '--axis' needs a value"},
        {"softmax good.npy -o out.npy --axis x", "not 'x'"},
        {"softmax good.npy -o out.npy --axis ''", "not ''"},
        {"softmax good.npy -o out.npy --axis 1x", "not '1x'"},
        {"softmax good.npy -o out.npy --axis 99999999999999999999", "not '99999999999999999999'"},
        {"softmax good.npy -o out.npy --axis 2", "--axis 2 is out of range for good.npy, which has 2 dimensions"},
        {"softmax good.npy -o out.npy --axis -3", "--axis -3 is out of range"},
        {"backward good.npy good.npy -o out.npy --axis 2", "--axis 2 is out of range"},
        {"softmax good.npy -o out.npy --threads 0", "--threads takes a number from 1 to 1024, not '0'"},
        {"softmax good.npy -o out.npy -t -1", "not '-1'"},
        {"softmax good.npy -o out.npy --memory 0", "not '0'"},
        {"softmax good.npy -o out.npy --plus-inf maybe", "'nan' or 'limit', not 'maybe'"},
        {"softmax good.npy -o out.npy --minus-inf-row limit", "'nan' or 'zeros', not 'limit'"},
        {"backward good.npy good.npy -o out.npy --plus-inf nan", "unknown option '--plus-inf'"},
        {"jacobian good.npy -o out.npy --axis 0", "unknown option '--axis'"},
        {"softmax good.npy -o out.npy -q", "unknown option '-q'"},
        {"softmax good.npy -o out.npy --nonsense", "unknown option '--nonsense'"},
        {"info x", "takes no 'x'"},
        {"info --x", "unknown option '--x'"},
    };
    size_t before = count_entries("");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_refused(shell("$SMX %s", wrong[i].command), 2, "smx", wrong[i].says);
    assert_int_equal(count_entries(""), before);
}

static void test_isa(void **state) {
    (void)state;
    static const char *const commands[] = {"info", "softmax good.npy -o out.npy",
                                           "backward good.npy good.npy -o out.npy", "jacobian good.npy -o out.npy"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        assert_refused(shell("SMX_ISA=bogus $SMX %s", commands[i]), 2, "SMX_ISA=bogus", "available: ");
    assert_success(shell("SMX_ISA=scalar $SMX info | grep -q '^instruction set  scalar$'"));
}

static void test_help(void **state) {
    (void)state;
    assert_success(shell("for c in '' softmax backward jacobian demo info; do $SMX $c --help | grep -q '^usage: smx' ||"
                         " exit 1; $SMX $c -h > /dev/null || exit 1; done"));
    assert_success(shell("for c in softmax backward jacobian demo info; do $SMX --help | grep -q \"^  $c \" || exit 1;"
                         " done"));
    assert_success(shell("$SMX --version | grep -qx 'smx %s'", smx_version()));
    assert_success(shell("$SMX info | grep -qx 'version          %s'", smx_version()));
    assert_refused(shell("$SMX --help > /dev/full"), 1, "smx: standard output: ", "No space left");
    assert_refused(shell("$SMX info >&-"), 1, "smx: standard output: ", "Bad file descriptor");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_usage, setup),
        cmocka_unit_test_setup(test_isa, setup),
        cmocka_unit_test_setup(test_help, setup),
    };
    return RUN_CLI_TESTS(argc, argv, tests);
}
