/* The header of a .npy file, parsed strictly: exactly the Python dict that NumPy writes, in any order and spacing. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "message.h"
#include "npy.h"

enum { ERROR = 128 };

typedef struct parser {
    const char *at, *end;
    const char *error; /* null while all is well */
    bool big_endian;
} parser;

/* `descr` is what is written: a byte order and NumPy's code. NumPy has no bf16 of its own: an array of
 * ml_dtypes.bfloat16 is saved as 2 bytes without a meaning, '<V2'. `word` is what some other writers use, and np.load
 * takes. */
static const struct {
    const char *descr, *word, *name;
    size_t size;
} dtypes[NPY_DTYPES] = {
    [NPY_F2] = {"<f2", "float16", "'<f2'", 2}, [NPY_BF16] = {"<V2", "bfloat16", "bf16 ('<V2')", 2},
    [NPY_F4] = {"<f4", "float32", "'<f4'", 4}, [NPY_F8] = {"<f8", "float64", "'<f8'", 8},
    [NPY_BOOL] = {"|b1", "bool", "'|b1'", 1},  [NPY_I1] = {"|i1", "int8", "'|i1'", 1},
    [NPY_I2] = {"<i2", "int16", "'<i2'", 2},   [NPY_I4] = {"<i4", "int32", "'<i4'", 4},
    [NPY_I8] = {"<i8", "int64", "'<i8'", 8},   [NPY_U1] = {"|u1", "uint8", "'|u1'", 1},
    [NPY_U2] = {"<u2", "uint16", "'<u2'", 2},  [NPY_U4] = {"<u4", "uint32", "'<u4'", 4},
    [NPY_U8] = {"<u8", "uint64", "'<u8'", 8},
};

size_t npy_item_size(npy_dtype dtype) { return dtypes[dtype].size; }

const char *npy_dtype_name(npy_dtype dtype) { return dtypes[dtype].name; }

void npy_list_dtypes(unsigned set, char text[static NPY_DTYPES_SPACE]) {
    *text = '\0';
    for (int i = 0; i < NPY_DTYPES; i++) {
        if ((set >> i & 1) == 0)
            continue;
        set &= ~(1U << i);
        const char *before = *text == '\0' ? "" : set == 0 ? " and " : ", ";
        append_text(text, NPY_DTYPES_SPACE, "%s%s", before, dtypes[i].name);
    }
}

size_t npy_count(const npy_header *header) {
    size_t count = 1;
    for (size_t i = 0; i < header->ndim; i++)
        count *= header->shape[i];
    return count;
}

bool npy_fits(const npy_header *header) {
    size_t bytes = npy_item_size(header->dtype);
    for (size_t i = 0; i < header->ndim; i++) {
        size_t size = header->shape[i];
        if (size == 0)
            continue;
        if (bytes > PTRDIFF_MAX / size)
            return false;
        bytes *= size;
    }
    return true;
}

void npy_format_shape(const npy_header *header, char text[static NPY_SHAPE_SPACE]) {
    *text = '\0';
    append_text(text, NPY_SHAPE_SPACE, "(");
    for (size_t i = 0; i < header->ndim; i++)
        append_text(text, NPY_SHAPE_SPACE, "%s%zu%s", i == 0 ? "" : " ", header->shape[i],
                    i + 1 < header->ndim || i == 0 ? "," : "");
    append_text(text, NPY_SHAPE_SPACE, ")");
}

static void skip_space(parser *p) {
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
        p->at++;
}

