/* The checks of a call against the table of operations. Each refusal names what is wrong. */
#include "../base/arithmetic.h"

#include "rows.h"

#include "../base/attributes.h"
#include "../base/refused.h"
#include "../isa/cpu.h"
#include "check_options.h"
#include "matrix.h"

/* ---- Arrays ---- */

static inline size_t element_size(const struct rows_request *r, const struct argument *a) {
    return a->dtypes == 0 ? dtype_size(r->real) : dtype_size(a->content == CONTENT_LABELS ? r->labels : a->work);
}

/* How the elements of an argument lie, as a matrix; of 0 rows or 0 columns if it has none. */
static inline struct matrix matrix_of(const struct rows_request *r, const struct argument *a,
                                      const struct array *data) {
    size_t size = element_size(r, a);
    struct matrix m = {data->data, r->rows, r->n, data->ld, size};
    switch (a->form) {
    case FORM_ROW:
        if (a->repeats && data->ld == 0 && r->rows != 0) {
            m.rows = 1;
            m.stride = r->n;
        }
        break;
    case FORM_COLUMN:
        m.rows = r->n;
        m.n = r->rows;
        break;
    case FORM_VECTORS:
        m.rows = r->rows * r->vectors;
        break;
    case FORM_MATRIX:
        m.n = r->n == 0 ? 0 : data->ld > PTRDIFF_MAX / r->n ? SIZE_MAX : (r->n - 1) * data->ld + r->n;
        m.stride = data->matrix;
        break;
    default: /* numbers side by side */
        m.n = a->form == FORM_VALUE ? r->rows : a->form == FORM_CLASSES ? smx_row_length(r) : 1;
        m.rows = 1;
        m.stride = m.n;
        m.size = a->sum ? sizeof(smx_exact_sum) : size;
    }
    return m;
}

/* The strides of n x n matrices, and their sizes. */
static smx_status check_matrices(const struct rows_request *r, const struct argument *a, const struct array *data) {
    size_t size = dtype_size(r->real);
    if (data->ld < r->n) {
        return smx_refuse(SMX_ERROR_STRIDE, a->stride);
    }
    if (data->ld > PTRDIFF_MAX / size / r->n) {
        return smx_refuse(SMX_ERROR_SIZE, a->stride);
    }
    return data->matrix < r->n * data->ld ? smx_refuse(SMX_ERROR_STRIDE, "matrix_stride") : SMX_OK;
}

static inline bool has_elements(const struct matrix *m) { return m->rows != 0 && m->n != 0; }

/* Whether an argument takes part in the call: it is there, and has elements. */
static inline bool takes_part(const struct argument *a, const struct matrix *m) {
    return has_elements(m) && (m->data != NULL || !a->optional);
}

/* ---- The call ---- */

/* Output number i against all inputs and the outputs before it: it may be an input itself where the table says so. */
static inline bool output_overlaps(const struct operation *op, const struct matrix *m, int count, int i) {
    for (int j = 0; j < count; j++) {
        const struct argument *other = &op->argument[j];
        if (j == i || (j > i && argument_is_output(other)) || !takes_part(other, &m[j])) {
            continue;
        }
        bool may_be = (op->argument[i].in_place >> j & 1) != 0;
        if (!(may_be && matrix_same(&m[i], &m[j])) && matrix_overlap(&m[i], &m[j])) {
            return true;
        }
    }
    return false;
}

/* Fewer elements than this are in the nearest cache. */
#define STREAMED_LEAST ((size_t)64)

/* Whether results are best written past the caches: they are not there yet, as in place they are, and will not stay, as
 * what is read takes as much room. Such stores trap at addresses that are no multiple of an element's size; others do
 * not. Of an operation whose arguments are rows, the last one its output. */
static inline bool bypasses_cache(const struct rows_request *r, const struct operation *op) {
    size_t size = dtype_size(r->real);
    if (r->rows * r->n * size <= smx_cpu_cache_bytes() / 2) {
        return false;
    }
    int last = op->argument[2].form == FORM_NONE ? 1 : 2;
    const void *out = r->array[last].data;
    for (int i = 0; i < last; i++) {
        if (r->array[i].data == out) {
            return false;
        }
    }
    return (uintptr_t)out % size == 0;
}

