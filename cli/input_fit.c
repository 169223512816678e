/* Whether an input fits the first: its shape, order and dtype. */
#include <string.h>

#include "input.h"
#include "message.h"

static bool same_shape(const npy_header *a, const npy_header *b) {
    return a->ndim == b->ndim && memcmp(a->shape, b->shape, a->ndim * sizeof *a->shape) == 0;
}

/* The same numbers are at the same places in both orders if at most one dimension has more than one element. */
static bool order_matters(const npy_header *header) {
    int longer = 0;
    for (size_t i = 0; i < header->ndim; i++)
        longer += header->shape[i] > 1;
    return longer > 1;
}

static bool refuse_shape(const input *in, const char *what, const char *name, const npy_header *wanted) {
    char shape[NPY_SHAPE_SPACE], wanted_shape[NPY_SHAPE_SPACE];
    npy_format_shape(&in->whole, shape);
    npy_format_shape(wanted, wanted_shape);
    complain(in->array.name, "its shape %s %s %s, %s", shape, what, name, wanted_shape);
    return false;
}

static bool check_order(const input *in, const input *first) {
    bool fortran = in->array.header.fortran_order;
    if (fortran == first->array.header.fortran_order || !order_matters(&in->whole))
        return true;
    complain(in->array.name, "it is in %s order, and %s in %s order; save both in the same order",
             fortran ? "Fortran" : "C", first->array.name, fortran ? "C" : "Fortran");
    return false;
}

static bool fit_same(input *in, const input *first, const space *rows) {
    if (!same_shape(&in->whole, &first->whole))
        return refuse_shape(in, "is not that of", first->array.name, &first->whole);
    in->array.header = space_merge(rows, in->whole);
    in->lay = layout_along(&first->array.header, rows->axis); /* the order of one dimension may be another */
    in->lay.item = npy_item_size(in->array.header.dtype);
    in->per_row = rows->n;
    return check_order(in, first);
}

static bool fit_vectors(input *in, const input *first, const space *rows) {
    const npy_header *header = &in->array.header, *wanted = &first->array.header;
    npy_header without = *header;
    if (header->ndim > 1) {
        without.ndim--;
        without.shape[header->ndim - 2] = header->shape[header->ndim - 1];
    }
    if (header->ndim < 2 || !same_shape(&without, wanted))
        return refuse_shape(in, "does not have vectors, (..., count, n), for", first->array.name, wanted);
    if ((header->fortran_order && order_matters(header)) || (wanted->fortran_order && order_matters(wanted))) {
        complain(header->fortran_order ? in->array.name : first->array.name,
                 "it is in Fortran order; save it in C order");
        return false;
    }
    in->lay = layout_along(header, header->ndim - 1);
    in->lay.inner = 1;
    in->count = header->shape[header->ndim - 2];
    in->per_row = in->count * rows->n;
    return true;
}

static size_t element_stride(const npy_header *header, size_t dim) {
    size_t stride = 1;
    for (size_t i = 0; i < header->ndim; i++) {
        if (header->fortran_order ? i < dim : i > dim)
            stride *= header->shape[i];
    }
    return stride;
}

/* Lays the array's dimensions against the wanted ones from the last, as NumPy does; `stride` gets one for each. */
static bool broadcast(const npy_header *header, const npy_header *wanted, size_t stride[static NPY_MAX_DIMS]) {
    memset(stride, 0, NPY_MAX_DIMS * sizeof *stride);
    for (size_t i = 0; i < header->ndim; i++) {
        size_t dim = header->ndim - 1 - i, size = header->shape[dim];
        bool inside = i < wanted->ndim;
        if (size != 1 && (!inside || size != wanted->shape[wanted->ndim - 1 - i]))
            return false;
        if (inside && size != 1)
            stride[wanted->ndim - 1 - i] = element_stride(header, dim);
    }
    return true;
}

static npy_header header_of_rows(const space *rows) {
    npy_header header = {.ndim = rows->ndim};
    memcpy(header.shape, rows->shape, rows->ndim * sizeof *rows->shape);
    return header;
}

/* Whether the offset of each row is the one that it has in the first input, `per_row` standing for its n. */
static bool rows_in_order(const input *in, const space *rows) {
    for (size_t i = 0; i < rows->ndim; i++) {
        if (rows->shape[i] > 1 && in->stride[i] != rows->stride[i] * in->per_row)
            return false;
    }
    return in->step == 1;
}

/* Of several axes that are one, it must have all, in the order of the first input, or 1 in each. */
static bool merge_axes(input *in, const input *first, const space *rows) {
    const npy_header *whole = &first->whole;
    if (rows->axes == 1 || in->whole.ndim > whole->ndim)
        return true;
    npy_header padded = in->whole;
    size_t missing = whole->ndim - padded.ndim;
    padded.ndim = whole->ndim;
    for (size_t i = 0; i < padded.ndim; i++)
        padded.shape[i] = i < missing ? 1 : in->whole.shape[i - missing];
    bool all = true, ones = true;
    for (size_t i = rows->axis; i < rows->axis + rows->axes; i++) {
        all = all && padded.shape[i] == whole->shape[i];
        ones = ones && padded.shape[i] == 1;
    }
    in->array.header = space_merge(rows, padded);
    if (ones)
        return true;
    return all ? check_order(in, first)
               : refuse_shape(in, "has some of the axes that --axis names, not all, of", first->array.name, whole);
}

