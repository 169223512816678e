#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rng.h"

static bool fail(golden_file *file, const char *what, const char *detail) {
    snprintf(file->error, sizeof file->error, "line %d: %s%.60s", file->line, what, detail);
    return false;
}

bool golden_open(golden_file *file, const char *path) {
    *file = (golden_file){0};
    FILE *stream = fopen(path, "rb");
    if (!stream) {
        snprintf(file->error, sizeof file->error, "can't open it");
        return false;
    }
    size_t size = 0;
    size_t capacity = 1 << 16;
    file->text = malloc(capacity);
    while (file->text) {
        size += fread(file->text + size, 1, capacity - size - 1, stream);
        if (size < capacity - 1)
            break;
        capacity *= 2;
        char *larger = realloc(file->text, capacity);
        if (!larger)
            free(file->text);
        file->text = larger;
    }
    bool broken = ferror(stream) != 0;
    fclose(stream);
    if (!file->text || broken) {
        snprintf(file->error, sizeof file->error, "can't read it");
        golden_close(file);
        return false;
    }
    file->text[size] = '\0';
    file->next = file->text;
    return true;
}

void golden_close(golden_file *file) {
    free(file->text);
    file->text = NULL;
}

/* The next line that is neither empty nor a comment, cut off at its end; null at the end of the file. */
static char *next_line(golden_file *file) {
    while (*file->next) {
        char *line = file->next;
        size_t length = strcspn(line, "\n");
        file->next = line + length + (line[length] == '\n');
        file->line++;
        if (length > 0 && line[length - 1] == '\r')
            length--;
        line[length] = '\0';
        if (*line && *line != '#')
            return line;
    }
    return NULL;
}

/* Cuts the next word off *rest; null if there is none. */
static char *next_word(char **rest) {
    char *word = *rest + strspn(*rest, " ");
    if (!*word)
        return NULL;
    size_t length = strcspn(word, " ");
    *rest = word + length + (word[length] == ' ');
    word[length] = '\0';
    return word;
}

static bool parse_u64(const char *word, int base, uint64_t *value) {
    char *end = NULL;
    if (!word || !strchr("0123456789abcdef", *word) || !*word)
        return false;
    *value = strtoull(word, &end, base);
    return *end == '\0';
}

static void store(void *array, bool f64, size_t i, double value) {
    if (f64)
        ((double *)array)[i] = value;
    else
        ((float *)array)[i] = (float)value;
}

static void store_bits(void *array, bool f64, size_t i, uint64_t bits) {
    uint32_t low = (uint32_t)bits;
    if (f64)
        memcpy((double *)array + i, &bits, sizeof bits);
    else
        memcpy((float *)array + i, &low, sizeof low);
}

/* One element: "nan", "inf", "-inf", "bits:7fc00001", or a hexadecimal float that the type holds exactly. */
static bool parse_element(const char *word, bool f64, void *array, size_t i) {
    uint64_t bits;
    if (strcmp(word, "nan") == 0) {
        store_bits(array, f64, i, f64 ? UINT64_C(0x7ff8000000000000) : UINT64_C(0x7fc00000));
        return true;
    }
    if (strncmp(word, "bits:", 5) == 0) {
        if (!parse_u64(word + 5, 16, &bits))
            return false;
        store_bits(array, f64, i, bits);
        return true;
    }
    char *end = NULL;
    double value = strtod(word, &end);
    store(array, f64, i, value);
    return *end == '\0' && end != word && (f64 || isinf(value) || (double)(float)value == value);
}

static bool parse_generator(char *rest, golden_generator *g) {
    const char *kind = next_word(&rest);
    if (!kind || strcmp(kind, "splitmix64") != 0 || !parse_u64(next_word(&rest), 10, &g->seed))
        return false;
    const char *sign = next_word(&rest);
    if (!sign || (strcmp(sign, "signed") != 0 && strcmp(sign, "unsigned") != 0))
        return false;
    g->is_signed = *sign == 's';
    uint64_t bits;
    if (!parse_u64(next_word(&rest), 10, &bits) || bits < 1 || bits > 53)
        return false;
    g->bits = (int)bits;
    const char *exponent = next_word(&rest);
    if (!exponent)
        return false;
    g->exponent = (int)strtol(exponent, NULL, 10);
    return !next_word(&rest);
}

