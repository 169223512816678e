/* Runs gnuplot: the script on its standard input, the picture from its standard output. */
#define _POSIX_C_SOURCE 200809L

#include "demo.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "message.h"
#include "output.h"

extern char **environ;

/* Returns gnuplot's exit status, or -1 with errno set if it could not be run. */
static int run_gnuplot(int script, int picture) {
    char program[] = "gnuplot";
    char no_startup_files[] = "--default-settings";
    char *argv[] = {program, no_startup_files, NULL};
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        errno = error;
        return -1;
    }
    pid_t child;
    error = posix_spawn_file_actions_adddup2(&actions, script, STDIN_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, picture, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawnp(&child, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        errno = error;
        return -1;
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The script goes through a file, not a pipe: gnuplot may end before it has read all of it. */
static FILE *make_script(const demo_results *results) {
    int fd = cleanup_unnamed_file();
    if (fd < 0)
        return NULL;
    FILE *script = fdopen(fd, "w+");
    if (script != NULL) {
        demo_write_script(script, results);
        if (fflush(script) == 0 && fseek(script, 0, SEEK_SET) == 0)
            return script;
    }
    complain("temporary file", "%s", strerror(errno));
    if (script != NULL)
        fclose(script);
    else
        close(fd);
    return NULL;
}

bool demo_plot(const char *path, const demo_results *results) {
    FILE *script = make_script(results);
    if (script == NULL)
        return false;
    output picture;
    if (!output_open(&picture, path)) {
        fclose(script);
        return false;
    }
    int status = run_gnuplot(fileno(script), picture.fd);
    int error = errno;
    fclose(script);
    if (status == 0) {
        if (!output_commit(&picture))
            return false;
        printf("wrote %s\n", path);
        return true;
    }
    output_discard(&picture);
    /* posix_spawnp may also learn too late that there is no such program: the child then ends with 127. */
    if ((status < 0 && error == ENOENT) || status == 127) {
        complain("gnuplot", "not installed, so there is no picture (%s)", path);
        return true;
    }
    if (status < 0)
        complain("gnuplot", "%s", strerror(error));
    else
        complain("gnuplot", "failed with status %d, so there is no picture (%s)", status, path);
    return false;
}
