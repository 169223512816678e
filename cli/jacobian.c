/* smx jacobian: equation (5) for each row along the last axis. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "convert.h"
#include "message.h"
#include "npy.h"
#include "progress.h"
#include "settings.h"

enum {
    ENOUGH = 8 << 20, /* bytes of whole matrices in memory: keeps all threads busy, and is in the cache when written */
    ROWS = 1 << 16,   /* how many rows are in memory at most, however small their matrices */
    SIDE = 128        /* of the pieces that a matrix is computed in if it is too large for memory */
};

typedef struct job {
    const settings *set;
    npy_array in;
    output out;
    uint64_t start; /* of the numbers in the output */
    size_t rows, n;
    npy_dtype real;  /* of the arithmetic */
    size_t item;     /* bytes of an element of it */
    size_t *first;   /* of each row in memory: the place of its first element in the file */
    char *row;       /* the rows in memory */
    char *matrix;    /* what is computed: matrices, or some rows of one */
    char *loaded;    /* the rows as they are in the file, and */
    char *stored;    /* what is written, if these have another dtype than the arithmetic */
    npy_dtype dtype; /* of what is written */
    char *sample;    /* two pieces of a row, one after the other */
    char *minor;     /* and their matrix */
} job;

static bool check(const job *j, smx_status status) {
    if (status != SMX_OK)
        complain_status(j->in.name, status);
    return status == SMX_OK;
}

static smx_status jacobian(const job *j, size_t rows, size_t n, const void *y, void *jac) {
    return j->real == NPY_F4 ? smx_softmax_jacobian_f32(rows, n, y, n, jac, n, n * n, &j->set->options)
                             : smx_softmax_jacobian_f64(rows, n, y, n, jac, n, n * n, &j->set->options);
}

/* The place in the file of the first element of a row, the rows counted in C order. */
static size_t first_of_row(const job *j, size_t row) {
    const npy_header *h = &j->in.header;
    if (!h->fortran_order)
        return row * j->n;
    size_t stride = j->rows, at = 0;
    for (size_t i = h->ndim - 1; i-- > 0;) {
        stride /= h->shape[i];
        at += row % h->shape[i] * stride;
        row /= h->shape[i];
    }
    return at;
}

/* The pages of the columns are dropped as they are read: else each number of a row would hold some. */
static void load_strided_rows(const job *j, size_t rows) {
    enum { GROUP = 16 };
    size_t stride = j->rows, item = npy_item_size(j->in.header.dtype);
    for (size_t i = 0; i < j->n; i++) {
        const char *column = (const char *)j->in.data + i * stride * item;
        for (size_t r = 0; r < rows; r++)
            memcpy(j->loaded + (r * j->n + i) * item, column + j->first[r] * item, item);
        if (i % GROUP == GROUP - 1 || i == j->n - 1)
            npy_drop(&j->in, i / GROUP * GROUP * stride * item, (i % GROUP + 1) * stride * item);
    }
}

/* Copies rows out of the file, whatever their order and alignment there: the n * n numbers of each take far longer. */
static bool load_rows(const job *j, size_t row, size_t rows) {
    size_t row_bytes = j->n * npy_item_size(j->in.header.dtype);
    for (size_t r = 0; r < rows; r++)
        j->first[r] = first_of_row(j, row + r);
    if (j->in.header.fortran_order) {
        load_strided_rows(j, rows);
    } else {
        memcpy(j->loaded, (const char *)j->in.data + row * row_bytes, rows * row_bytes);
        npy_drop(&j->in, row * row_bytes, rows * row_bytes);
    }
    return convert(j->in.name, j->real, j->row, j->in.header.dtype, j->loaded, rows * j->n);
}

