#!/bin/sh
# Makes build/bench-venv, a Python environment with bench/requirements.txt in it, if it is not there or they changed.
#
# About 6 GB on disk, once: the only PyTorch on PyPI is the one for CUDA, whose libraries it loads also when it computes
# on the CPU.
set -eu
cd "$(dirname "$0")/.."
venv=${1:-build/bench-venv}
wanted=bench/requirements.txt
done=$venv/requirements.txt

if cmp -s "$wanted" "$done"; then
    exit 0
fi
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    scripts/setup.sh bench
fi
echo "bench-setup: the peers go into $venv (some minutes, about 6 GB)"
python3 -m venv "$venv"
"$venv/bin/pip" install --progress-bar on -q -r "$wanted"
cp "$wanted" "$done"
