/* Wrong usage: one line with a hint, exit status 2, no output. And the texts that the tool prints when asked to. */
#include "array.h"
#include "commands.h"
#include "tool.h"

static int setup(void **state) {
    (void)state;
    const array a = {.t = &dtype_f32, .ndim = 2, .shape = {2, 3}};
    array_write_sparse(&a, "good.npy");
    const array one = {.t = &dtype_f32, .ndim = 1, .shape = {1}};
    array_write_sparse(&one, "one.npy");
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
        {"-x", "the command comes first"},
        {"--axis 0 softmax good.npy -o out.npy", "the command comes first, and then its options: smx COMMAND"},
        {"help sofmax", "no command is called 'sofmax'"},
        {"help softmax backward", "takes one command, not 2"},
        {"softmax good.npy", "needs -o FILE, where the result goes: smx softmax X.npy -o Y.npy [OPTION...] (try"},
        {"softmax '' -o out.npy", "input file 1 of 1 has an empty name"},
        {"backward good.npy '' -o out.npy", "input file 2 of 2 has an empty name"},
        {"softmax good.npy -o ''", "option '--output' is given an empty name"},
        {"softmax good.npy -o out.npy --mask=", "option '--mask' is given an empty name"},
        {"cross-entropy good.npy good.npy --grad ''", "option '--grad' is given an empty name"},
        {"demo --data ''", "option '--data' is given an empty name"},
        {"softmax good.npy -o out.npy --temperature 1e-400", "from 2^-64 to 2^64 or its negative, not '1e-400'"},
        {"softmax good.npy -o out.npy --temperature -1e-320", "not '-1e-320'"},
        {"softmax good.npy -o out.npy --scale 1e-400", "not '1e-400'"},
        {"softmax -o out.npy", "takes 1 input file, not 0: smx softmax X.npy -o Y.npy [OPTION...] (try 'smx softmax"},
        {"softmax good.npy good.npy -o out.npy", "takes 1 input file, not 2"},
        {"backward good.npy -o out.npy", "takes 2 input files, not 1"},
        {"backward - - -o out.npy", "only one input can be standard input"},
        {"softmax good.npy -o", "option '-o' needs a value"},
        {"softmax good.npy -o out.npy --axis", "option '--axis' needs a value"},
        {"softmax good.npy -o out.npy --axis x", "not 'x'"},
        {"softmax good.npy -o out.npy --axis ''", "not ''"},
        {"softmax good.npy -o out.npy --axis 1x", "not '1x'"},
        {"softmax good.npy -o out.npy --axis 99999999999999999999", "not '99999999999999999999'"},
        {"softmax good.npy -o out.npy --axis 0,", "several as in 0,1, or 'all', not '0,'"},
        {"softmax good.npy -o out.npy --axis 0,x", "not '0,x'"},
        {"softmax good.npy -o out.npy --axis 0,-2", "--axis names axis 0 of good.npy twice"},
        {"softmax good.npy -o out.npy --axis 0,2", "--axis 2 is out of range"},
        {"softmax good.npy -o out.npy --axis all --causal top-left", "--causal works along the last axis only"},
        {"softmax good.npy -o out.npy --window 1,", "--window takes a number from -1, or two as in 128,0, not '1,'"},
        {"softmax good.npy -o out.npy --window -2", "not '-2'"},
        {"softmax good.npy -o out.npy --window 1,2,3", "not '1,2,3'"},
        {"softmax good.npy -o out.npy --window 1 --axis 0", "--window works along the last axis only"},
        {"softmax good.npy -o out.npy --alibi good.npy --axis 0", "--alibi works along the last axis only"},
        {"softmax good.npy -o out.npy --softcap 0", "--softcap takes a number from 2^-10 to 2^15, not '0'"},
        {"logsumexp good.npy -o out.npy --sink one.npy --weights good.npy", "--sink has no weight"},
        {"softmax good.npy -o out.npy --keepdims", "unknown option '--keepdims'"},
        {"logsumexp good.npy -o out.npy --keepdims=1", "option '--keepdims' takes no value"},
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
        {"backward good.npy good.npy -o out.npy --minus-inf-row nan", "unknown option '--minus-inf-row'"},
        {"softmax good.npy -o out.npy --dtype f16", "'f2', 'bf16', 'f4' or 'f8', not 'f16'"},
        {"softmax good.npy -o out.npy --scale 0", "--scale takes a number from 2^-64 to 2^64 or its negative, not '0'"},
        {"softmax good.npy -o out.npy --scale nan", "not 'nan'"},
        {"softmax good.npy -o out.npy --scale 1e300", "not '1e300'"},
        {"softmax good.npy -o out.npy --scale 1e999", "not '1e999'"},
        {"softmax good.npy -o out.npy --scale 1,5", "not '1,5'"},
        {"softmax good.npy -o out.npy --temperature 0", "its limit is the argmax: 'smx argmax X.npy"},
        {"softmax good.npy -o out.npy --temperature -0.0", "its limit is the argmax"},
        {"softmax good.npy -o out.npy --temperature inf", "--temperature takes a number"},
        {"softmax good.npy -o out.npy --temperature 2 --scale 2",
         "only one of --scale, --temperature and --scale-file"},
        {"softmax good.npy -o out.npy --scale-file good.npy --scale 2", "only one of --scale"},
        {"softmax good.npy -o out.npy --causal left", "'none', 'top-left' or 'bottom-right', not 'left'"},
        {"softmax good.npy -o out.npy --causal top-left --axis 0", "--causal works along the last axis only"},
        {"softmax - -o out.npy --mask -", "only one input can be standard input"},
        {"softmax good.npy -o out.npy --help=x", "option '--help' takes no value"},
        {"logsumexp good.npy -o out.npy --sign sign.npy", "--sign needs --weights"},
        {"logsumexp good.npy", "needs --output or --sign FILE, where a result goes"},
        {"logsumexp good.npy --weights good.npy -o out.npy --sign out.npy", "--output and --sign name the same file"},
        {"double-backward good.npy good.npy good.npy", "needs --grad-y or --grad-dy FILE"},
        {"double-backward good.npy good.npy --grad-y out.npy", "takes 3 input files, not 2"},
        {"cross-entropy good.npy", "takes 2 input files, not 1"},
        {"demo --threads 0", "--threads takes a number from 1 to 1024, not '0'"},
        {"demo --axis 1", "unknown option '--axis'"},
        {"demo x", "takes no 'x'"},
        {"info x", "takes no 'x'"},
        {"info --x", "unknown option '--x'"},
    };
    size_t before = count_entries("");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_refused(shell("$SMX %s", wrong[i].command), 2, "smx", wrong[i].says);
    assert_int_equal(count_entries(""), before);
}

