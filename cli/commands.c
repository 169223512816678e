#include "commands.h"

#include <stddef.h>
#include <string.h>

#define COMMAND_ENTRY(name) &name##_command,

const command *const commands[] = {COMMANDS(COMMAND_ENTRY) NULL};

const command *command_named(const char *name) {
    for (const command *const *cmd = commands; *cmd != NULL; cmd++) {
        if (strcmp(name, (*cmd)->name) == 0)
            return *cmd;
    }
    return NULL;
}
