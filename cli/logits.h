/* What turns the numbers of X into logits: scale, softcap, masks, lengths, causal rule, windows, ALiBi slopes, sinks.
 * For each tile these become the library's options. */
#ifndef SMX_CLI_LOGITS_H
#define SMX_CLI_LOGITS_H

#include "input.h"
#include "settings.h"
#include "smx/smx.h"

enum { LOGITS_INPUTS = 5 };

typedef struct logits {
    input scale, mask, lengths, alibi, sink;
    union {
        float f32;
        double f64;
    } one_scale;
    size_t together;     /* so many rows, a matrix, are in one call, which knows their places; 1: each alone */
    smx_causal causal;   /* where each is alone */
    int64_t *kept;       /* how many entries of each row of a tile lengths and the causal rule leave */
    smx_options options; /* for the tile that was loaded */
} logits;

/* Opens the files that the settings name, and checks them. Returns the exit status, EXIT_OK if all is well. */
int logits_open(logits *l, const settings *set, const input *first, const space *rows, npy_dtype as);
void logits_close(logits *l);

/* Whether the logits are other than X itself. */
bool logits_given(const settings *set);

/* As those of input.h. */
size_t logits_row_bytes(const logits *l);
bool logits_allocate(logits *l, size_t rows);
bool logits_load(logits *l, const space *rows, const layout *first, const tile *t);
void logits_unload(const logits *l, const tile *t);

#endif