/* Takes one character, after spaces, if it is the next. */
static bool accept(parser *p, char c) {
    skip_space(p);
    if (p->error != NULL || p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static void expect(parser *p, char c, const char *error) {
    if (!accept(p, c) && p->error == NULL)
        p->error = error;
}

static bool accept_word(parser *p, const char *word) {
    size_t length = strlen(word);
    skip_space(p);
    if (p->error != NULL || (size_t)(p->end - p->at) < length || memcmp(p->at, word, length) != 0)
        return false;
    p->at += length;
    return true;
}

/* A string without escapes: no key and no dtype needs one. Sets its start; returns its length. */
static size_t parse_string(parser *p, const char **start) {
    char quote = accept(p, '\'') ? '\'' : '"';
    if (quote == '"')
        expect(p, '"', "header is not a dict of strings");
    *start = p->at;
    while (p->error == NULL && p->at < p->end && *p->at != quote && *p->at != '\\')
        p->at++;
    size_t length = (size_t)(p->at - *start);
    if (p->error == NULL && (p->at == p->end || *p->at != quote))
        p->error = "header has a string that does not end";
    else if (p->error == NULL)
        p->at++;
    return length;
}

static bool equals(const char *start, size_t length, const char *word) {
    return length == strlen(word) && memcmp(start, word, length) == 0;
}

/* '<f4', '>f4', '=f4' and '|f4' (of this machine's order), 'f4' or 'float32'. */
static void parse_descr(parser *p, npy_header *header, char error[static ERROR]) {
    skip_space(p);
    if (p->at < p->end && *p->at == '[') {
        p->error = "structured dtypes are not supported";
        return;
    }
    const char *descr;
    size_t length = parse_string(p, &descr);
    if (p->error != NULL)
        return;
    size_t order = length > 0 && strchr("<>=|", *descr) != NULL ? 1 : 0;
    for (int i = 0; i < NPY_DTYPES; i++) {
        if (!equals(descr + order, length - order, dtypes[i].descr + 1) && !equals(descr, length, dtypes[i].word))
            continue;
        header->dtype = (npy_dtype)i;
        p->big_endian = *descr == '>' && dtypes[i].size > 1;
        return;
    }
    snprintf(error, ERROR, "dtype '%.*s' is not supported, only f2, bf16, f4, f8, b1, i1 to i8, and u1 to u8",
             length < 32 ? (int)length : 32, descr);
    p->error = error;
}

static void parse_fortran_order(parser *p, npy_header *header) {
    header->fortran_order = accept_word(p, "True");
    if (!header->fortran_order && !accept_word(p, "False") && p->error == NULL)
        p->error = "header's 'fortran_order' is neither True nor False";
}

static size_t parse_dimension(parser *p) {
    size_t size = 0;
    const char *start = p->at;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++) {
        size_t digit = (size_t)(*p->at - '0');
        if (size > (PTRDIFF_MAX - digit) / 10) {
            p->error = "shape is larger than the address space";
            return 0;
        }
        size = 10 * size + digit;
    }
    if (p->at == start)
        p->error = p->at < p->end && *p->at == '-' ? "shape has a negative dimension"
                                                   : "header's 'shape' is not a tuple of integers";
    else if (p->at < p->end && *p->at == 'L')
        p->at++; /* Python 2 wrote its long integers so */
    return size;
}

/* (), (n,), (n, m) or (n, m,): one integer in brackets without a comma is no tuple. */
static void parse_shape(parser *p, npy_header *header) {
    expect(p, '(', "header's 'shape' is not a tuple of integers");
    bool comma = true;
    header->ndim = 0;
    while (p->error == NULL && !accept(p, ')')) {
        if (!comma)
            p->error = "header's 'shape' is not a tuple of integers";
        else if (header->ndim == NPY_MAX_DIMS)
            p->error = "shape has more than 64 dimensions";
        else
            header->shape[header->ndim++] = parse_dimension(p);
        comma = accept(p, ',');
    }
    if (p->error == NULL && header->ndim == 1 && !comma)
        p->error = "header's 'shape' is not a tuple of integers";
}

enum { DESCR = 1, FORTRAN_ORDER = 2, SHAPE = 4 };

/* One 'key': value; returns which. */
static unsigned parse_item(parser *p, npy_header *header, unsigned seen, char error[static ERROR]) {
    const char *key;
    size_t length = parse_string(p, &key);
    expect(p, ':', "header is not a dict");
    if (p->error != NULL)
        return 0;
    unsigned which = equals(key, length, "descr")           ? DESCR
                     : equals(key, length, "fortran_order") ? FORTRAN_ORDER
                     : equals(key, length, "shape")         ? SHAPE
                                                            : 0;
    if (which == 0 || (seen & which) != 0) {
        snprintf(error, ERROR, "header has %s key '%.*s'", which == 0 ? "an unknown" : "more than one",
                 length < 32 ? (int)length : 32, key);
        p->error = error;
    } else if (which == DESCR) {
        parse_descr(p, header, error);
    } else if (which == FORTRAN_ORDER) {
        parse_fortran_order(p, header);
    } else {
        parse_shape(p, header);
    }
    return which;
}

const char *npy_parse_header(const char *text, size_t length, npy_header *header, bool *big_endian,
                             char error[static 128]) {
    parser p = {.at = text, .end = text + length};
    for (size_t i = 0; i < length; i++) {
        if ((text[i] < ' ' || text[i] > '~') && text[i] != '\n' && text[i] != '\t' && text[i] != '\r')
            return "header is not ASCII text";
    }
    unsigned seen = 0;
    bool comma = true;
    expect(&p, '{', "header is not a dict");
    while (p.error == NULL && !accept(&p, '}')) {
        if (comma)
            seen |= parse_item(&p, header, seen, error);
        else
            p.error = "header is not a dict";
        comma = accept(&p, ',');
    }
    skip_space(&p);
    if (p.error != NULL)
        return p.error;
    if (p.at != p.end)
        return "header has something after the dict";
    if ((seen & DESCR) == 0)
        return "header has no 'descr'";
    if ((seen & FORTRAN_ORDER) == 0)
        return "header has no 'fortran_order'";
    if ((seen & SHAPE) == 0)
        return "header has no 'shape'";
    *big_endian = p.big_endian;
    return npy_fits(header) ? NULL : "shape is larger than the address space";
}

size_t npy_format_header(const npy_header *header, char bytes[static NPY_HEADER_SPACE]) {
    enum { PREAMBLE = 10, ALIGN = 64 };
    char shape[NPY_SHAPE_SPACE];
    npy_format_shape(header, shape);
    size_t used =
        PREAMBLE + (size_t)snprintf(bytes + PREAMBLE, NPY_HEADER_SPACE - PREAMBLE,
                                    "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", dtypes[header->dtype].descr,
                                    header->fortran_order ? "True" : "False", shape);
    size_t total = (used + 1 + ALIGN - 1) / ALIGN * ALIGN;
    memset(bytes + used, ' ', total - used);
    bytes[total - 1] = '\n';
    memcpy(bytes, "\x93NUMPY\x01\x00", 8);
    bytes[8] = (char)((total - PREAMBLE) & 0xff);
    bytes[9] = (char)((total - PREAMBLE) >> 8);
    return total;
}
