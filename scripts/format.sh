#!/bin/sh
# Lays out all C files as .clang-format says; with --check changes nothing and fails if a file is not so.
set -eu
cd "$(dirname "$0")/.."
files=$(find include src cli tests tools fuzz examples bench python/src -name '*.[ch]' -o -name '*.cpp' | sort)
mode=-i
status=0
[ "${1-}" != --check ] || mode='--dry-run -Werror'
# shellcheck disable=SC2086 # words
clang-format $mode $files || status=1
# shellcheck disable=SC2086
if grep -nE '^.{121}' $files; then
    echo "^ longer than 120 columns, which clang-format leaves to the author in comments" >&2
    status=1
fi
exit $status
