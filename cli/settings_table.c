/* Every option of every subcommand: its name, what it takes, its help, and what reads its value. */
#define _POSIX_C_SOURCE 200809L
#include "settings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

static bool parse_integer(const char *text, long long low, long long high, long long *value) {
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *value >= low && *value <= high;
}

/* Finite; and 0 only where 0 is meant, not for what is too small for a double. */
static bool parse_real(const char *text, double *value) {
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value) && (*value != 0 || errno != ERANGE);
}

/* 0, or at least what f4 has without loss; so that none becomes 0 in the arithmetic. */
static bool parse_part(const char *text, double most, double *value) {
    return parse_real(text, value) && (*value == 0 || (*value >= 0x1p-126 && *value <= most));
}

/* The index of a text in a list of words that a null pointer ends; -1 after a message that lists them. */
static int find_word(const settings *set, setting s, const char *const *words, const char *text) {
    char list[80] = "";
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0)
            return i;
        const char *before = i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ";
        append_text(list, sizeof list, "%s'%s'", before, words[i]);
    }
    complain_usage(set->who, "--%s takes %s, not '%s'", setting_table[s].name, list, text);
    return -1;
}

/* 'all', or numbers with commas between them. */
static int set_axis(settings *set, const char *text) {
    set->axes = 0;
    if (strcmp(text, "all") == 0)
        return -1;
    for (const char *at = text;; at++) {
        char number[8];
        size_t length = strcspn(at, ",");
        long long axis;
        snprintf(number, sizeof number, "%.*s", length < sizeof number ? (int)length : 0, at);
        if (set->axes == NPY_MAX_DIMS || !parse_integer(number, -64, 63, &axis))
            return complain_usage(set->who,
                                  "--axis takes a number from -64 to 63, several as in 0,1, or 'all', not '%s'", text);
        set->axis[set->axes++] = (long)axis;
        at += length;
        if (*at == '\0')
            return -1;
    }
}

static int set_threads(settings *set, const char *text) {
    long long threads;
    if (!parse_integer(text, 1, 1024, &threads))
        return complain_usage(set->who, "--threads takes a number from 1 to 1024, not '%s'", text);
    set->options.threads = (unsigned)threads;
    return -1;
}

static int set_memory(settings *set, const char *text) {
    long long mib;
    if (!parse_integer(text, 1, 65536, &mib))
        return complain_usage(set->who, "--memory takes a number of MiB from 1 to 65536, not '%s'", text);
    set->memory = (size_t)mib << 20;
    return -1;
}

static int set_plus_inf(settings *set, const char *text) {
    static const char *const words[] = {[SMX_PLUS_INF_NAN] = "nan", [SMX_PLUS_INF_LIMIT] = "limit", NULL};
    int found = find_word(set, SET_PLUS_INF, words, text);
    set->options.plus_inf = (smx_plus_inf)found;
    return found < 0 ? EXIT_USAGE : -1;
}

static int set_minus_inf_row(settings *set, const char *text) {
    static const char *const words[] = {[SMX_MINUS_INF_ROW_NAN] = "nan", [SMX_MINUS_INF_ROW_ZEROS] = "zeros", NULL};
    int found = find_word(set, SET_MINUS_INF_ROW, words, text);
    set->options.minus_inf_row = (smx_minus_inf_row)found;
    return found < 0 ? EXIT_USAGE : -1;
}

static int set_causal(settings *set, const char *text) {
    static const char *const words[] = {[SMX_CAUSAL_NONE] = "none",
                                        [SMX_CAUSAL_TOP_LEFT] = "top-left",
                                        [SMX_CAUSAL_BOTTOM_RIGHT] = "bottom-right",
                                        NULL};
    int found = find_word(set, SET_CAUSAL, words, text);
    set->options.causal = (smx_causal)found;
    return found < 0 ? EXIT_USAGE : -1;
}

static int set_reduction(settings *set, const char *text) {
    static const char *const words[] = {
        [SMX_REDUCTION_NONE] = "none", [SMX_REDUCTION_SUM] = "sum", [SMX_REDUCTION_MEAN] = "mean", NULL};
    int found = find_word(set, SET_REDUCTION, words, text);
    set->reduction = (smx_reduction)found;
    return found < 0 ? EXIT_USAGE : -1;
}

static int set_empty_mean(settings *set, const char *text) {
    static const char *const words[] = {[SMX_EMPTY_MEAN_NAN] = "nan", [SMX_EMPTY_MEAN_ZERO] = "zero", NULL};
    int found = find_word(set, SET_EMPTY_MEAN, words, text);
    set->empty_mean = (smx_empty_mean)found;
    return found < 0 ? EXIT_USAGE : -1;
}

static int set_dtype(settings *set, const char *text) {
    static const char *const words[] = {[NPY_F2] = "f2", [NPY_BF16] = "bf16", [NPY_F4] = "f4", [NPY_F8] = "f8", NULL};
    int found = find_word(set, SET_DTYPE, words, text);
    set->dtype = (npy_dtype)found;
    return found < 0 ? EXIT_USAGE : -1;
}

