#!/bin/sh
# The extension of the Python package under AddressSanitizer and UndefinedBehaviorSanitizer: after scripts/python-test.sh,
# whose build it takes, with the library as it is (the preset asan has that). The tests of what is Python alone are left
# out, as is the limit of memory, which a sanitizer does not keep.
#
#     scripts/python-sanitize.sh [ARGUMENT...]      for pytest
set -eu
cd "$(dirname "$0")/.."
root=$PWD venv=$PWD/build/python-venv made=$PWD/build/python build=$PWD/build/python-asan
numpy=$("$venv/bin/python" -c 'import numpy; print(numpy.get_include())')
include=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("include"))')

rm -rf "$build"
mkdir -p "$build"
cp -r "$("$venv/bin/python" -c 'import pathlib, smx; print(pathlib.Path(smx.__file__).parent)')" "$build/smx"
gcc -std=c11 -shared -fPIC -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
    -DPy_LIMITED_API=0x030B0000 -I"$made/python" -Ipython/src -Iinclude -Ipython/vendor -isystem "$numpy" \
    -isystem "$include" python/src/*.c "$made/python/functions.c" "$made/libsmx.a" -lm -pthread -o "$build/smx/_core.abi3.so"

cd "$build" # where no other smx is
LD_PRELOAD="$(gcc -print-file-name=libasan.so):$(gcc -print-file-name=libubsan.so)" \
    PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0 PYTHONPATH="$build" \
    "$venv/bin/python" -m pytest -c "$root/pyproject.toml" --rootdir "$root" -p no:cacheprovider \
    --junitxml="$build/junit.xml" -k 'not memory_is_returned' "$@" \
    "$root"/python/tests/test_arrays.py "$root"/python/tests/test_errors.py "$root"/python/tests/test_functions.py \
    "$root"/python/tests/test_losses.py "$root"/python/tests/test_threads.py
