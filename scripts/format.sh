#!/bin/sh
# Lays out all C files as .clang-format says; with --check changes nothing and fails if a file is not so.
set -eu
cd "$(dirname "$0")/.."
mode=-i
[ "${1-}" != --check ] || mode='--dry-run -Werror'
# shellcheck disable=SC2086
find include src cli tests tools examples -name '*.[ch]' -o -name '*.cpp' | sort | xargs clang-format $mode