void golden_generate(const golden_generator *g, bool f64, size_t n, void *array) {
    rng r = rng_seed(g->seed);
    double unit = ldexp(1, g->exponent);
    double offset = g->is_signed ? ldexp(1, g->bits - 1) : 0;
    for (size_t i = 0; i < n; i++)
        store(array, f64, i, ((double)(rng_next(&r) >> (64 - g->bits)) - offset) * unit);
}

/* Elements, each with an optional "*COUNT" behind it, count of them in all. */
static bool parse_elements(char *rest, bool f64, size_t count, void *array) {
    size_t size = f64 ? sizeof(double) : sizeof(float);
    size_t i = 0;
    for (char *word; (word = next_word(&rest));) {
        uint64_t copies = 1;
        char *star = strchr(word, '*');
        if (star && (!parse_u64(star + 1, 10, &copies) || copies < 1))
            return false;
        if (star)
            *star = '\0';
        if (copies > count - i || !parse_element(word, f64, array, i))
            return false;
        for (size_t k = 1; k < copies; k++)
            memcpy((char *)array + (i + k) * size, (char *)array + i * size, size);
        i += copies;
    }
    return i == count;
}

static bool allocate(golden_file *file, const char *key, bool f64, size_t count, void **array) {
    *array = calloc(count + !count, f64 ? sizeof(double) : sizeof(float));
    return *array || fail(file, "no memory for ", key);
}

static bool parse_array(golden_file *file, const char *key, char *rest, bool f64, size_t count, void *array) {
    bool generated = strncmp(rest, "splitmix64 ", 11) == 0;
    golden_generator generator;
    bool good = generated ? parse_generator(rest, &generator) : parse_elements(rest, f64, count, array);
    if (good && generated)
        golden_generate(&generator, f64, count, array);
    return good || fail(file, "wrong or too few or too many numbers in ", key);
}

/* "HIGH:LOW" in hexadecimal, behind the exponent of a backward case. */
static bool parse_sum(golden_case *c, char *rest) {
    if (c->function == GOLDEN_BACKWARD) {
        const char *word = next_word(&rest);
        if (!word)
            return false;
        c->exponent = (int32_t)strtol(word, NULL, 10);
    }
    char *word = next_word(&rest);
    char *colon = word ? strchr(word, ':') : NULL;
    if (!colon)
        return false;
    *colon = '\0';
    c->has_sum = true;
    return parse_u64(word, 16, &c->sum_high) && parse_u64(colon + 1, 16, &c->sum_low);
}

/* A line of a case's head: everything but the arrays. False without an error message if it is none of these. */
static bool parse_head(golden_case *c, const char *key, char *rest, bool *known) {
    *known = true;
    uint64_t n = 0;
    if (strcmp(key, "function") == 0) {
        for (int k = 0; k < GOLDEN_FUNCTIONS; k++)
            if (strcmp(rest, golden_signatures[k].name) == 0)
                return c->function = (golden_function)k, true;
        return false;
    }
    if (strcmp(key, "type") == 0) {
        c->f64 = strcmp(rest, "f64") == 0;
        return c->f64 || strcmp(rest, "f32") == 0;
    }
    if (strcmp(key, "n") == 0) {
        bool good = parse_u64(rest, 10, &n) && n < SIZE_MAX / 16;
        c->n = (size_t)n;
        return good;
    }
    if (strcmp(key, "plus_inf") == 0 && strcmp(rest, "limit") == 0)
        return c->options.plus_inf = SMX_PLUS_INF_LIMIT, true;
    if (strcmp(key, "minus_inf_row") == 0 && strcmp(rest, "zeros") == 0)
        return c->options.minus_inf_row = SMX_MINUS_INF_ROW_ZEROS, true;
    if (strcmp(key, "sum") == 0)
        return parse_sum(c, rest);
    *known = false;
    return false;
}

