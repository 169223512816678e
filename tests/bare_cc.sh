#!/bin/sh
# One bare command builds the library and a program, without any build system.
#
#     bare_cc.sh SOURCE_DIR COMPILER
set -eu
cd "$1"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"$2" -O2 -std=c11 -ffp-contract=off -Iinclude -Isrc src/*.c src/isa/*.c examples/softmax.c -lm -o "$tmp/softmax"
"$tmp/softmax" | diff examples/softmax.expected -