static bool write_numbers(job *j, size_t first, size_t count) {
    const char *numbers = j->matrix;
    if (j->dtype != j->real) {
        if (!convert(j->out.name, j->dtype, j->stored, j->real, j->matrix, count))
            return false;
        numbers = j->stored;
    }
    progress_add((uint64_t)count);
    size_t item = npy_item_size(j->dtype);
    return output_write_at(&j->out, j->start + (uint64_t)first * item, numbers, count * item);
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static bool write_small(job *j, size_t rows_at_a_time) {
    for (size_t row = 0; row < j->rows; row += rows_at_a_time) {
        size_t rows = least(rows_at_a_time, j->rows - row);
        if (!load_rows(j, row, rows) || !check(j, jacobian(j, rows, j->n, j->row, j->matrix)) ||
            !write_numbers(j, row * j->n * j->n, rows * j->n * j->n))
            return false;
    }
    return true;
}

static bool is_finite(const job *j) {
    for (size_t i = 0; i < j->n; i++) {
        if (!isfinite(j->real == NPY_F4 ? ((const float *)j->row)[i] : ((const double *)j->row)[i]))
            return false;
    }
    return true;
}

/* Rows i .. i + rows and columns k .. k + columns of the matrix of the row in memory, into the strip of whole rows that
 * is being made. J_ij depends on y_i and y_j alone, so the matrix of a sample of a row is a minor of the row's own. */
static bool make_piece(const job *j, size_t i, size_t rows, size_t k, size_t columns) {
    bool diagonal = i == k;
    size_t n = diagonal ? rows : rows + columns;
    memcpy(j->sample, j->row + i * j->item, rows * j->item);
    memcpy(j->sample + rows * j->item, j->row + k * j->item, columns * j->item);
    if (!check(j, jacobian(j, 1, n, j->sample, j->minor)))
        return false;
    for (size_t r = 0; r < rows; r++)
        memcpy(j->matrix + (r * j->n + k) * j->item, j->minor + (r * n + n - columns) * j->item, columns * j->item);
    return true;
}

static bool write_large(job *j, size_t side) {
    size_t n = j->n;
    for (size_t row = 0; row < j->rows; row++) {
        if (!load_rows(j, row, 1))
            return false;
        if (!is_finite(j))
            memset(j->row, 0xff, n * j->item); /* NaN: a number that is not finite spoils the whole matrix */
        for (size_t i = 0; i < n; i += side) {
            size_t rows = least(side, n - i);
            for (size_t k = 0; k < n; k += side) {
                if (!make_piece(j, i, rows, k, least(side, n - k)))
                    return false;
            }
            if (!write_numbers(j, (row * n + i) * n, rows * n))
                return false;
        }
    }
    return true;
}

static bool allocate(job *j, size_t rows, size_t matrix, size_t side) {
    j->first = malloc(rows * sizeof *j->first);
    j->loaded = malloc(rows * j->n * npy_item_size(j->in.header.dtype));
    j->row = malloc(rows * j->n * j->item);
    j->matrix = malloc(matrix * j->item);
    j->stored = malloc(j->dtype == j->real ? 1 : matrix * npy_item_size(j->dtype));
    j->sample = malloc(2 * side * j->item);
    j->minor = malloc(4 * side * side * j->item);
    if (j->first != NULL && j->loaded != NULL && j->row != NULL && j->matrix != NULL && j->stored != NULL &&
        j->sample != NULL && j->minor != NULL)
        return true;
    complain(j->set->who, "%s", strerror(ENOMEM));
    return false;
}

static bool write_all(job *j) {
    size_t n = j->n, stored = j->dtype == j->real ? 0 : npy_item_size(j->dtype);
    size_t block = j->set->memory / 2 / (j->item + stored);
    if (j->rows * n == 0)
        return true;
    progress_start(j->set->who, (uint64_t)j->rows * n * n);
    if (n <= block / n) {
        size_t rows = least(least(j->rows, ROWS), least(ENOUGH / j->item, block) / (n * n));
        rows = rows == 0 ? 1 : rows;
        return allocate(j, rows, rows * n * n, 1) && write_small(j, rows);
    }
    size_t side = least(SIDE, block / n);
    side = side == 0 ? 1 : side;
    return allocate(j, 1, side * n, side) && write_large(j, side);
}

/* The header of the result: one more axis as long as the last, in C order. */
static bool make_header(const npy_array *in, npy_dtype dtype, npy_header *header) {
    *header = in->header;
    header->dtype = dtype;
    header->fortran_order = false;
    if (header->ndim == 0)
        complain(in->name, "the array has no dimensions, and so no rows");
    else if (header->ndim == NPY_MAX_DIMS)
        complain(in->name, "its Jacobian would have more than %d dimensions", NPY_MAX_DIMS);
    else {
        header->shape[header->ndim] = header->shape[header->ndim - 1];
        header->ndim++;
        if (npy_fits(header))
            return true;
        complain(in->name, "its Jacobian would be larger than the address space");
    }
    return false;
}

static int run(job *j) {
    npy_header header;
    if (!npy_open(&j->in, j->set->input[0]) || !npy_check_dtype(&j->in, NPY_REALS))
        return EXIT_FAILED;
    j->dtype = j->set->text[SET_DTYPE] != NULL ? j->set->dtype : j->in.header.dtype;
    j->real = j->dtype == NPY_F8 || j->in.header.dtype == NPY_F8 ? NPY_F8 : NPY_F4;
    j->item = npy_item_size(j->real);
    if (!make_header(&j->in, j->dtype, &header))
        return EXIT_FAILED;
    j->n = header.shape[header.ndim - 1];
    j->rows = j->n == 0 ? 0 : npy_count(&j->in.header) / j->n;
    if (!npy_create(&j->out, j->set->text[SET_OUTPUT], &header, &j->start))
        return EXIT_FAILED;
    bool done = write_all(j);
    progress_clear();
    if (done)
        return output_commit(&j->out) ? EXIT_OK : EXIT_FAILED;
    output_discard(&j->out);
    return EXIT_FAILED;
}

static int write_jacobian(const command *cmd, const settings *set) {
    (void)cmd;
    job j = {.set = set};
    int status = run(&j);
    npy_close(&j.in);
    free(j.first);
    free(j.loaded);
    free(j.row);
    free(j.matrix);
    free(j.sample);
    free(j.minor);
    free(j.stored);
    return status;
}

const command jacobian_command = {
    .name = "jacobian",
    .summary = "Jacobian matrix of each row of a softmax",
    .arguments = "Y.npy -o J.npy [OPTION...]",
    .text = "Writes the Jacobian of softmax for each row of its result Y along the last axis,\n"
            "\n"
            "    J_ij = y_i (1 - y_i) if i = j, else -y_i y_j\n"
            "\n"
            "A Y of shape (..., n) gives (..., n, n), in C order. Y may be '-', standard input; Y\n"
            "and the result may be larger than memory.\n",
    .example = "smx jacobian Y.npy -o J.npy",
    .inputs = 1,
    .settings = SETS_OUTPUT,
    .needs = SET(SET_OUTPUT),
    .run = write_jacobian,
};
