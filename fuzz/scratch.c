#define _GNU_SOURCE
#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "npy.h"

typedef struct entry {
    const char *name;
    npy_header header;  /* of an array */
    const char *points; /* of a symbolic link: where */
    ino_t inode;
} entry;

#define WIDE ((size_t)1 << 40)
static entry entries[] = {
    {"f2.npy", {NPY_F2, false, 2, {3, 5}}, NULL, 0},
    {"bf16.npy", {NPY_BF16, false, 2, {3, 5}}, NULL, 0},
    {"f4.npy", {NPY_F4, false, 2, {3, 5}}, NULL, 0},
    {"f8.npy", {NPY_F8, false, 2, {3, 5}}, NULL, 0},
    {"fortran.npy", {NPY_F4, true, 2, {3, 5}}, NULL, 0},
    {"cube.npy", {NPY_F4, false, 3, {3, 2, 5}}, NULL, 0},
    {"cube8.npy", {NPY_F8, true, 3, {3, 2, 5}}, NULL, 0},
    {"row.npy", {NPY_F4, false, 1, {5}}, NULL, 0},
    {"rows.npy", {NPY_F4, false, 1, {3}}, NULL, 0},
    {"rows8.npy", {NPY_F8, false, 1, {3}}, NULL, 0},
    {"column.npy", {NPY_F2, false, 2, {3, 1}}, NULL, 0},
    {"one.npy", {NPY_F8, false, 0, {0}}, NULL, 0},
    {"bool.npy", {NPY_BOOL, false, 2, {3, 5}}, NULL, 0},
    {"u1.npy", {NPY_U1, false, 1, {5}}, NULL, 0},
    {"i4.npy", {NPY_I4, false, 1, {3}}, NULL, 0},
    {"i8.npy", {NPY_I8, false, 1, {3}}, NULL, 0},
    {"i8cube.npy", {NPY_I8, false, 2, {3, 2}}, NULL, 0},
    {"empty.npy", {NPY_F4, false, 2, {0, 5}}, NULL, 0},
    {"no-entries.npy", {NPY_F4, false, 2, {3, 0}}, NULL, 0},
    {"wide.npy", {NPY_F4, false, 2, {0, WIDE}}, NULL, 0},
    {"tall.npy", {NPY_F8, false, 2, {WIDE, 0}}, NULL, 0},
    {"deep.npy", {NPY_F4, false, 4, {1, 1, 1, 3}}, NULL, 0},
    {"folder", {0}, NULL, 0},
    {"missing-link", {0}, "missing", 0},
    {"link", {0}, "f4.npy", 0},
    {"null", {0}, "/dev/null", 0},
    {"full", {0}, "/dev/full", 0},
};
enum { ENTRIES = sizeof entries / sizeof *entries, PATH_SPACE = 256 };

static char root[PATH_SPACE], inside[PATH_SPACE + 8], beside[PATH_SPACE + 64];
static int folder, home, input; /* descriptors */

const char *scratch_name(size_t i) { return i < ENTRIES ? entries[i].name : NULL; }

const char *scratch_beside(const char *name) {
    snprintf(beside, sizeof beside, "%s/%s", root, name);
    return beside;
}

/* Small integers, which are labels, lengths, masks and logits alike; some -inf among the latter. */
static void fill(npy_dtype dtype, unsigned char *data, size_t count) {
    static const uint16_t halves[] = {0x3c00, 0xbc00, 0xfc00, 0x4200, 0x0001};
    for (size_t i = 0; i < count; i++) {
        int number = (int)(i % 5);
        float single = number == 2 ? -__builtin_inff() : (float)number - 1.5f;
        double real = (double)single;
        int64_t integer = number;
        if (dtype == NPY_F2)
            memcpy(data + 2 * i, &halves[number], 2);
        else if (dtype == NPY_BF16)
            memcpy(data + 2 * i, (const char *)&single + 2, 2);
        else if (dtype == NPY_F4)
            memcpy(data + 4 * i, &single, 4);
        else if (dtype == NPY_F8)
            memcpy(data + 8 * i, &real, 8);
        else
            memcpy(data + npy_item_size(dtype) * i, &integer, npy_item_size(dtype));
    }
}

