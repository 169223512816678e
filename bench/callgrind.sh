#!/bin/sh
# Guards against slower kernels: compares the instructions that callgrind counts with those in bench/callgrind.txt.
#
#     bench/callgrind.sh [--update] PROGRAM      PROGRAM: bench/callgrind.c, linked with libsmx.a
#
# Fails if a count is over 3 % above or below its figure, or stands on one side only; below, so that what was gained is
# kept. Counts depend on the compiler, its options and libc: where these are not those of the figures (in a build with
# sanitizers, say) nothing is compared, and a line that begins with SKIP says so. --update writes the figures anew.
set -eu
cd "$(dirname "$0")/.."
figures=bench/callgrind.txt
tolerance=3

update=
if [ "${1-}" = --update ]; then
    update=yes
    shift
fi
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "callgrind.sh: usage: bench/callgrind.sh [--update] PROGRAM" >&2
    exit 2
fi
program=$(realpath "$1")
command -v valgrind >/dev/null || { echo "callgrind.sh: valgrind is missing: scripts/setup.sh full" >&2; exit 1; }

build=$("$program" --build | grep '^build ') || {
    echo "callgrind.sh: $program does not say how it was built: is it bench/callgrind.c?" >&2
    exit 1
}
if [ -n "$update" ]; then
    case $build in
    *fsanitize* | *coverage*) plain= ;;
    *" Release: "*) plain=yes ;;
    *) plain= ;;
    esac
    [ -n "$plain" ] || { echo "callgrind.sh: figures are those of a plain release build, not of: $build" >&2; exit 1; }
elif [ "$(grep '^build ' "$figures")" != "$build" ]; then
    echo "SKIP callgrind, nothing compared: the figures are of '$(grep '^build ' "$figures")', this is '$build'"
    exit 0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if ! valgrind --tool=callgrind --callgrind-out-file="$folder/out" "$program" >"$folder/said" 2>"$folder/errors"; then
    cat "$folder/errors" >&2
    exit 1
fi
if grep '^skip' "$folder/said"; then
    echo "SKIP callgrind, nothing compared: this processor cannot run the kernels named above"
    [ -z "$update" ] || exit 1
    exit 0
fi
# One dump a kernel: its label, then its sum.
awk 'sub(/^desc: Trigger: Client Request: /, "") { label = $0 } /^summary: / && label { print label, $2; label = "" }' \
    "$folder"/out.* | sort >"$folder/counts"

if [ -n "$update" ]; then
    {
        echo "# Instructions of one call, one thread, under callgrind. Written by bench/callgrind.sh --update."
        echo "$build"
        cat "$folder/counts"
    } >"$figures"
    echo "callgrind.sh: wrote $(grep -c . "$folder/counts") figures to $figures"
    exit 0
fi
awk -v tolerance="$tolerance" '
    /^#|^build / { next }
    { key = $1 " " $2 " " $3 }
    NR == FNR { old[key] = $4; next }
    !(key in old) { printf "%-40s %10s -> %10d  no figure\n", key, "", $4; bad++; next }
    {
        change = 100 * ($4 / old[key] - 1)
        verdict = change > tolerance ? "SLOWER" : change < -tolerance ? "faster: update the figures" : ""
        if (verdict) { bad++ }
        printf "%-40s %10d -> %10d  %+6.1f %%  %s\n", key, old[key], $4, change, verdict
        delete old[key]
        compared++
    }
    END {
        for (key in old) { printf "%-40s %10d -> not counted\n", key, old[key]; bad++ }
        printf "callgrind.sh: %d compared, %d not within %d %%", compared, bad, tolerance
        print bad ? " (on purpose: bench/callgrind.sh --update PROGRAM)" : ""
        exit bad > 0 || compared == 0
    }' "$figures" "$folder/counts"
