/* The picture of `smx demo` as a gnuplot script, data and all: learning curve, confusion matrix, one sample and its
 * Jacobian. */
#include "demo.h"

/* Panels are placed in fractions of the picture, 1500 x 500 pixels: 0.245 of its width is 0.735 of its height. */
static void write_setup(FILE *script) {
    fputs("set encoding utf8\n"
          "set terminal pngcairo size 1500,500 font 'DejaVu Sans,11' background '#ffffff'\n"
          "set multiplot\n"
          "set border linewidth 0.8 linecolor '#666666'\n"
          "set tics scale 0.5 textcolor '#333333'\n"
          "set title font ',12.5'\n"
          "set bmargin at screen 0.14\n"
          "set tmargin at screen 0.875\n"
          "unset colorbox\n",
          script);
}

static void write_curve(FILE *script, const demo_results *results) {
    fputs("$curve << END\n", script);
    for (int epoch = 0; epoch <= DEMO_EPOCHS; epoch++) {
        const demo_point *point = &results->curve[epoch];
        fprintf(script, "%d %.6g %.6g\n", epoch, point->loss, 100.0 * point->test_accuracy);
    }
    fputs("END\n", script);
    fprintf(script,
            "set lmargin at screen 0.047\n"
            "set rmargin at screen 0.272\n"
            "set title 'Learning curve'\n"
            "set xlabel 'epoch'\n"
            "set xrange [0:%d]\n"
            "set logscale y\n"
            "set yrange [0.05:3]\n"
            "set ytics nomirror (0.05, 0.1, 0.2, 0.5, 1, 2) textcolor '#1f5fa8'\n"
            "set ylabel 'training loss (nats)' offset 1 textcolor '#1f5fa8'\n"
            "set y2range [0:105]\n"
            "set y2tics 0,20,100 textcolor '#c0561a'\n"
            "set y2label 'test accuracy (%%)' offset -1.8 textcolor '#c0561a'\n"
            "set grid xtics ytics linetype 1 linewidth 0.5 linecolor '#dddddd'\n"
            "plot $curve using 1:2 with lines linewidth 2.5 linecolor '#1f5fa8' notitle, \\\n"
            "     $curve using 1:3 axes x1y2 with lines linewidth 2.5 linecolor '#c0561a' notitle\n"
            "unset grid\n"
            "unset logscale y\n"
            "unset y2tics\n"
            "unset y2label\n",
            DEMO_EPOCHS);
}

/* What the two matrices share: square cells, the first row on top, blue for right or positive. */
static void write_matrix_axes(FILE *script) {
    fprintf(script,
            "set xrange [-0.5:%d.5]\n"
            "set yrange [%d.5:-0.5]\n"
            "set xtics 1 nomirror scale 0 font ',11'\n"
            "set ytics 1 nomirror scale 0 textcolor '#333333'\n"
            "set palette defined (-1 '#b5460f', -0.6 '#dd7f45', -0.15 '#f8cdb0', 0 '#ffffff', \\\n"
            "                     0.15 '#cfe0f2', 0.6 '#5b93cf', 1 '#1f5fa8')\n",
            DEMO_CLASSES - 1, DEMO_CLASSES - 1);
}

/* Colour goes with the logarithm of the count, so that one mistake shows beside forty hits. */
static void write_confusion(FILE *script, const demo_results *results) {
    size_t right = 0;
    size_t count = 0;
    fputs("$confusion << END\n", script);
    for (int i = 0; i < DEMO_CLASSES; i++) {
        for (int j = 0; j < DEMO_CLASSES; j++) {
            fprintf(script, "%d %d %zu\n", i, j, results->confusion[i][j]);
            count += results->confusion[i][j];
        }
        right += results->confusion[i][i];
    }
    fputs("END\n", script);
    write_matrix_axes(script);
    fprintf(script,
            "set lmargin at screen 0.350\n"
            "set rmargin at screen 0.595\n"
            "set title 'Confusion matrix: %zu of %zu test digits right'\n"
            "set xlabel 'classified as'\n"
            "set ylabel 'true class' offset 1.5 textcolor '#333333'\n"
            "set cbrange [-log(50):log(50)]\n"
            "plot $confusion using 2:1:(($1 == $2 ? 1 : -1) * log(1 + $3)) with image notitle, \\\n"
            "     $confusion using 2:1:($3 > 0 ? sprintf('%%d', $3) : ''):($3 > 9 ? 0xffffff : 0x222222) \\\n"
            "         with labels textcolor rgbcolor variable notitle\n",
            right, count);
}

