/* smx info: what this build does on this machine. */
#include <stdio.h>

#include "commands.h"
#include "message.h"
#include "settings.h"
#include "smx/smx.h"

static int print_info(const settings *set) {
    (void)set;
    printf("version          %s\n", smx_version());
    printf("instruction set  %s\n", smx_isa());
    printf("available       ");
    for (size_t i = 0; smx_isa_available(i) != NULL; i++)
        printf(" %s", smx_isa_available(i));
    printf("\nthreads          %u\n", smx_threads());
    return EXIT_OK;
}

const command info_command = {
    .name = "info",
    .summary = "version, instruction sets, threads",
    .arguments = "",
    .text = "Prints the version of the library, the instruction set in use (SMX_ISA=NAME in the\n"
            "environment chooses another), those available here, best first, and the number of\n"
            "threads that a computation uses by default.\n",
    .settings = SET(SET_HELP),
    .run = print_info,
};
