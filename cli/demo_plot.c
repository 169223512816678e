/* The picture of `smx demo`, as a gnuplot script: learning curve, confusion matrix, one sample and its Jacobian.
 *
 * gnuplot gets the script on its standard input, data and all, and gives the picture on its standard output. */
#include "demo.h"

#include <stdio.h>

/* Panels stand on these edges, in fractions of the picture. */
static void write_setup(FILE *script)
{
    fputs("set terminal pngcairo size 1500,500 font 'DejaVu Sans,11' background '#ffffff'\n"
          "set multiplot\n"
          "set border linewidth 0.8 linecolor '#444444'\n"
          "set tics scale 0.6 textcolor '#222222'\n"
          "set bmargin at screen 0.13\n"
          "set tmargin at screen 0.87\n",
          script);
}

static void write_curve(FILE *script, const demo_results *results)
{
    fputs("$curve << END\n", script);
    for (int epoch = 0; epoch <= DEMO_EPOCHS; epoch++) {
        const demo_point *point = &results->curve[epoch];
        fprintf(script, "%d %.6g %.6g\n", epoch, point->loss, 100.0 * point->test_accuracy);
    }
    fputs("END\n", script);
    fprintf(script,
            "set lmargin at screen 0.045\n"
            "set rmargin at screen 0.300\n"
            "set title 'Learning: training loss, and accuracy on unseen digits'\n"
            "set xlabel 'epoch'\n"
            "set xrange [0:%d]\n"
            "set logscale y\n"
            "set yrange [0.05:3]\n"
            "set ytics nomirror (0.05, 0.1, 0.2, 0.5, 1, 2) textcolor '#1f5fa8'\n"
            "set ylabel 'training loss (nats)' offset 1 textcolor '#1f5fa8'\n"
            "set y2range [50:100]\n"
            "set y2tics 10 textcolor '#c0561a'\n"
            "set y2label 'test accuracy (%%)' offset -1.5 textcolor '#c0561a'\n"
            "set grid xtics ytics linewidth 0.5 linecolor '#dddddd'\n"
            "plot $curve using 1:2 with lines linewidth 2.5 linecolor '#1f5fa8' notitle, \\\n"
            "     $curve using 1:3 axes x1y2 with lines linewidth 2.5 linecolor '#c0561a' notitle\n"
            "unset grid\n"
            "unset logscale y\n"
            "unset y2tics\n"
            "unset y2label\n",
            DEMO_EPOCHS);
}

/* What the two matrices share: square cells, the first row on top. */
static void write_matrix_axes(FILE *script)
{
    fprintf(script,
            "set size ratio -1\n"
            "set xrange [-0.5:%d.5]\n"
            "set yrange [%d.5:-0.5]\n"
            "set xtics 1 scale 0 textcolor '#222222'\n"
            "set ytics 1 nomirror scale 0 textcolor '#222222'\n"
            "unset colorbox\n",
            DEMO_CLASSES - 1, DEMO_CLASSES - 1);
}

static void write_confusion(FILE *script, const demo_results *results)
{
    fputs("$confusion << END\n", script);
    for (int i = 0; i < DEMO_CLASSES; i++)
        for (int j = 0; j < DEMO_CLASSES; j++)
            fprintf(script, "%d %d %zu\n", i, j, results->confusion[i][j]);
    fputs("END\n", script);
    write_matrix_axes(script);
    /* The logarithm shows one mistake beside forty hits. */
    fputs("set lmargin at screen 0.375\n"
          "set rmargin at screen 0.620\n"
          "set title 'Confusion matrix of the test digits'\n"
          "set xlabel 'taken for'\n"
          "set ylabel 'is' offset 1 textcolor '#222222'\n"
          "set palette defined (0 '#ffffff', 0.15 '#fbd9c0', 0.3 '#f3a977', 1 '#1f5fa8')\n"
          "set cbrange [0:log(40)]\n"
          "plot $confusion using 2:1:(log(1 + $3)) with image notitle, \\\n"
          "     $confusion using 2:1:($3 > 0 ? sprintf('%d', $3) : '') with labels \\\n"
          "         textcolor '#000000' notitle\n",
          script);
}

/* The image, and below it the probabilities as bars. */
static void write_sample(FILE *script, const demo_results *results)
{
    fputs("$image << END\n", script);
    for (int row = 0; row < DEMO_SIDE; row++)
        for (int column = 0; column < DEMO_SIDE; column++)
            fprintf(script, "%d %d %g\n", row, column, (double)results->image[row * DEMO_SIDE + column]);
    fputs("END\n$probabilities << END\n", script);
    for (int c = 0; c < DEMO_CLASSES; c++)
        fprintf(script, "%d %.6g\n", c, (double)results->probabilities[c]);
    fputs("END\n", script);
    fprintf(script,
            "set lmargin at screen 0.640\n"
            "set rmargin at screen 0.735\n"
            "set bmargin at screen 0.55\n"
            "set title \"Test digit %zu: a %d\"\n"
            "unset xlabel\n"
            "unset ylabel\n"
            "unset xtics\n"
            "unset ytics\n"
            "set xrange [-0.5:%d.5]\n"
            "set yrange [%d.5:-0.5]\n"
            "set palette gray negative\n"
            "set cbrange [0:1]\n"
            "plot $image using 2:1:3 with image notitle\n",
            results->sample, results->label, DEMO_SIDE - 1, DEMO_SIDE - 1);
    fprintf(script,
            "set size noratio\n"
            "set bmargin at screen 0.13\n"
            "set tmargin at screen 0.42\n"
            "set title 'softmax'\n"
            "set xrange [-0.6:%d.6]\n"
            "set yrange [0:1]\n"
            "set xtics 1 scale 0\n"
            "set xlabel 'class'\n"
            "set style fill solid 1.0 noborder\n"
            "set boxwidth 0.8\n"
            "plot $probabilities using 1:2 with boxes linecolor '#1f5fa8' notitle\n"
            "set tmargin at screen 0.87\n",
            DEMO_CLASSES - 1);
}

static void write_jacobian(FILE *script, const demo_results *results)
{
    fputs("$jacobian << END\n", script);
    for (int i = 0; i < DEMO_CLASSES; i++)
        for (int j = 0; j < DEMO_CLASSES; j++)
            fprintf(script, "%d %d %.6g\n", i, j, (double)results->jacobian[i * DEMO_CLASSES + j]);
    fputs("END\n", script);
    write_matrix_axes(script);
    fputs("set lmargin at screen 0.755\n"
          "set rmargin at screen 0.960\n"
          "set title 'Its Jacobian dy_i/dx_j'\n"
          "set xlabel 'j'\n"
          "set ylabel 'i' offset 1\n"
          "set palette defined (-1 '#1f5fa8', 0 '#ffffff', 1 '#c0561a')\n"
          "set cbrange [-0.25:0.25]\n" /* y (1 - y) is at most 1/4 */
          "set colorbox\n"
          "set cbtics ('−0.25' -0.25, '0' 0, '+0.25' 0.25) scale 0\n"
          "plot $jacobian using 2:1:3 with image notitle\n"
          "unset multiplot\n",
          script);
}

void write_script(FILE *script, const demo_results *results)
{
    write_setup(script);
    write_curve(script, results);
    write_confusion(script, results);
    write_sample(script, results);
    write_jacobian(script, results);
}