static void test_environment(void **state) {
    (void)state;
    static const char *const computing[] = {"info", "softmax good.npy -o out.npy",
                                            "backward good.npy good.npy -o out.npy", "jacobian good.npy -o out.npy",
                                            "cross-entropy good.npy good.npy"};
    for (size_t i = 0; i < sizeof computing / sizeof *computing; i++)
        assert_refused(shell("SMX_ISA=bogus $SMX %s", computing[i]), 2, "SMX_ISA=bogus", "available: ");
    for (size_t i = 0; i < sizeof computing / sizeof *computing; i++)
        assert_refused(shell("SMX_CACHE_BYTES=32M $SMX %s", computing[i]), 2, "smx: SMX_CACHE_BYTES=32M",
                       "is not a number above 0");
    for (size_t i = 0; i < sizeof computing / sizeof *computing; i++)
        assert_refused(shell("SMX_THREADS=two $SMX %s", computing[i]), 2, "smx: SMX_THREADS=two",
                       "is not a number above 0");
    assert_success(shell("SMX_CACHE_BYTES= SMX_THREADS= $SMX info > /dev/null"));
    assert_success(shell("SMX_ISA=scalar $SMX info | grep -q '^instruction set  scalar$'"));
}

/* smx --help names every command once; each has a help of its own, which names it and fits a terminal. */
static void test_help(void **state) {
    (void)state;
    assert_success(shell("$SMX --help | sed -n 's/^  \\([a-z-]*\\)  .*/\\1/p' > commands"));
    size_t count = 0;
    for (; commands[count] != NULL; count++)
        assert_success(shell("grep -qx '%s' commands", commands[count]->name));
    assert_success(shell("test $(wc -l < commands) = %zu", count));
    assert_success(shell("for c in $(cat commands); do $SMX $c --help > help && $SMX $c -h | cmp - help || exit 1;"
                         " head -n 1 help | grep -q \"^usage: smx $c\" || exit 1;"
                         " ! grep -E '^.{101}' help || exit 1; done; rm help commands"));
    assert_success(shell("$SMX --help > help && $SMX help | cmp - help && $SMX help --help | cmp - help && "
                         "$SMX help help | cmp - help && "
                         "$SMX help softmax > help && $SMX softmax --help | cmp - help; r=$?; rm help; exit $r"));
    assert_success(shell("$SMX -h | grep -q '^usage: smx'"));
    assert_success(shell("$SMX --version | grep -qx 'smx %s'", smx_version()));
    assert_success(shell("$SMX info | grep -qx 'version          %s'", smx_version()));
    assert_refused(shell("$SMX --help > /dev/full"), 1, "smx: standard output: ", "No space left");
    assert_refused(shell("$SMX info >&-"), 1, "smx: standard output: ", "Bad file descriptor");
}

/* The example in each help runs, on arrays that have the names and shapes that it speaks of. */
static void test_examples(void **state) {
    (void)state;
    static const struct {
        const char *names;
        array a;
    } arrays[] = {
        {"X Y V DY DX DDX B KEEP LOGP", {.t = &dtype_f32, .ndim = 2, .shape = {4, 3}}},
        {"DLSE SINK", {.t = &dtype_f32, .ndim = 1, .shape = {4}}},
    };
    assert_success(shell("mkdir examples"));
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        array_write_sparse(&arrays[i].a, "examples/a.npy");
        assert_success(shell("cd examples && for n in %s; do cp a.npy $n.npy; done", arrays[i].names));
    }
    static const int32_t zeros[4] = {0};
    npy_write_as("examples/LABELS.npy", "<i4", "(4,)", zeros, sizeof zeros);
    const array vectors = {.t = &dtype_f32, .ndim = 3, .shape = {4, 2, 3}};
    size_t count = 0;
    for (const command *const *cmd = commands; *cmd != NULL; cmd++)
        count += (*cmd)->example != NULL;
    assert_success(shell("for c in $($SMX --help | sed -n 's/^  \\([a-z-]*\\)  .*/\\1/p'); do"
                         " $SMX $c --help | sed -n 's/^Example: smx //p'; done > lines; test $(wc -l < lines) = %zu",
                         count));
    assert_success(shell("grep -v jacobian-product lines > most; cd examples; while read -r line; do"
                         " $SMX $line > /dev/null || exit 1; done < ../most"));
    array_write_sparse(&vectors, "examples/V.npy");
    assert_success(shell("cd examples && $SMX $(grep jacobian-product ../lines)"));
    assert_success(shell("rm -r examples lines most"));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_usage, setup),
        cmocka_unit_test_setup(test_environment, setup),
        cmocka_unit_test_setup(test_help, setup),
        cmocka_unit_test_setup(test_examples, setup),
    };
    return RUN_CLI_TESTS(argc, argv, tests);
}
