#!/bin/sh
# Makes what bench/bench.py and bench/python_calls.py run in, where it is not there or has changed:
#
#     build/bench-venv            a Python environment with bench/requirements.txt
#     build/bench-python/package  the Python package of the working tree, as a wheel has it; for PYTHONPATH
#
# About 6 GB on disk, once: the only PyTorch on PyPI is the one for CUDA, whose libraries it loads also when it computes
# on the CPU.
set -eu
cd "$(dirname "$0")/.."
venv=${1:-build/bench-venv} build=build/bench-python
wanted=bench/requirements.txt
done=$venv/requirements.txt

if ! cmp -s "$wanted" "$done"; then
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        scripts/setup.sh bench
    fi
    echo "bench-setup: the peers go into $venv (some minutes, about 6 GB)"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --progress-bar on -q -r "$wanted"
    cp "$wanted" "$done"
fi

# The extension on the stable ABI, as in wheels for Python 3.11 and later.
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSMX_PYTHON=ON -DSMX_CLI=OFF \
    -DCMAKE_C_FLAGS=-DPy_LIMITED_API=0x030B0000 -DPython_EXECUTABLE="$PWD/$venv/bin/python" >"$build.log" 2>&1 ||
    { cat "$build.log" >&2; exit 1; }
cmake --build "$build" --target python
rm -rf "$build/package"
mkdir "$build/package"
cp -r python/smx "$build/package"
cmake --install "$build" --component python --prefix "$build/package" >"$build.log"
