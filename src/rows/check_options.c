#include "../base/arithmetic.h"

#include "check_options.h"

#include "../base/refused.h"
#include "../options/window.h"
#include "place.h"

#include <float.h>

/* Those that rows share have no stride. */
static struct matrix matrix_of_mask(const void *data, size_t used, size_t n, size_t ld, size_t size) {
    return (struct matrix){data, used, n, used == 1 ? n : ld, size};
}

static struct matrix matrix_of_add(const struct rows_request *r, const smx_options *o) {
    return matrix_of_mask(o->add, mask_rows(r->rows, o->add_rows, o->add_every), r->n, o->add_ld, dtype_size(r->real));
}

static struct matrix matrix_of_keep(const struct rows_request *r, const smx_options *o) {
    return matrix_of_mask(o->keep, mask_rows(r->rows, o->keep_rows, o->keep_every), r->n, o->keep_ld, 1);
}

static struct matrix numbers(const void *data, size_t n, size_t size) { return (struct matrix){data, 1, n, n, size}; }

static struct matrix matrix_of_lengths(const struct rows_request *r, const smx_options *o) {
    return numbers(o->lengths, mask_rows(r->rows, o->lengths_rows, o->lengths_every), sizeof(int64_t));
}

static struct matrix matrix_of_scale(const struct rows_request *r, const smx_options *o) {
    return numbers(o->scale, o->scale_stride == 0 ? 1 : r->rows, dtype_size(r->real));
}

static struct matrix matrix_of_alibi(const struct rows_request *r, const smx_options *o) {
    return numbers(o->alibi, mask_rows(r->rows, o->alibi_rows, o->alibi_every), dtype_size(r->real));
}

static struct matrix matrix_of_sink(const struct rows_request *r, const smx_options *o) {
    return numbers(o->sink, mask_rows(r->rows, o->sink_rows, o->sink_every), dtype_size(r->real));
}

static smx_status check_slopes(const struct rows_request *r, const smx_options *o) {
    const double most = r->real == DTYPE_F64 ? DBL_MAX : (double)FLT_MAX;
    for (size_t k = 0; k < mask_rows(r->rows, o->alibi_rows, o->alibi_every); k++) {
        if (!smx_between(r->real, o->alibi, k, -most, most)) {
            return smx_refuse(SMX_ERROR_OPTION, "options.alibi");
        }
    }
    return SMX_OK;
}

/* Scales lie between these in magnitude. */
#define SCALE_LEAST 0x1p-64
#define SCALE_MOST 0x1p64

smx_status smx_check_options(const struct rows_request *r, const smx_options *o) {
    smx_status status = SMX_OK;
    if (o->scale != NULL) {
        int64_t least = smx_place_of(r->real, SCALE_LEAST), most = smx_place_of(r->real, SCALE_MOST);
        for (size_t k = 0; k < (o->scale_stride == 0 ? 1 : r->rows); k++) {
            int64_t place = smx_place(r->real, o->scale, k);
            place = place < 0 ? -place : place;
            if (place < least || place > most) {
                return smx_refuse(SMX_ERROR_SCALE, "options.scale");
            }
        }
    }
    if (o->add != NULL) {
        struct matrix m = matrix_of_add(r, o);
        status = matrix_check(&m, "options.add", "options.add_ld");
    }
    if (status == SMX_OK && o->keep != NULL) {
        struct matrix m = matrix_of_keep(r, o);
        status = matrix_check(&m, "options.keep", "options.keep_ld");
    }
    if (status == SMX_OK && o->lengths != NULL) {
        size_t used = mask_rows(r->rows, o->lengths_rows, o->lengths_every);
        for (size_t k = 0; k < used; k++) {
            if (o->lengths[k] < 0 || (uint64_t)o->lengths[k] > smx_row_length(r)) {
                return smx_refuse(SMX_ERROR_LENGTH, "options.lengths");
            }
        }
    }
    return status == SMX_OK && o->alibi != NULL ? check_slopes(r, o) : status;
}

static bool overlaps(const struct matrix *out, struct matrix other) { return matrix_overlap(out, &other); }

bool smx_overlaps_options(const struct rows_request *r, const struct matrix *out, const smx_options *o) {
    return (o->scale != NULL && overlaps(out, matrix_of_scale(r, o))) ||
           (o->add != NULL && overlaps(out, matrix_of_add(r, o))) ||
           (o->keep != NULL && overlaps(out, matrix_of_keep(r, o))) ||
           (o->lengths != NULL && overlaps(out, matrix_of_lengths(r, o))) ||
           (o->alibi != NULL && overlaps(out, matrix_of_alibi(r, o))) ||
           (o->sink != NULL && overlaps(out, matrix_of_sink(r, o)));
}