bool settings_usable_scale(double scale) { return fabs(scale) >= 0x1p-64 && fabs(scale) <= 0x1p64; }

static int set_scale(settings *set, const char *text) {
    if (parse_real(text, &set->scale) && settings_usable_scale(set->scale))
        return -1;
    return complain_usage(set->who, "--scale takes a number from 2^-64 to 2^64 or its negative, not '%s'", text);
}

static int set_temperature(settings *set, const char *text) {
    double temperature;
    bool parsed = parse_real(text, &temperature);
    if (parsed && temperature == 0)
        return complain_usage(set->who, "--temperature 0 has no softmax; its limit is the argmax: "
                                        "'smx argmax X.npy -o FILE' writes that");
    set->scale = 1 / temperature;
    if (parsed && settings_usable_scale(set->scale))
        return -1;
    return complain_usage(set->who, "--temperature takes a number from 2^-64 to 2^64 or its negative, not '%s'", text);
}

static int set_ignore_index(settings *set, const char *text) {
    long long index;
    if (!parse_integer(text, INT64_MIN, INT64_MAX, &index))
        return complain_usage(set->who, "--ignore-index takes a 64-bit integer, not '%s'", text);
    set->ignore_index = index;
    return -1;
}

static int set_smoothing(settings *set, const char *text) {
    if (parse_part(text, 1, &set->smoothing))
        return -1;
    return complain_usage(set->who, "--smoothing takes 0 or a number from 2^-126 to 1, not '%s'", text);
}

static int set_z_loss(settings *set, const char *text) {
    if (parse_part(text, 0x1p64, &set->z_loss))
        return -1;
    return complain_usage(set->who, "--z-loss takes 0 or a number from 2^-126 to 2^64, not '%s'", text);
}

static int set_softcap(settings *set, const char *text) {
    double softcap;
    if (!parse_real(text, &softcap) || softcap < 0x1p-10 || softcap > 0x1p15)
        return complain_usage(set->who, "--softcap takes a number from 2^-10 to 2^15, not '%s'", text);
    set->options.softcap = softcap;
    return -1;
}

/* LEFT,RIGHT, or one number for both. */
static int set_window(settings *set, const char *text) {
    char left[24];
    size_t length = strcspn(text, ",");
    long long l, r;
    snprintf(left, sizeof left, "%.*s", length < sizeof left ? (int)length : 0, text);
    const char *right = text[length] == ',' ? text + length + 1 : left;
    if (!parse_integer(left, -1, INT64_MAX, &l) || !parse_integer(right, -1, INT64_MAX, &r))
        return complain_usage(set->who, "--window takes a number from -1, or two as in 128,0, not '%s'", text);
    set->options.use_window = 1;
    set->options.window_left = l;
    set->options.window_right = r;
    return -1;
}