static bool fit_broadcast(input *in, const input *first, const space *rows) {
    const npy_header *wanted = &first->array.header;
    size_t stride[NPY_MAX_DIMS];
    if (!merge_axes(in, first, rows))
        return false;
    if (!broadcast(&in->array.header, wanted, stride))
        return refuse_shape(in, "does not broadcast to that of", first->array.name, &first->whole);
    in->step = stride[rows->axis];
    in->one_row = true;
    for (size_t i = 0; i < rows->ndim; i++) {
        in->stride[i] = stride[i < rows->axis ? i : i + 1];
        in->one_row = in->one_row && in->stride[i] == 0;
    }
    in->per_row = rows->n;
    if (rows->n == 1)
        in->step = 1;
    in->in_order = rows_in_order(in, rows);
    return true;
}

/* One number for each of the first dimension of the rows, as (B,) beside rows of (B, H, Q), would broadcast along the
 * last. It is refused with a hint: where it does not, and where both extents are the same and nobody can tell. */
static bool check_first_dimension(const input *in, const space *rows) {
    const npy_header *header = &in->array.header;
    if (header->ndim != 1 || rows->ndim < 2 || header->shape[0] < 2 || header->shape[0] != rows->shape[0])
        return true;
    npy_header first = {.ndim = rows->ndim}, last = {.ndim = rows->ndim};
    for (size_t i = 0; i < rows->ndim; i++)
        first.shape[i] = last.shape[i] = 1;
    first.shape[0] = last.shape[rows->ndim - 1] = header->shape[0];
    char first_shape[NPY_SHAPE_SPACE], last_shape[NPY_SHAPE_SPACE];
    npy_format_shape(&first, first_shape);
    npy_format_shape(&last, last_shape);
    if (header->shape[0] == rows->shape[rows->ndim - 1])
        complain(in->array.name,
                 "its shape (%zu,) may mean the first or the last dimension of the rows; "
                 "save it with the shape %s or %s",
                 header->shape[0], first_shape, last_shape);
    else
        complain(in->array.name,
                 "its shape (%zu,) does not broadcast to that of the rows; "
                 "one number for each of their first dimension has the shape %s",
                 header->shape[0], first_shape);
    return false;
}

/* The shape of the rows may keep the axes with extent 1, as --keepdims writes it. */
static void drop_axes(input *in, const input *first, const space *rows) {
    npy_header kept = first->whole;
    for (size_t i = 0; i < rows->axes; i++)
        kept.shape[rows->axis + i] = 1;
    if (!same_shape(&in->whole, &kept))
        return;
    in->array.header.ndim = rows->ndim;
    for (size_t i = rows->axis; i < rows->ndim; i++)
        in->array.header.shape[i] = kept.shape[i + rows->axes];
}

static bool fit_rows(input *in, const input *first, const space *rows, bool exactly) {
    npy_header wanted = header_of_rows(rows);
    if (exactly)
        drop_axes(in, first, rows);
    if (exactly && !same_shape(&in->array.header, &wanted))
        return refuse_shape(in, "is not that of the rows of", first->array.name, &wanted);
    if (!exactly && !check_first_dimension(in, rows))
        return false;
    if (!broadcast(&in->array.header, &wanted, in->stride))
        return refuse_shape(in, "does not broadcast to that of the rows of", first->array.name, &wanted);
    in->per_row = in->step = 1;
    in->in_order = rows_in_order(in, rows);
    return true;
}

static bool fit_classes(input *in, const input *first, const space *rows) {
    npy_header wanted = {.ndim = 1, .shape = {rows->n}};
    if (!same_shape(&in->array.header, &wanted))
        return refuse_shape(in, "is not one number for each class of", first->array.name, &wanted);
    in->per_row = rows->n;
    in->one_row = true;
    in->step = 1;
    return true;
}

static bool fit_one(input *in) {
    if (npy_count(&in->array.header) != 1) {
        char shape[NPY_SHAPE_SPACE];
        npy_format_shape(&in->array.header, shape);
        complain(in->array.name,
                 "its shape is %s, and it must be a single number; one for each row needs --reduction none", shape);
        return false;
    }
    in->per_row = in->step = 1;
    in->one_row = true;
    return true;
}

/* Inputs of the same standing are all f8 or none is: else one was probably not saved as it was meant to be. Scales,
 * masks and weights may have any type. */
static bool check_kind(const input *in, const input *first) {
    npy_dtype a = in->array.header.dtype, b = first->array.header.dtype;
    bool standing = input_is_tiled(in) || in->fit == FIT_ROWS;
    if (!standing || (NPY_REALS >> a & 1) == 0 || (a == NPY_F8) == (b == NPY_F8))
        return true;
    complain(in->array.name, "its dtype %s is not that of %s, %s", npy_dtype_name(a), first->array.name,
             npy_dtype_name(b));
    return false;
}

bool input_fit(input *in, const input *first, const space *rows, fit how, npy_dtype as) {
    in->fit = how;
    in->as = as;
    in->count = 1;
    bool fits = false;
    if (how == FIT_SAME)
        fits = fit_same(in, first, rows);
    else if (how == FIT_VECTORS)
        fits = fit_vectors(in, first, rows);
    else if (how == FIT_BROADCAST)
        fits = fit_broadcast(in, first, rows);
    else if (how == FIT_ROWS || how == FIT_ROWS_BROADCAST)
        fits = fit_rows(in, first, rows, how == FIT_ROWS);
    else if (how == FIT_CLASSES)
        fits = fit_classes(in, first, rows);
    else
        fits = fit_one(in);
    return fits && check_kind(in, first);
}
