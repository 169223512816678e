/* `smx demo`: trains softmax regression on the handwritten digits, shows how it goes, and leaves files and a picture.
 */
#define _POSIX_C_SOURCE 200809L

#include "demo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "message.h"
#include "settings.h"

enum { EPOCHS_A_LINE = 20 };

typedef struct demo_run {
    const char *who;
    const char *data;
    const char *out;
    smx_options options;
    demo_set train;
    demo_set test;
    demo_model model;
    float *train_probabilities;
    float *test_probabilities;
    float *gradient;
    demo_point curve[DEMO_EPOCHS + 1];
} demo_run;

static bool allocate(demo_run *run) {
    run->train_probabilities = calloc(run->train.count, DEMO_CLASSES * sizeof(float));
    run->test_probabilities = calloc(run->test.count, DEMO_CLASSES * sizeof(float));
    run->gradient = calloc(run->train.count, DEMO_CLASSES * sizeof(float));
    if (run->train_probabilities != NULL && run->test_probabilities != NULL && run->gradient != NULL)
        return true;
    complain(run->who, "out of memory");
    return false;
}

static void print_point(int epoch, const demo_point *point) {
    if (epoch == 0)
        printf("\nepoch  train loss  train accuracy  test accuracy\n");
    printf("%5d  %10.4f  %12.1f %%  %11.1f %%\n", epoch, point->loss, 100.0 * point->train_accuracy,
           100.0 * point->test_accuracy);
    fflush(stdout);
}

static smx_status train(demo_run *run) {
    for (int epoch = 0;; epoch++) {
        smx_status status = demo_predict(&run->model, &run->train, run->train_probabilities, &run->options);
        if (status == SMX_OK)
            status = demo_predict(&run->model, &run->test, run->test_probabilities, &run->options);
        if (status != SMX_OK)
            return status;
        demo_point *point = &run->curve[epoch];
        point->loss = demo_loss(&run->train, run->train_probabilities);
        point->train_accuracy = demo_accuracy(&run->train, run->train_probabilities);
        point->test_accuracy = demo_accuracy(&run->test, run->test_probabilities);
        if (epoch % EPOCHS_A_LINE == 0)
            print_point(epoch, point);
        if (epoch == DEMO_EPOCHS)
            return SMX_OK;
        status = demo_descend(&run->model, &run->train, run->train_probabilities, run->gradient, &run->options);
        if (status != SMX_OK)
            return status;
    }
}

/* The test sample whose largest probability is the smallest: its Jacobian has the most to show. */
static size_t least_certain(const demo_set *set, const float *probabilities) {
    size_t least = 0;
    float least_top = 2.0f;
    for (size_t k = 0; k < set->count; k++) {
        const float *row = probabilities + k * DEMO_CLASSES;
        float top = row[demo_class(row)];
        if (top < least_top) {
            least = k;
            least_top = top;
        }
    }
    return least;
}

static smx_status evaluate(const demo_run *run, demo_results *results) {
    size_t k = least_certain(&run->test, run->test_probabilities);
    results->curve = run->curve;
    demo_count(&run->test, run->test_probabilities, results->confusion);
    results->sample = k * DEMO_TEST_EVERY;
    results->image = run->test.images + k * DEMO_PIXELS;
    results->label = run->test.labels[k];
    results->probabilities = run->test_probabilities + k * DEMO_CLASSES;
    return smx_softmax_jacobian_f32(1, DEMO_CLASSES, results->probabilities, DEMO_CLASSES, results->jacobian[0],
                                    DEMO_CLASSES, sizeof results->jacobian / sizeof(float), &run->options);
}

static bool make_directory(const char *path) {
    if (mkdir(path, 0777) == 0)
        return true;
    int error = errno;
    struct stat status;
    if (error == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return true;
    complain(path, "cannot make the directory: %s", strerror(error == EEXIST ? ENOTDIR : error));
    return false;
}

static bool work(demo_run *run) {
    if (!demo_read_digits(run->data, &run->train, &run->test) || !make_directory(run->out) || !allocate(run))
        return false;
    unsigned threads = run->options.threads != 0 ? run->options.threads : smx_threads();
    printf("softmax regression, %d pixels and a bias to %d classes: %zu digits for training, %zu for testing\n",
           DEMO_PIXELS, DEMO_CLASSES, run->train.count, run->test.count);
    printf("instruction set %s, %u thread%s\n", smx_isa(), threads, threads == 1 ? "" : "s");

    demo_results results;
    smx_status status = train(run);
    if (status == SMX_OK)
        status = evaluate(run, &results);
    if (status != SMX_OK) {
        complain_status(run->who, status);
        return false;
    }
    printf("\ntest accuracy: %.1f %%\n", 100.0 * run->curve[DEMO_EPOCHS].test_accuracy);
    demo_print_confusion(results.confusion);
    demo_print_hash(&run->model);
    fflush(stdout);
    return demo_save(run->out, &run->model, &run->test, run->test_probabilities, &results);
}

static int run_demo(const settings *set) {
    static demo_run run;
    run.who = set->who;
    run.data = set->text[SET_DATA];
    run.out = set->text[SET_OUT] == NULL ? "demo" : set->text[SET_OUT];
    run.options = set->options;
    bool ok = work(&run);
    demo_set_free(&run.train);
    demo_set_free(&run.test);
    free(run.train_probabilities);
    free(run.test_probabilities);
    free(run.gradient);
    return ok ? EXIT_OK : EXIT_FAILED;
}

const command demo_command = {
    .name = "demo",
    .summary = "trains softmax regression on handwritten digits",
    .arguments = "[OPTION...]",
    .text = "Trains softmax regression on four fifths of the handwritten digits and tests it on\n"
            "the rest. Writes the probabilities of the test digits, the Jacobian of one, the loss\n"
            "curve and the weights (.npy), and a picture of it all (demo.png, by gnuplot). The\n"
            "weights are the same to the last bit on every instruction set, for any T.\n",
    .settings = SET(SET_OUT) | SET(SET_DATA) | SET(SET_THREADS) | SET(SET_HELP),
    .run = run_demo,
};
