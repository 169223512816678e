#!/bin/sh
# clang-tidy on the library and the tool, as BUILD_DIR compiles them; .clang-tidy says which checks.
#
#     tidy.sh SOURCE_DIR BUILD_DIR
set -eu
cd "$1"
printf '%s\n' src/*/*.c cli/*.c | xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p "$2"