/* The image, and below it the probabilities as bars. */
static void write_sample(FILE *script, const demo_results *results) {
    fputs("$image << END\n", script);
    for (int row = 0; row < DEMO_SIDE; row++)
        for (int column = 0; column < DEMO_SIDE; column++)
            fprintf(script, "%d %d %g\n", row, column, (double)results->image[row * DEMO_SIDE + column]);
    fputs("END\n$probabilities << END\n", script);
    for (int c = 0; c < DEMO_CLASSES; c++)
        fprintf(script, "%d %.6g\n", c, (double)results->probabilities[c]);
    fputs("END\n", script);
    fprintf(script,
            "set lmargin at screen 0.628\n"
            "set rmargin at screen 0.715\n"
            "set bmargin at screen 0.614\n"
            "set title 'Sample %zu, a “%d”'\n"
            "unset xlabel\n"
            "unset ylabel\n"
            "unset xtics\n"
            "unset ytics\n"
            "set xrange [-0.5:%d.5]\n"
            "set yrange [%d.5:-0.5]\n"
            "set palette defined (0 '#ffffff', 1 '#111111')\n"
            "set cbrange [0:1]\n"
            "plot $image using 2:1:3 with image notitle\n",
            results->sample, results->label, DEMO_SIDE - 1, DEMO_SIDE - 1);
    fprintf(script,
            "set bmargin at screen 0.14\n"
            "set tmargin at screen 0.47\n"
            "set title 'Its softmax {/:Italic y}'\n"
            "set xrange [-0.7:%d.7]\n"
            "set yrange [0:1]\n"
            "set ytics (0, 0.5, 1) nomirror scale 0.5 font ',9'\n"
            "set xtics 1 nomirror scale 0 font ',9'\n"
            "set xlabel 'class'\n"
            "set style fill solid 1.0 noborder\n"
            "set boxwidth 0.75\n"
            "plot $probabilities using 1:2 with boxes linecolor '#1f5fa8' notitle\n"
            "set tmargin at screen 0.875\n",
            DEMO_CLASSES - 1);
}

static void write_jacobian(FILE *script, const demo_results *results) {
    fputs("$jacobian << END\n", script);
    for (int i = 0; i < DEMO_CLASSES; i++)
        for (int j = 0; j < DEMO_CLASSES; j++)
            fprintf(script, "%d %d %.6g\n", i, j, (double)results->jacobian[i][j]);
    fputs("END\n", script);
    write_matrix_axes(script);
    fputs(
        "set lmargin at screen 0.747\n"
        "set rmargin at screen 0.992\n"
        "set title 'Its Jacobian ∂{/:Italic y_i} / ∂{/:Italic x_j}, times 100'\n"
        "set xlabel '{/:Italic j}'\n"
        "set ylabel '{/:Italic i}' offset 2.2 norotate\n"
        "set ytics font ',11'\n"
        "set cbrange [-0.25:0.25]\n" /* y (1 - y) is at most 1/4 */
        "plot $jacobian using 2:1:3 with image notitle, \\\n"
        "     $jacobian using 2:1:(abs($3) < 0.005 ? '' : sprintf($3 < 0 ? '−%.0f' : '%.0f', 100 * abs($3))) \\\n"
        "         :(abs($3) > 0.15 ? 0xffffff : 0x222222) with labels font ',9.5' textcolor rgbcolor variable notitle\n"
        "unset multiplot\n",
        script);
}

void demo_write_script(FILE *script, const demo_results *results) {
    write_setup(script);
    write_curve(script, results);
    write_confusion(script, results);
    write_sample(script, results);
    write_jacobian(script, results);
}
