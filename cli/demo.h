/* `smx demo`: softmax regression on the handwritten digits, split over demo_*.c. Private to them. */
#ifndef SMX_CLI_DEMO_H
#define SMX_CLI_DEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "smx/smx.h"

enum {
    DEMO_SIDE = 8, /* an image is 8 x 8 pixels */
    DEMO_PIXELS = DEMO_SIDE * DEMO_SIDE,
    DEMO_INPUTS = DEMO_PIXELS + 1, /* and a constant 1, whose weights are the biases */
    DEMO_CLASSES = 10,
    DEMO_EPOCHS = 200,
    DEMO_TEST_EVERY = 5 /* samples 0, 5, 10, ... are for testing, all others for training */
};

/* Samples, each an image of DEMO_PIXELS values in [0, 1] and its class. */
typedef struct demo_set {
    size_t count;
    float *images;
    unsigned char *labels;
} demo_set;

/* Reads the digits and splits them. `directory` is what --data gave, or null: then it looks where demo_data.c says.
 * Returns false after a message; demo_set_free is the caller's to call, either way. */
bool demo_read_digits(const char *directory, demo_set *train, demo_set *test);
void demo_set_free(demo_set *set);

/* DIRECTORY/NAME, to be freed; null after a message. */
char *demo_join(const char *directory, const char *name);

/* The model: logits = image, 1 times weights; probabilities = softmax(logits). velocity is the optimiser's. */
typedef struct demo_model {
    float weights[DEMO_INPUTS][DEMO_CLASSES];
    float velocity[DEMO_INPUTS][DEMO_CLASSES];
} demo_model;

/* Writes the probabilities of set's samples, count x DEMO_CLASSES. */
smx_status demo_predict(const demo_model *model, const demo_set *set, float *probabilities, const smx_options *options);

/* One step of gradient descent, given the probabilities of set's samples under the model. `gradient` is scratch of the
 * shape of probabilities. */
smx_status demo_descend(demo_model *model, const demo_set *set, const float *probabilities, float *gradient,
                        const smx_options *options);

/* Mean cross-entropy, in nats. For the eye only: the weights never depend on it, since it takes the system's log(). */
double demo_loss(const demo_set *set, const float *probabilities);

/* The class of the largest probability; of equal ones, the first. */
int demo_class(const float *probabilities);

/* How many of the set's samples of class i were taken for class j. */
void demo_count(const demo_set *set, const float *probabilities, size_t counts[DEMO_CLASSES][DEMO_CLASSES]);
double demo_accuracy(const demo_set *set, const float *probabilities);

/* The learning curve: point e is after e epochs. */
typedef struct demo_point {
    double loss; /* of the training samples */
    double train_accuracy;
    double test_accuracy;
} demo_point;

/* What is to be seen of a training. */
typedef struct demo_results {
    const demo_point *curve; /* DEMO_EPOCHS + 1 points */
    size_t confusion[DEMO_CLASSES][DEMO_CLASSES];
    size_t sample; /* the test sample of which image, label, probabilities and Jacobian are: its index in the data */
    const float *image;
    int label;
    const float *probabilities;
    float jacobian[DEMO_CLASSES][DEMO_CLASSES];
} demo_results;

/* Prints the confusion matrix. */
void demo_print_confusion(size_t counts[DEMO_CLASSES][DEMO_CLASSES]);

/* Prints the SHA-256 of the weights, as little-endian float32 in C order. */
void demo_print_hash(const demo_model *model);

/* Writes the files. Returns false after a message. */
bool demo_save(const char *directory, const demo_model *model, const demo_set *test, const float *probabilities,
               const demo_results *results);

/* Draws the picture with gnuplot. Without gnuplot it says so, and that is no failure. Returns false after a message. */
bool demo_plot(const char *path, const demo_results *results);

/* Writes the script that draws the picture on gnuplot's standard output. */
void demo_write_script(FILE *script, const demo_results *results);

#endif