/* In the folder. */
static void make(entry *e) {
    unsigned char data[1024];
    struct stat status;
    bool made;
    if (e->points != NULL) {
        made = symlink(e->points, e->name) == 0;
    } else if (strstr(e->name, ".npy") != NULL) {
        fill(e->header.dtype, data, npy_count(&e->header));
        made = npy_save(e->name, &e->header, data);
    } else {
        made = mkdir(e->name, 0700) == 0;
    }
    if (!made || lstat(e->name, &status) != 0)
        fuzz_fail("cannot make %s/%s", inside, e->name);
    e->inode = status.st_ino;
}

static void remove_all(void) {
    scratch_enter();
    DIR *all = opendir(".");
    for (struct dirent *d; all != NULL && (d = readdir(all)) != NULL;)
        unlinkat(folder, d->d_name, strcmp(d->d_name, "folder") == 0 ? AT_REMOVEDIR : 0);
    closedir(all);
    scratch_leave();
    rmdir(inside);
    unlink(scratch_beside("words"));
    rmdir(root);
}

/* logsumexp of tall.npy would be 8 TiB of -inf: what fills a disk is refused here as there. */
static void limit_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
        fuzz_fail("cannot read the limit of a file's size");
    limit.rlim_cur = (rlim_t)1 << 26;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        fuzz_fail("cannot limit a file's size");
}

void scratch_make(void) {
    const char *where = getenv("TMPDIR");
    snprintf(root, sizeof root, "%s/smx-fuzz-XXXXXX", where != NULL && *where != '\0' ? where : "/tmp");
    if (mkdtemp(root) == NULL)
        fuzz_fail("cannot make a folder %s", root);
    snprintf(inside, sizeof inside, "%s/files", root);
    home = open(".", O_RDONLY | O_DIRECTORY);
    if (mkdir(inside, 0700) != 0 || (folder = open(inside, O_RDONLY | O_DIRECTORY)) < 0 || home < 0)
        fuzz_fail("cannot make a folder %s", inside);
    if (fchdir(folder) != 0)
        fuzz_fail("cannot enter %s", inside);
    for (size_t i = 0; i < ENTRIES; i++)
        make(&entries[i]);
    input = open("f4.npy", O_RDONLY);
    if (input < 0 || dup2(input, STDIN_FILENO) < 0)
        fuzz_fail("cannot open %s/f4.npy", inside);
    scratch_leave();
    limit_files();
    atexit(remove_all);
}

void scratch_enter(void) {
    signal(SIGXFSZ, SIG_IGN); /* libFuzzer, which begins after scratch_make, would end the process */
    if (fchdir(folder) != 0 || lseek(STDIN_FILENO, 0, SEEK_SET) != 0)
        fuzz_fail("cannot enter %s", inside);
}

void scratch_leave(void) {
    if (fchdir(home) != 0)
        fuzz_fail("cannot go back to where the fuzzer was started");
}

static entry *find(const char *name) {
    for (size_t i = 0; i < ENTRIES; i++) {
        if (strcmp(entries[i].name, name) == 0)
            return &entries[i];
    }
    return NULL;
}

static void check_new(const char *name, bool allowed) {
    npy_array array;
    if (strncmp(name, ".smx-", 5) == 0)
        fuzz_fail("a temporary file was left: %s", name);
    if (!allowed)
        fuzz_fail("'%s' was written, though the tool failed", name);
    if (!npy_open(&array, name))
        fuzz_fail("'%s' was written, and is no array", name);
    npy_close(&array);
}

void scratch_restore(bool allowed) {
    DIR *all = opendir(inside);
    if (all == NULL || fchdir(folder) != 0)
        fuzz_fail("cannot enter %s", inside);
    size_t untouched = 0;
    for (struct dirent *d; (d = readdir(all)) != NULL;) {
        const entry *e = find(d->d_name);
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        if (e != NULL && e->inode == d->d_ino) {
            untouched++;
            continue;
        }
        check_new(d->d_name, allowed);
        if (unlink(d->d_name) != 0)
            fuzz_fail("cannot remove '%s'", d->d_name);
    }
    closedir(all);
    struct stat status;
    for (size_t i = 0; i < ENTRIES && untouched < ENTRIES; i++) {
        if (lstat(entries[i].name, &status) != 0)
            make(&entries[i]);
    }
    scratch_leave();
}
