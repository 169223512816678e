#!/bin/sh
# src/base/arithmetic.h: every source begins with it, it refuses flags that change results, and it switches contraction off.
#
#     arithmetic.sh SOURCE_DIR COMPILER
set -eu
cd "$1"
cc=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0
fail() {
    echo "$*"
    failed=1
}

sources=$(find src -name '*.c')
[ -n "$sources" ] || fail "no source found"
for source in $sources; do
    first=$(grep -m 1 -E '^ *[#a-zA-Z]' "$source") # comments begin with / or a star
    case $first in
    '#include "arithmetic.h"' | '#include "../base/arithmetic.h"') ;;
    *) fail "$source: first is '$first', not arithmetic.h" ;;
    esac
done

# accepts FLAG...; refuses WORDS FLAG...: with an #error that says WORDS.
accepts() {
    "$cc" "$@" -fsyntax-only -x c src/base/arithmetic.h || fail "$cc $*: refused"
}
refuses() {
    words=$1
    shift
    if "$cc" "$@" -fsyntax-only -x c src/base/arithmetic.h 2>"$tmp/said"; then
        fail "$cc $*: accepted"
    elif ! grep -q "libsmx: .*$words" "$tmp/said"; then
        fail "$cc $*: refused without '$words': $(cat "$tmp/said")"
    fi
}
for flags in -O0 '-O3 -march=native' -std=gnu17 -frounding-math -ffp-contract=on; do
    accepts $flags
done
refuses 'without -ffast-math' -ffast-math
refuses 'without -ffast-math' -Ofast
refuses 'without -ffinite-math-only' -ffinite-math-only
if [ "$(uname -m)" = x86_64 ]; then
    accepts -march=sapphirerapids # FLT_EVAL_METHOD is 16 with gcc
    accepts -m32 -msse2 -mfpmath=sse
    refuses 'compile for i386 with -msse2 -mfpmath=sse' -m32
fi
case $("$cc" --version) in
*clang*) echo "skip: clang tells no macro of -fassociative-math and its like" ;;
*)
    accepts -std=c11 -ffp-contract=fast # the pragma comes after it
    refuses 'without -fassociative-math' -fassociative-math -fno-signed-zeros -fno-trapping-math
    refuses '-freciprocal-math' -freciprocal-math
    refuses '-fno-signed-zeros' -fno-signed-zeros
    refuses 'without -fsingle-precision-constant' -fsingle-precision-constant
    ;;
esac

# a * b + c, of numbers and of vectors, is two instructions with the header, and one without it.
[ "$(uname -m)" = x86_64 ] || { echo "skip: contraction is looked for in x86-64 code only"; exit "$failed"; }
cat >"$tmp/contraction.c" <<'END'
#include <immintrin.h>
#ifdef __clang__
#define TARGET __attribute__((target("avx2,fma")))
#else
#pragma GCC target("avx2,fma")
#define TARGET
#endif
TARGET double number(double a, double b, double c);
TARGET double number(double a, double b, double c) { return a * b + c; }
TARGET __m256d vector(__m256d a, __m256d b, __m256d c);
TARGET __m256d vector(__m256d a, __m256d b, __m256d c) { return _mm256_add_pd(_mm256_mul_pd(a, b), c); }
END
fused() {
    "$cc" -O2 -std=gnu11 "$@" -S -o - "$tmp/contraction.c" | grep -c 'vfmadd' || true
}
[ "$(fused)" -gt 0 ] || fail "$cc contracts nothing unasked: the next check cannot fail"
[ "$(fused -include src/base/arithmetic.h)" -eq 0 ] || fail "$cc -O2 -std=gnu11 contracts in spite of src/base/arithmetic.h"
exit "$failed"
