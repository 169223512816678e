#!/bin/sh
# Installs the Python package with pip into an environment of its own and runs its tests there.
#
#     scripts/python-test.sh [--full | --oldest | --free-threaded] [ARGUMENT...]      for pytest: -k NAME, say
#
#     --full             with PyTorch and Dask besides
#     --oldest           with the oldest NumPy, SciPy and Dask; NumPy has wheels for Python 3.11
#     --free-threaded    built for and run by a Python without its lock, which scripts/free-threaded.sh builds
#
# The first two take what was built without them. PYTHON names the interpreter (default: python3). Packages come from
# PyPI once, until that or pyproject.toml changes. PyTorch is 2 GB to download and 6 GB on the disk: it is taken from
# SMX_TORCH_PYTHON, an interpreter that has it (default: that of `make bench`, if it was made), else from PyPI. Where
# disk or line does not do for that, a line that begins with `skip` says so, and the other tests run.
set -eu
cd "$(dirname "$0")/.."
variant=
builds=yes
case ${1-} in
--full | --oldest | --free-threaded)
    variant=${1#-}
    shift
    ;;
esac
venv=build/python$variant-venv done=build/python$variant-venv/pyproject.toml wheel=build/python-wheel
case $variant in
-full | -oldest) builds='' ;;
-free-threaded) wheel=build/python-free-threaded-wheel ;;
esac
python=${PYTHON:-python3} groups='--group build --group test' torch=${SMX_TORCH_PYTHON:-}
has() { "$1" -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('$2') is None)"; }
stamp() { cat pyproject.toml && echo "# $torch" && "$python" -VV; } # of what the environment was made for
site() { "$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }

if [ -n "$variant" ] && [ -e build/python-skipped ]; then
    echo "skip python$variant: PyPI could not be reached"
    exit 0
fi
if [ -z "$builds" ] && [ ! -d "$wheel" ]; then
    echo "python-test: first without -$variant, which builds the wheel" >&2
    exit 1
fi
case $variant in
-full)
    groups='--group test --group full'
    if [ -z "$torch" ] && has build/bench-venv/bin/python torch 2>/dev/null; then
        torch=build/bench-venv/bin/python
    fi
    if [ -n "$torch" ]; then
        has "$torch" torch || { echo "python-test: $torch has no PyTorch" >&2; exit 1; }
        python=$torch
    fi
    ;;
-oldest)
    groups='--group oldest'
    if ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
        echo "skip python-oldest: the oldest NumPy has wheels for Python 3.11 alone, and $python is another"
        exit 0
    fi
    ;;
-free-threaded)
    groups='--group build --group free-threaded'
    scripts/free-threaded.sh
    python=build/free-threaded/bin/python3
    [ -x "$python" ] || exit 0 # it said why
    export PYTHON_GIL=0        # whatever is imported
    ;;
esac

# PyTorch from PyPI, into an environment that has nothing else.
install_torch() {
    free=$(df -Pk "$venv" | awk 'NR == 2 { print int($4 / 1048576) }')
    mkdir -p "$venv/tmp"
    if [ "$free" -lt 12 ]; then
        echo "skip PyTorch: it takes 12 GB while it is installed, and $free GB are free on the disk of $venv"
    elif ! TMPDIR=$PWD/$venv/tmp timeout 170 "$venv/bin/pip" install -q torch; then
        echo "skip PyTorch: it could not be had from PyPI within 170 s"
        "$venv/bin/pip" uninstall -q -y torch || true # a part of it
    fi
    rm -rf "$venv/tmp"
}

if [ ! -x "$venv/bin/python" ] || ! stamp | cmp -s - "$done"; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
    rm -f build/python-skipped
    if ! timeout 120 "$venv/bin/pip" install -q --upgrade 'pip>=25.1'; then
        echo "skip python$variant: PyPI cannot be reached"
        rm -rf "$venv"
        touch build/python-skipped
        exit 0
    fi
    if [ "$variant" = -full ] && [ -n "$torch" ]; then
        site "$torch" >"$(site "$venv/bin/python")/torch.pth"
    elif [ "$variant" = -full ]; then
        install_torch
    fi
    # shellcheck disable=SC2086 # words
    "$venv/bin/pip" install -q --prefer-binary $groups
    if [ "$variant" != -full ] || has "$venv/bin/python" torch; then # else the next run tries again
        stamp >"$done"
    fi
fi

if [ -n "$builds" ]; then
    launcher=
    if command -v ccache >/dev/null; then
        launcher=-Ccmake.define.CMAKE_C_COMPILER_LAUNCHER=ccache
    fi
    rm -rf "$wheel"
    # Without isolation and with a build folder that stays, so that only what changed is compiled again.
    # shellcheck disable=SC2086 # one word or none
    PATH="$PWD/$venv/bin:$PATH" "$venv/bin/pip" wheel -q --no-build-isolation --no-deps -w "$wheel" \
        -Cbuild-dir="build/python$variant" -Ccmake.define.SMX_WERROR=ON $launcher .
fi
"$venv/bin/pip" install -q --no-deps --force-reinstall "$wheel"/smx-*.whl

left_out=
leave_out() {
    echo "skip python/tests/$1: $2 is not in $venv"
    left_out="$left_out --ignore=python/tests/$1"
}
if [ "$variant" = -oldest ]; then # not test_types.py, test_verify.py and tests of what NumPy 1 lacks
    for test in arrays.py command.py dask.py docs.py errors.py examples.py functions.py losses.py scipy.py threads.py; do
        set -- "$@" "python/tests/test_$test"
    done
    for test in arrays.py::test_array_api_strict arrays.py::test_memory_is_returned arrays.py::test_dlpack_read_only \
        errors.py::test_too_many_dimensions; do
        set -- --deselect "python/tests/test_$test" "$@"
    done
else
    has "$venv/bin/python" torch || { leave_out test_torch.py PyTorch && leave_out pytorch PyTorch; }
    has "$venv/bin/python" mypy || leave_out test_types.py mypy
    has "$venv/bin/python" dask || leave_out test_dask.py Dask
fi
# shellcheck disable=SC2086 # words
"$venv/bin/python" -m pytest $left_out --junitxml="build/python$variant/junit.xml" "$@"
