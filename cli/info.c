/* smx info: what this build does on this machine. */
#include <getopt.h>
#include <stdio.h>

#include "commands.h"
#include "message.h"
#include "smx/smx.h"

static const char help[] = "usage: smx info\n"
                           "\n"
                           "Prints the version of the library, the instruction set in use (SMX_ISA=NAME in the\n"
                           "environment chooses another), those available here, best first, and the number of\n"
                           "threads that a computation uses by default.\n";

static int print_info(void) {
    if (!check_isa())
        return EXIT_USAGE;
    printf("version          %s\n", smx_version());
    printf("instruction set  %s\n", smx_isa());
    printf("available       ");
    for (size_t i = 0; smx_isa_available(i) != NULL; i++)
        printf(" %s", smx_isa_available(i));
    printf("\nthreads          %u\n", smx_threads());
    return EXIT_OK;
}

int smx_info_main(int argc, char **argv) {
    static const struct option table[] = {{"help", no_argument, NULL, 'h'}, {0}};
    opterr = 0;
    int option = getopt_long(argc, argv, "h", table, NULL);
    if (option == 'h') {
        fputs(help, stdout);
        return EXIT_OK;
    }
    if (option != -1)
        return complain_usage(argv[0], "unknown option '%s'", argv[optind - 1]);
    if (optind < argc)
        return complain_usage(argv[0], "takes no '%s'", argv[optind]);
    return print_info();
}
