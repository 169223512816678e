#include "guard.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

guarded guarded_new(const dtype *t, size_t n, flush side) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = n * t->size;
    size_t inside = (bytes + page - 1) / page * page;
    guarded g = {NULL, inside + 2 * page, NULL};
    g.mapping = mmap(NULL, g.mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(g.mapping, MAP_FAILED);
    unsigned char *first_page = (unsigned char *)g.mapping + page;
    if (inside) {
        assert_int_equal(mprotect(first_page, inside, PROT_READ | PROT_WRITE), 0);
    }
    g.a = first_page + (side == FLUSH_END ? inside - bytes : 0);
    return g;
}

void guarded_free(guarded *g) { assert_int_equal(munmap(g->mapping, g->mapped), 0); }

static void report(int number) {
    const char *text = label_text();
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    written += write(STDERR_FILENO, ": touched memory outside its arrays\n", 36);
    _exit(written > 0 ? 128 + number : 127);
}

void guarded_report_faults(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = report;
    assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
    assert_int_equal(sigaction(SIGBUS, &action, NULL), 0);
}