const setting_entry setting_table[SETTINGS] = {
    [SET_OUTPUT] = {"output", "FILE", "where the result goes; '-' is standard output\n", 'o', NULL},
    [SET_GRAD] = {"grad", "FILE", "writes the gradient of the loss with respect to the first input\n", 0, NULL},
    [SET_GRAD_TARGETS] = {"grad-targets", "FILE", "writes the gradient with respect to dense targets\n", 0, NULL},
    [SET_LSE] = {"lse", "FILE", "writes the logsumexp of each row\n", 0, NULL},
    [SET_LOG_PROB] = {"log-prob", "FILE", "writes the log-probability of each row's label\n", 0, NULL},
    [SET_ARGMAX] = {"argmax", "FILE",
                    "writes where each row has the first of its largest entries (i8); -1: NaN\n"
                    "in it, or nothing above -inf\n",
                    0, NULL},
    [SET_CORRECT] = {"correct", "FILE", "writes whether that is the row's label (bool)\n", 0, NULL},
    [SET_SIGN] = {"sign", "FILE", "writes the sign of each weighted sum: -1, 0 or 1\n", 0, NULL},
    [SET_GRAD_Y] = {"grad-y", "FILE", "writes the gradient with respect to Y\n", 0, NULL},
    [SET_GRAD_DY] = {"grad-dy", "FILE", "writes the gradient with respect to DY\n", 0, NULL},
    [SET_DTYPE] = {"dtype", "TYPE",
                   "of the results: f2, bf16, f4 or f8 (default: that of the first input).\n"
                   "The arithmetic is in f8 if that input or the result is, else in f4;\n"
                   "the result is rounded once, at its end\n",
                   0, set_dtype},
    [SET_AXIS] = {"axis", "A",
                  "the axis of the rows, from the end if negative (default: -1); or several\n"
                  "that are neighbours, as in 1,2, or 'all': a row lies along all of them\n",
                  0, set_axis},
    [SET_KEEPDIMS] = {"keepdims", NULL, "the result keeps the axis, or all of them, with extent 1\n", 0, NULL},
    [SET_WEIGHTS] = {"weights", "FILE", "weights of either sign for the terms of the sum; they broadcast to X\n", 0,
                     NULL},
    [SET_IGNORE_INDEX] = {"ignore-index", "I", "rows with this label count for nothing (default: no such label)\n", 0,
                          set_ignore_index},
    [SET_CLASS_WEIGHTS] = {"class-weights", "FILE", "a weight for each class, of shape (n,)\n", 0, NULL},
    [SET_SMOOTHING] = {"smoothing", "E", "label smoothing: E / n of the target goes to each class (default: 0)\n", 0,
                       set_smoothing},
    [SET_Z_LOSS] = {"z-loss", "C", "adds C logsumexp^2 to the loss of each row (default: 0)\n", 0, set_z_loss},
    [SET_REDUCTION] = {"reduction", "R",
                       "the loss is the 'mean' of the rows (default), their 'sum', or 'none':\n"
                       "one for each row. With labels a mean is the sum divided by the class\n"
                       "weights of the rows' labels\n",
                       0, set_reduction},
    [SET_EMPTY_MEAN] = {"empty-mean", "M",
                        "a mean over nothing, or rows of weight 0, and its gradient are 'nan'\n"
                        "(default) or 'zero'; the gradient of rows that are ignored is 0\n",
                        0, set_empty_mean},
    [SET_DLOSS] = {"dloss", "FILE",
                   "the gradient of the loss, which --grad is multiplied by: one for each\n"
                   "row with --reduction none, else a single number (default: 1)\n",
                   0, NULL},
    [SET_SCALE] = {"scale", "S", "multiplies the logits; -1 makes a softmin of a softmax (default: 1)\n", 0, set_scale},
    [SET_TEMPERATURE] = {"temperature", "T", "divides the logits: the scale is 1 / T\n", 0, set_temperature},
    [SET_SCALE_FILE] = {"scale-file", "FILE",
                        "a scale for each row, of X's shape without the axis (broadcast, as\n"
                        "--lengths)\n",
                        0, NULL},
    [SET_SOFTCAP] = {"softcap", "C", "logits a become C tanh(a / C), before masks (default: they stay)\n", 0,
                     set_softcap},
    [SET_MASK] = {"mask", "FILE",
                  "which entries are kept: those where it is true (bool, u1), or else added\n"
                  "to the logits after the scale (f2, bf16, f4, f8), where -inf masks out.\n"
                  "It broadcasts to X: (n,), (rows, n), (rows, 1), ...\n",
                  0, NULL},
    [SET_LENGTHS] = {"lengths", "FILE",
                     "how many entries of each row are kept, from its start (integers), of X's\n"
                     "shape without the axis (broadcast). For X of shape (B, H, Q, K), one for\n"
                     "each of B is of shape (B, 1, 1); (B,) would be one for each of Q, and is\n"
                     "refused where Q = B\n",
                     0, NULL},
    [SET_CAUSAL] = {"causal", "RULE",
                    "row i of each matrix of X (its last two axes) keeps the entries j <= i\n"
                    "('top-left'), or j <= i + n - rows ('bottom-right': all in the last)\n",
                    0, set_causal},
    [SET_WINDOW] = {"window", "W",
                    "row i keeps the entries from p - W to p + W, where p is its own: i, or\n"
                    "i + n - rows with --causal bottom-right; L,R: from p - L to p + R, and\n"
                    "-1 for no limit\n",
                    0, set_window},
    [SET_ALIBI] = {"alibi", "FILE",
                   "slopes S, which broadcast as --lengths (of heads: (H, 1)): S |p - j| is\n"
                   "taken from logit j, with p as for --window\n",
                   0, NULL},
    [SET_SINK] = {"sink", "FILE",
                  "a logit for each row that takes its part of the probability and has no\n"
                  "place in the result; broadcast as --lengths (of heads: (H, 1))\n",
                  0, NULL},
    [SET_PLUS_INF] = {"plus-inf", "P",
                      "a row with +inf in it becomes 'nan' (default), or the 'limit': the same\n"
                      "for each +inf, and nothing elsewhere\n",
                      0, set_plus_inf},
    [SET_MINUS_INF_ROW] = {"minus-inf-row", "P",
                           "a row of nothing but -inf becomes 'nan' (default), or 'zeros': the\n"
                           "probabilities are 0\n",
                           0, set_minus_inf_row},
    [SET_OUT] = {"out", "DIR", "where the files go (default: demo)\n", 'o', NULL},
    [SET_DATA] = {"data", "DIR",
                  "where digits-images.npy and digits-labels.npy are (default: SMX_DATA of\n"
                  "the environment, else ./data, else where smx was built or installed)\n",
                  'd', NULL},
    [SET_THREADS] = {"threads", "T", "how many threads to use, 1 to 1024 (default: one a processor)\n", 't',
                     set_threads},
    [SET_MEMORY] = {"memory", "MIB",
                    "how much is in memory at a time, 1 to 65536 (default: 128); more if a\n"
                    "single row needs it\n",
                    0, set_memory},
    [SET_HELP] = {"help", NULL, "this text\n", 'h', NULL},
};
