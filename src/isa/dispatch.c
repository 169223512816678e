#include "../base/arithmetic.h"

#include "dispatch.h"

#include "../base/attributes.h"
#include "../base/refused.h"
#include "../threads/parallel.h"
#include "cpu.h"
#include "isa.h"
#include "smx/smx.h"

#include <stdatomic.h>
#include <stdlib.h>

struct choice {
    const char *name;
    bool (*runs_here)(void);
    const struct kernels *const *f32, *const *f64;
    bool f16c;
};

#define CHOICE(name, f32, f64, f16c) {#name, smx_cpu_##name, &smx_##f32, &smx_##f64, f16c},
static const struct choice choices[] = {SMX_ISA_TABLE(CHOICE)};
#define CHOICES (sizeof choices / sizeof choices[0])

/* Where nothing is computed, so that a call that is in order need not ask for the reason. */
static const struct kernels *const none = NULL;
static const struct choice unusable = {NULL, NULL, &none, &none, false};        /* SMX_ISA names none that works here */
static const struct choice bad_environment = {NULL, NULL, &none, &none, false}; /* another variable makes no sense */

static _Atomic(const struct choice *) in_use; /* null until first use */

static bool available(const struct choice *choice) { return *choice->f32 != NULL && choice->runs_here(); }

static const struct choice *choose(const char *name) {
    for (size_t i = 0; i < CHOICES; i++) {
        if ((name == NULL || strcmp(name, choices[i].name) == 0) && available(&choices[i])) {
            return &choices[i];
        }
    }
    return &unusable;
}

static const struct choice *choose_by_environment(void) {
    const char *name = getenv("SMX_ISA");
    return choose(name != NULL && name[0] != '\0' ? name : NULL);
}

/* Not inlined: every call of the library asks which choice it is. */
NOT_INLINE static const struct choice *first_choice(void) {
    bool sense = smx_cpu_cache_bytes() != 0 && smx_threads_make_sense();
    const struct choice *first = sense ? choose_by_environment() : &bad_environment, *other = NULL;
    /* If another thread was quicker, its choice stays. */
    return atomic_compare_exchange_strong(&in_use, &other, first) ? first : other;
}

static const struct choice *current(void) {
    const struct choice *choice = atomic_load_explicit(&in_use, memory_order_acquire);
    return choice != NULL ? choice : first_choice();
}

const struct kernels *smx_kernels_in_use(enum dtype real) {
    const struct choice *choice = current();
    return real == DTYPE_F64 ? *choice->f64 : *choice->f32;
}

bool smx_f16c_in_use(void) { return current()->f16c; }

smx_status smx_no_kernels(void) {
    if (current() != &bad_environment) {
        return smx_refuse(SMX_ERROR_ISA, "SMX_ISA");
    }
    return smx_refuse(SMX_ERROR_ENVIRONMENT, smx_cpu_cache_bytes() == 0 ? "SMX_CACHE_BYTES" : "SMX_THREADS");
}

const char *smx_isa(void) {
    const struct choice *choice = current();
    return choice == &bad_environment ? choose_by_environment()->name : choice->name;
}

smx_status smx_isa_set(const char *name) {
    const struct choice *choice = choose(name);
    if (choice == &unusable) {
        return smx_refuse(SMX_ERROR_ISA, "name");
    }
    if (current() != &bad_environment) {
        atomic_store_explicit(&in_use, choice, memory_order_release);
    }
    return SMX_OK;
}

const char *smx_isa_available(size_t i) {
    for (size_t k = 0; k < CHOICES; k++) {
        if (available(&choices[k]) && i-- == 0) {
            return choices[k].name;
        }
    }
    return NULL;
}
