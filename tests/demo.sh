#!/bin/sh
# The demo end to end: the same weights on every instruction set and for any number of threads, the accuracy, the files.
# In a quick run (SMX_TESTS=sample) each instruction set has one number of threads, as the scalar one has two before.
#
#     tests/demo.sh SMX DATA        the tool, and the directory of the digits
set -eu

smx=$(command -v "$1")
data=$2
weights=8e6f9edc0321342eb639264c9ab55ee623d9ca9eb214c69a52777be17a01c675

numbers='1 2 3' # of threads
[ "${SMX_TESTS-}" != sample ] || numbers=3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

failures=0
fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# run NAME ISA THREADS [PATH]: the demo's files go to $work/NAME, what it prints to $work/NAME.txt and $work/NAME.err
run() {
    PATH=${4-$PATH} SMX_ISA=$2 "$smx" demo --data "$data" --out "$work/$1" --threads "$3" \
        >"$work/$1.txt" 2>"$work/$1.err"
}

must_run() {
    run "$@" || fail "$1: exit status $?: $(cat "$work/$1.err")"
}

check_weights() {
    found=$(sed -n 's/^weights SHA-256: //p' "$work/$1.txt")
    [ "$found" = "$weights" ] || fail "$1: the weights' SHA-256 is '$found', not $weights"
}

check_accuracy() {
    accuracy=$(sed -n 's/^test accuracy: \([0-9.]*\) %$/\1/p' "$work/$1.txt")
    awk -v accuracy="$accuracy" 'BEGIN { exit !(accuracy >= 95 && accuracy <= 100) }' ||
        fail "$1: the test accuracy is '$accuracy', not 95 % or better"
}

check_isa() {
    grep -q "^instruction set $2, " "$work/$1.txt" || fail "$1: did not run on $2: $(sed -n 2p "$work/$1.txt")"
}

# check_size NAME FILE BYTES: of the numbers, behind a header of a multiple of 64 bytes
check_size() {
    bytes=$(wc -c <"$work/$1/$2") || bytes=0
    header=$((bytes - $3))
    if [ "$header" -le 0 ] || [ $((header % 64)) != 0 ]; then
        fail "$1: $2 has $bytes bytes, for $3 bytes of numbers"
    fi
}

check_files() {
    check_size "$1" probabilities.npy $((360 * 10 * 4))
    check_size "$1" jacobian.npy $((10 * 10 * 4))
    check_size "$1" loss.npy $((201 * 4))
    check_size "$1" weights.npy $((65 * 10 * 4))
    hash=$(tail -c 2600 "$work/$1/weights.npy" | sha256sum)
    [ "${hash%% *}" = "$weights" ] || fail "$1: weights.npy does not hold the weights"
}

# same_files NAME NAME: whatever the demo writes, but the picture, is the same
same_files() {
    for file in probabilities jacobian loss weights; do
        cmp -s "$work/$1/$file.npy" "$work/$2/$file.npy" || fail "$file.npy differs between $1 and $2"
    done
}

must_run first scalar 1
check_isa first scalar
check_weights first
check_accuracy first
check_files first

if command -v gnuplot >/dev/null; then
    [ "$(head -c 8 "$work/first/demo.png" | od -An -c | tr -d ' ')" = '211PNG\r\n032\n' ] || fail "demo.png is no PNG"
else
    echo "skipped: the picture, since gnuplot is not installed"
fi

# Without gnuplot everything else is done, and said so.
must_run without scalar 2 "$work/no-such-directory"
grep -q 'gnuplot: not installed' "$work/without.err" || fail "no word of a missing gnuplot: $(cat "$work/without.err")"
[ ! -e "$work/without/demo.png" ] || fail "a picture without gnuplot"
check_weights without
same_files first without

for isa in scalar sse2 avx2 avx512 neon sve rvv; do
    status=0
    run "$isa-3" "$isa" 3 || status=$?
    if [ "$status" = 2 ] && grep -q "SMX_ISA=$isa names no instruction set" "$work/$isa-3.err"; then
        echo "skipped: $isa: $(cat "$work/$isa-3.err")"
        continue
    fi
    [ "$status" = 0 ] || fail "$isa-3: exit status $status: $(cat "$work/$isa-3.err")"
    for threads in $numbers; do
        name=$isa-$threads
        [ "$threads" = 3 ] || must_run "$name" "$isa" "$threads"
        check_isa "$name" "$isa"
        check_weights "$name"
        check_accuracy "$name"
        same_files first "$name"
    done
    echo "checked: $isa"
done

[ "$failures" = 0 ]
