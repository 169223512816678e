#!/bin/sh
# One bare command builds the library and a program, without any build system, and whatever the usual flags are, every
# result has the same bits.
#
#     bare_cc.sh SOURCE_DIR COMPILER [FLAG]...
set -eu
cd "$1"
shift
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

(cd "$tmp" && "$@" -pthread -I"$OLDPWD/include" -I"$OLDPWD/src" -c $(ls "$OLDPWD"/src/*/*.c | grep -v /tensor/))
"$@" -pthread -Iinclude examples/softmax.c "$tmp"/*.o -lm -o "$tmp/softmax"
"$tmp/softmax" | diff examples/softmax.expected -
"$@" -pthread -Iinclude -Itests tests/golden*.c "$tmp"/*.o -lm -o "$tmp/golden_check"
"$tmp/golden_check" tests/vectors