static bool is_input(const golden_case *c, golden_array a) {
    const golden_signature *signature = &golden_signatures[c->function];
    for (size_t k = 0; k < signature->input_count; k++)
        if (signature->inputs[k] == a)
            return true;
    return a >= GOLDEN_SCALE;
}

static bool parse_result(golden_file *file, golden_case *c, size_t k, char *rest) {
    const golden_part *part = &golden_signatures[c->function].results[k];
    if (strncmp(rest, "fnv1a64 ", 8) == 0 && golden_result_count(c) == golden_count(c, part->size)) {
        c->has_hash = true;
        return parse_u64(rest + 8, 16, &c->hash) || fail(file, "bad hash in ", part->name);
    }
    if (c->given[k])
        return fail(file, "given twice: ", part->name);
    c->given[k] = true;
    if (!c->result && !allocate(file, part->name, c->f64, golden_result_count(c), &c->result))
        return false;
    size_t size = c->f64 ? sizeof(double) : sizeof(float);
    return parse_array(file, part->name, rest, c->f64, golden_count(c, part->size),
                       (char *)c->result + golden_result_offset(c, k) * size);
}

static bool parse_line(golden_file *file, golden_case *c, const char *key, char *rest) {
    bool known;
    if (parse_head(c, key, rest, &known))
        return true;
    if (known)
        return fail(file, "bad value of ", key);
    for (size_t a = 0; a < GOLDEN_ARRAYS; a++) {
        if (strcmp(key, golden_arrays[a].name) != 0 || !is_input(c, (golden_array)a))
            continue;
        size_t count = golden_count(c, golden_arrays[a].size);
        if (c->array[a])
            return fail(file, "given twice: ", key);
        return allocate(file, key, c->f64, count, &c->array[a]) &&
               parse_array(file, key, rest, c->f64, count, c->array[a]);
    }
    for (size_t k = 0; k < GOLDEN_RESULTS; k++)
        if (golden_signatures[c->function].results[k].name &&
            strcmp(key, golden_signatures[c->function].results[k].name) == 0)
            return parse_result(file, c, k, rest);
    return fail(file, "unknown: ", key);
}

/* Whether all inputs are there, and all results, a hash of them, or none where none are asked for. */
static bool is_complete(const golden_case *c, bool inputs) {
    const golden_signature *signature = &golden_signatures[c->function];
    for (size_t k = 0; k < signature->input_count; k++)
        if (!c->array[signature->inputs[k]])
            return false;
    for (size_t k = 0; c->result && k < GOLDEN_RESULTS; k++)
        if (signature->results[k].name && !c->given[k])
            return false;
    return c->result || c->has_hash || inputs;
}

int golden_next(golden_file *file, golden_case *c) {
    *c = (golden_case){.options.size = sizeof(smx_options)};
    bool started = false;
    for (char *rest; (rest = next_line(file));) {
        char *key = next_word(&rest);
        if (!key || strcmp(key, "case") == 0) {
            started = true;
            snprintf(c->name, sizeof c->name, "%s", rest);
        } else if (strcmp(key, "end") == 0) {
            if (started && is_complete(c, file->inputs))
                return 1;
            fail(file, "incomplete case ", c->name);
            golden_case_clear(c);
            return -1;
        } else if (!parse_line(file, c, key, rest)) {
            golden_case_clear(c);
            return -1;
        }
    }
    if (!started)
        return 0;
    fail(file, "the file ends within case ", c->name);
    golden_case_clear(c);
    return -1;
}

void golden_case_clear(golden_case *c) {
    for (size_t a = 0; a < GOLDEN_ARRAYS; a++)
        free(c->array[a]);
    free(c->result);
    *c = (golden_case){0};
}
