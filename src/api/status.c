/* What a status says, and the version. */
#include "../base/arithmetic.h"

#include "smx/smx.h"

const char *smx_status_str(smx_status status) {
    switch (status) {
    case SMX_OK:
        return "success";
    case SMX_ERROR_NULL:
        return "a pointer that would be used is null";
    case SMX_ERROR_SIZE:
        return "an array would be larger than the address space, or a row longer than 2^36";
    case SMX_ERROR_STRIDE:
        return "a stride is smaller than what it must step over";
    case SMX_ERROR_OVERLAP:
        return "an output overlaps an input or itself";
    case SMX_ERROR_OPTION:
        return "the options hold an unknown or contradictory value";
    case SMX_ERROR_ISA:
        return "the instruction set is not available in this build or on this machine";
    case SMX_ERROR_STATS:
        return "partial statistics that do not belong together, or to this row";
    case SMX_ERROR_LABEL:
        return "a label is no class";
    case SMX_ERROR_SCALE:
        return "a scale is 0, not finite, or out of range (for temperature 0 use argmax)";
    case SMX_ERROR_LENGTH:
        return "a row's length is negative or above n";
    case SMX_ERROR_DTYPE:
        return "a tensor has a type that the function does not take";
    case SMX_ERROR_SHAPE:
        return "tensors have shapes that do not fit together, or no such axis";
    case SMX_ERROR_DEVICE:
        return "a tensor is not in the memory of the CPU";
    case SMX_ERROR_MEMORY:
        return "no memory for scratch space";
    case SMX_ERROR_ENVIRONMENT:
        return "SMX_CACHE_BYTES or SMX_THREADS in the environment is not a number above 0";
    }
    return "unknown status";
}

#define TEXT(number) #number
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)
const char *smx_version(void) { return VERSION(SMX_VERSION_MAJOR, SMX_VERSION_MINOR, SMX_VERSION_PATCH); }
int smx_version_number(void) { return SMX_VERSION_NUMBER; }
