#!/bin/sh
# Runs fuzzers on the kept corpus (fuzz/corpus.tar.gz: a folder each), FUZZ_SECONDS each (60 if that is not set).
#
#     scripts/fuzz.sh [--merge | --replay] BUILD_DIR [NAME...]      default: all of npy, args, api
#
# An input that fails goes to BUILD_DIR/fuzz/failed, and is printed too; the exit status is then 1. New inputs that reach
# new code stay in BUILD_DIR/fuzz/NAME, for the next run; --merge makes of them and the kept corpus the smallest set that
# reaches as much, and keeps that. --replay runs each kept input once, with the programs of SMX_REPLAY.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
archive=$root/fuzz/corpus.tar.gz
mode=run
case ${1-} in
--merge | --replay) mode=${1#--}; shift ;;
esac
build=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- npy args api
seconds=${FUZZ_SECONDS:-60}

# Files of the tool and of the fuzzers go where a folder is in memory, if there is one.
shm=/dev/shm
[ -w "$shm" ] || shm=${TMPDIR:-/tmp}
TMPDIR=$(mktemp -d "$shm/smx-fuzz-XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
corpus=$TMPDIR/corpus
mkdir "$corpus"
tar -xzf "$archive" -C "$corpus"

run() {
    name=$1
    found=$build/fuzz/$name kept=$corpus/$name failed=$build/fuzz/failed
    mkdir -p "$found" "$kept" "$failed"
    rm -f "$failed/$name-"* # what earlier runs left says nothing of this one
    echo "==== fuzz_$name: $(ls "$kept" | wc -l) kept inputs, $seconds s ===="
    {
        "$build/fuzz_$name" "$found" "$kept" -max_total_time="$seconds" -artifact_prefix="$failed/$name-" \
            -timeout=60 -malloc_limit_mb=512 -rss_limit_mb=4096 -print_final_stats=1 2>&1 || touch "$TMPDIR/failed"
    } | grep -vE '^#[0-9]+[[:space:]]+(NEW|REDUCE|RELOAD)|NEW_FUNC' || true
    report "$name"
}

replay() {
    "$build/replay_$1" "$corpus/$1"/* || touch "$TMPDIR/failed"
    echo "replay_$1: $(ls "$corpus/$1" | wc -l) kept inputs"
}

# Keeps the smallest corpus that reaches what the kept and the found inputs reach.
merge() {
    name=$1
    smallest=$TMPDIR/merged
    mkdir -p "$smallest" "$corpus/$name" "$build/fuzz/$name"
    "$build/fuzz_$name" -set_cover_merge=1 -artifact_prefix="$TMPDIR/" "$smallest" "$corpus/$name" "$build/fuzz/$name"
    rm -rf "${corpus:?}/$name"
    mv "$smallest" "$corpus/$name"
}

# The same inputs give the same file.
pack() {
    tar -C "$corpus" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=a=r,u+w,a+X -cf - . |
        gzip -9n >"$archive"
}

# Shows what an input is that failed, and how to run it again.
report() {
    for input in "$build/fuzz/failed/$1-"*; do
        [ -f "$input" ] || continue
        echo "FAILED: $input"
        echo "    base64: $(base64 -w 0 "$input")"
        echo "    again:  FUZZ_DUMP=1 $build/fuzz_$1 $input"
    done
}

for fuzzer in "$@"; do
    "$mode" "$fuzzer"
done
[ "$mode" != merge ] || pack
[ ! -e "$TMPDIR/failed" ]
