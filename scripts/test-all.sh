#!/bin/sh
# Builds and tests stage by stage, all of them whatever fails on the way, and sums up.
#
#     scripts/test-all.sh STAGE...
#
# A stage is a test preset of CMakePresets.json; or `python`, the package and its tests, and after it `python-full`, the
# same with PyTorch and Dask, `python-oldest`, with the oldest NumPy, SciPy and Dask, `python-free-threaded`, on a Python
# without its lock, `python-sanitize`, its C under sanitizers; or one of these lists of them:
#
#     quick    what `make test` runs: an optimised build, the essentials under sanitizers, the Python package
#     full     the rest of `make test-full`: other compilers, sanitizers, processors, searches
#
# The last line is `N passed, N failed`; the exit status is 0 only if nothing failed and something passed.
set -u
cd "$(dirname "$0")/.." || exit 1
jobs=$(nproc)
export FUZZ_SECONDS="${FUZZ_SECONDS:-20}"
passed=0
failed=0
summary=
began=$(date +%s)

stages=
for name in "$@"; do
    case $name in
    quick) stages="$stages gcc quick-asan python" ;;
    full)
        stages="$stages full-gcc python-full python-oldest python-free-threaded python-sanitize"
        stages="$stages asan clang tsan msan fuzz aarch64 riscv64"
        ;;
    *) stages="$stages $name" ;;
    esac
done

# A count from the header of a JUnit report, of CTest or pytest.
count() {
    [ -s "$2" ] || { echo 0; return; }
    sed -n "s/^.*[^a-z]$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -n 1
}

for stage in $stages; do
    case $stage in
    python-sanitize) preset=python-asan build=none ;;
    full-gcc) preset=gcc build=gcc ;; # configured and built as gcc
    *) preset=$stage build=$stage ;;
    esac
    echo "==== $stage, after $(($(date +%s) - began)) s ===="
    started=$(date +%s)
    report=build/$preset/junit.xml
    rm -f "$report"
    case $stage in
    python) scripts/python-test.sh ;; # after gcc, whose objects ccache has
    python-full | python-oldest | python-free-threaded) scripts/python-test.sh "--${stage#python-}" ;;
    python-sanitize) scripts/python-sanitize.sh ;;
    esac
    status=$?
    if [ "$stage" != "${stage#python}" ]; then
        bad=$(($(count failures "$report") + $(count errors "$report") + $(count skipped "$report")))
        good=$(($(count tests "$report") - bad))
        [ "$status" -eq 0 ] || [ $bad -gt 0 ] || bad=1 # not built, or no test ran
        passed=$((passed + good))
        failed=$((failed + bad))
        result="$good passed, $bad failed"
    elif ! cmake --preset "$preset" || ! cmake --build --preset "$build" -j "$jobs"; then
        result="does not build"
        failed=$((failed + 1))
    else
        ctest --preset "$stage" -j "$jobs" --output-junit junit.xml
        grep -hiE '^skip|not available here' "build/$preset/Testing/Temporary/LastTest.log" | sort -u
        bad=$(($(count failures "$report") + $(count disabled "$report") + $(count skipped "$report")))
        good=$(($(count tests "$report") - bad))
        [ $((good + bad)) -gt 0 ] || bad=1 # no test ran
        passed=$((passed + good))
        failed=$((failed + bad))
        result="$good passed, $bad failed"
    fi
    summary="$summary$(printf '%-20s %5d s  %s' "$stage" $(($(date +%s) - started)) "$result")
"
done

printf '==== summary, %d s ====\n%s' $(($(date +%s) - began)) "$summary"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