/* Rows, columns and strides below this have no product that overflows. */
#define SMALL ((size_t)1 << (sizeof(size_t) * 4 - 4))

/* How many elements an array spans of rows of n, with a stride, if that can be seen at once to be in order; else 0. */
static inline size_t elements_of_rows(size_t rows, size_t n, size_t stride) {
    return stride - n >= SMALL ? 0 : (rows - 1) * stride + n;
}

static inline size_t elements_of_matrices(const struct rows_request *r, const struct array *array) {
    bool fits = array->ld - r->n < SMALL && array->matrix < SMALL && array->matrix >= r->n * array->ld;
    return fits ? (r->rows - 1) * array->matrix + (r->n - 1) * array->ld + r->n : 0;
}

/* The same of arguments that are no rows, in bytes. */
NOT_INLINE static size_t bytes_of_others(const struct rows_request *r, const struct argument *a,
                                         const struct array *array) {
    switch (a->form) {
    case FORM_COLUMN:
        return elements_of_rows(r->n, r->rows, array->ld) * dtype_size(r->real);
    case FORM_MATRIX:
        return elements_of_matrices(r, array) * dtype_size(r->real);
    case FORM_VALUE:
        return r->rows * element_size(r, a);
    case FORM_CLASSES:
        return r->n * element_size(r, a);
    default:
        return a->form == FORM_TOTAL && !a->sum ? element_size(r, a) : 0;
    }
}

/* The same of any argument. */
static inline size_t bytes_spanned(const struct rows_request *r, const struct argument *a, const struct array *array) {
    return a->form != FORM_ROW ? bytes_of_others(r, a, array)
                               : elements_of_rows(r->rows, r->n, array->ld) * dtype_size(r->real);
}

/* An array that is given: its number, and the bytes [begin, end) that it spans. */
struct range {
    uintptr_t begin, end;
    int number;
};

/* Whether the last of these arrays shares a byte with an earlier one, unless neither is written, or it is an input in
 * whose very place the output may be. */
NOT_INLINE static bool shares_memory(const struct rows_request *r, const struct range *range,
                                     const struct range *last) {
    const struct argument *a = &r->operation->argument[last->number];
    for (const struct range *other = range; other < last; other++) {
        int j = other->number;
        if (last->end <= other->begin || other->end <= last->begin ||
            !(argument_is_output(a) || argument_is_output(&r->operation->argument[j]))) {
            continue;
        }
        bool may_be = (a->in_place >> j & 1) != 0 && last->begin == other->begin;
        if (!may_be || r->array[j].ld != r->array[last->number].ld) {
            return true;
        }
    }
    return false;
}

/* A call as most are, whose arrays can be seen to be in order without looking closer: small, plain, each by itself or
 * an output in the very place of an input. What this accepts, check_arrays would. A call on a row of ten shall not
 * spend its time on what cannot go wrong. */
static inline bool in_order(const struct rows_request *r, const struct rows_run *run) {
    const struct argument *a = r->operation->argument;
    struct range range[ARGUMENTS_MAX], *next = range;
    uintptr_t low = UINTPTR_MAX, high = 0; /* of all so far */
    if (r->part != NULL || ((r->rows - 1) | (r->n - 1)) >= SMALL || ((r->vectors - 1) | run->options.given) != 0) {
        return false;
    }
    for (int i = 0; a[i].form != FORM_NONE; i++) {
        uintptr_t begin = (uintptr_t)r->array[i].data;
        if (begin == 0) {
            if (!a[i].optional) {
                return false;
            }
            continue;
        }
        uintptr_t end = begin + bytes_spanned(r, &a[i], &r->array[i]);
        next->begin = begin;
        next->end = end;
        next->number = i;
        if (begin == end || (begin < high && low < end && shares_memory(r, range, next))) {
            return false;
        }
        next++;
        low = begin < low ? begin : low;
        high = end > high ? end : high;
    }
    return true;
}

