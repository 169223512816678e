/* `smx demo`: softmax regression on the handwritten digits, split over demo_*.c. Private to them. */
#ifndef SMX_CLI_DEMO_H
#define SMX_CLI_DEMO_H

#include <stddef.h>

#include <smx/smx.h>

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
 * Returns 0, or -1 after a message; what was allocated is the caller's to free with demo_set_free, either way. */
int demo_read_digits(const char *directory, demo_set *train, demo_set *test);
void demo_set_free(demo_set *set);

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
typedef size_t demo_confusion[DEMO_CLASSES][DEMO_CLASSES];
void demo_count(const demo_set *set, const float *probabilities, demo_confusion counts);
double demo_accuracy(const demo_set *set, const float *probabilities);

/* The learning curve: point e is after e epochs. */
typedef struct demo_point {
    double loss; /* of the training samples */
    double train_accuracy;
    double test_accuracy;
} demo_point;

/* What the picture shows. */
typedef struct demo_results {
    const demo_point *curve; /* DEMO_EPOCHS + 1 points */
    const size_t (*confusion)[DEMO_CLASSES];
    const float *image;         /* of the sample whose Jacobian it is */
    const float *probabilities; /* of that sample */
    const float *jacobian;      /* DEMO_CLASSES x DEMO_CLASSES */
    size_t sample;              /* its index in the data */
    int label;
} demo_results;

/* Draws the picture with gnuplot. Returns 0, also when there is no gnuplot (with a note that says so), or -1 after a
 * message. */
int demo_plot(const char *path, const demo_results *results);

#endif
