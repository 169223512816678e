#!/bin/sh
# Installs the Python package with pip into an environment of its own, build/python-venv, and runs its tests there.
#
#     scripts/python-test.sh [ARGUMENT...]      for pytest: -k NAME, say
#
# PYTHON names the interpreter (default: python3). Packages come from PyPI once, until pyproject.toml changes.
set -eu
cd "$(dirname "$0")/.."
venv=build/python-venv
done=$venv/pyproject.toml

if [ ! -x "$venv/bin/python" ] || ! cmp -s pyproject.toml "$done"; then
    mkdir -p build
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/pip" install -q --upgrade 'pip>=25.1'
    "$venv/bin/pip" install -q --group build --group test
    cp pyproject.toml "$done"
fi

launcher=
if command -v ccache >/dev/null; then
    launcher=-Ccmake.define.CMAKE_C_COMPILER_LAUNCHER=ccache
fi
# Without isolation and with a build folder that stays, so that only what changed is compiled again.
# shellcheck disable=SC2086 # one word or none
PATH="$PWD/$venv/bin:$PATH" "$venv/bin/pip" install -q --no-build-isolation --no-deps --force-reinstall \
    -Cbuild-dir=build/python -Ccmake.define.SMX_WERROR=ON $launcher .
torch=
if ! "$venv/bin/python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)'; then
    echo "skip python/tests/test_torch.py: PyTorch, of some GB, is not in $venv"
    torch=--ignore=python/tests/test_torch.py
fi
# shellcheck disable=SC2086
"$venv/bin/python" -m pytest $torch --junitxml=build/python/junit.xml "$@"