/* The integers of rows in parts, which share memory with nothing. */
static smx_status check_part(const struct rows_request *r, const struct matrix *m, int count,
                             const smx_options *options) {
    const struct matrix words[] = {{r->part->maxima, r->rows, SMX_PART_MAXIMA, SMX_PART_MAXIMA, sizeof(int64_t)},
                                   {r->part->sums, r->rows, SMX_PART_SUMS, SMX_PART_SUMS, sizeof(int64_t)}};
    static const char *const name[] = {"maxima", "sums"};
    for (int k = 0; k < 2; k++) {
        smx_status status = matrix_check(&words[k], name[k], name[k]);
        if (status != SMX_OK) {
            return status;
        }
    }
    bool shared = matrix_overlap(&words[0], &words[1]);
    for (int k = 0; k < 2; k++) {
        shared = shared || (options != NULL && smx_overlaps_options(r, &words[k], options));
        for (int i = 0; i < count; i++) {
            shared = shared || (takes_part(&r->operation->argument[i], &m[i]) && matrix_overlap(&words[k], &m[i]));
        }
        if (shared) {
            return smx_refuse(SMX_ERROR_OVERLAP, name[k]);
        }
    }
    return SMX_OK;
}

static smx_status check_arrays(const struct rows_request *r, struct rows_run *run) {
    const struct operation *op = r->operation;
    struct matrix m[ARGUMENTS_MAX];
    int count = 0;
    smx_status status;
    bool rows = r->rows != 0 && r->n != 0;
    run->idle = true;
    if (r->vectors != 1 && (r->vectors == 0 || r->rows > SIZE_MAX / r->vectors)) {
        return r->vectors == 0 || !rows ? SMX_OK : smx_refuse(SMX_ERROR_SIZE, "count");
    }
    for (; op->argument[count].form != FORM_NONE; count++) {
        const struct argument *a = &op->argument[count];
        m[count] = matrix_of(r, a, &r->array[count]);
        if (!takes_part(a, &m[count])) {
            continue;
        }
        if (a->form == FORM_MATRIX && (status = check_matrices(r, a, &r->array[count])) != SMX_OK) {
            return status;
        }
        if ((status = matrix_check(&m[count], a->name, a->form == FORM_MATRIX ? "matrix_stride" : a->stride)) !=
            SMX_OK) {
            return status;
        }
        run->idle = run->idle && !argument_is_output(a);
    }
    const smx_options *options = run->options.given != 0 && rows ? run->options.opt : NULL;
    if (options != NULL && (status = smx_check_options(r, options)) != SMX_OK) {
        return status;
    }
    for (int i = 0; i < count; i++) {
        const struct argument *a = &op->argument[i];
        if (!argument_is_output(a) || !takes_part(a, &m[i])) {
            continue;
        }
        if (output_overlaps(op, m, count, i) || (options != NULL && smx_overlaps_options(r, &m[i], options))) {
            return smx_refuse(SMX_ERROR_OVERLAP, a->name);
        }
    }
    return r->part != NULL && r->rows != 0 ? check_part(r, m, count, options) : SMX_OK;
}

smx_status smx_rows_check(const struct rows_request *r, struct rows_run *run) {
    smx_status status = smx_options_read(r->opt, &run->options);
    if (status != SMX_OK) {
        return status;
    }
    run->kernels = smx_kernels_in_use(r->real);
    if (run->kernels == NULL) {
        return smx_no_kernels();
    }
    unsigned not_taken = run->options.given & ~r->operation->options;
    if (not_taken != 0) {
        return smx_refuse(SMX_ERROR_OPTION, smx_option_name(not_taken));
    }
    run->options.query = r->query;
    run->request = r;
    run->call = (struct rows_call){.array = r->array,
                                   .options = &run->options,
                                   .rows = r->rows,
                                   .n = r->n,
                                   .vectors = r->vectors,
                                   .part = r->part,
                                   .plain = run->options.given == 0};
    run->idle = false;
    status = in_order(r, run) ? SMX_OK : check_arrays(r, run);
    if (status == SMX_OK && !run->idle && r->rows * r->n >= STREAMED_LEAST) {
        run->call.stream = bypasses_cache(r, r->operation);
    }
    return status;
}
