#!/bin/sh
# Configures, builds and tests each preset, all of them whatever fails on the way, and sums up.
#
#     scripts/test-all.sh [PRESET...]       default: all
#
# The last line is `N passed, N failed`; the exit status is 0 only if nothing failed and something passed.
set -u
cd "$(dirname "$0")/.." || exit 1
[ $# -gt 0 ] || set -- gcc clang asan tsan fuzz aarch64 riscv64
jobs=$(nproc)
passed=0
failed=0
summary=

# A count from the header of CTest's JUnit report.
count() {
    [ -s "$2" ] || { echo 0; return; }
    sed -n "s/^.*[^a-z]$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -n 1
}

for preset in "$@"; do
    echo "==== $preset ===="
    started=$(date +%s)
    report=build/$preset/junit.xml
    rm -f "$report"
    if ! cmake --preset "$preset" || ! cmake --build --preset "$preset" -j "$jobs"; then
        result="does not build"
        failed=$((failed + 1))
    else
        ctest --preset "$preset" -j "$jobs" --output-junit junit.xml
        grep -hiE '^skip|not available here' "build/$preset/Testing/Temporary/LastTest.log" | sort -u
        bad=$(($(count failures "$report") + $(count disabled "$report") + $(count skipped "$report")))
        good=$(($(count tests "$report") - bad))
        [ $((good + bad)) -gt 0 ] || bad=1 # no test ran
        passed=$((passed + good))
        failed=$((failed + bad))
        result="$good passed, $bad failed"
    fi
    summary="$summary$(printf '%-8s %4d s  %s' "$preset" $(($(date +%s) - started)) "$result")
"
done

printf '==== summary ====\n%s' "$summary"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
