#!/bin/sh
# Builds a free-threaded Python into build/free-threaded, once: neither Debian nor PyPI has one. For
# scripts/python-test.sh --free-threaded.
#
#     scripts/free-threaded.sh      then build/free-threaded/bin/python3
#
# The source is that of Debian 13, which stays where it is as long as that release does, from the mirror that apt has.
# Where it cannot be had, a line that begins with `skip` says so. What its tests need is built, and optimised as far as
# pays within minutes.
set -eu
cd "$(dirname "$0")/.."
version=3.13.5 sum=93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640
prefix=$PWD/build/free-threaded work=$PWD/build/free-threaded-work
file=pool/main/p/python3.13/python3.13_$version.orig.tar.xz
compiler=gcc

[ "$(cat "$prefix/version" 2>/dev/null)" != "$version" ] || exit 0
rm -rf "$prefix" "$work"
mkdir -p "$work/made/Modules"
# shellcheck disable=SC2016 # apt's own variable
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Component: main' 2>/dev/null | grep '/debian/$' | head -n 1)
if [ -z "$mirror" ] || ! timeout 120 /usr/lib/apt/apt-helper download-file "$mirror$file" "$work/source.tar.xz" \
    "SHA256:$sum" >"$work/log" 2>&1; then
    echo "skip free-threaded: Debian's source of Python $version cannot be reached"
    exit 0
fi
tar -xJf "$work/source.tar.xz" -C "$work"
cat >"$work/made/Modules/Setup.local" <<'MODULES'
*disabled*
_bz2 _lzma _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _multibytecodec
_curses _curses_panel _dbm _decimal _gdbm _sqlite3 _tkinter readline
MODULES
if command -v ccache >/dev/null; then
    compiler='ccache gcc'
fi
cd "$work/made"
if ! {
    "../Python-$version/configure" --quiet --prefix="$prefix" --disable-gil --disable-test-modules \
        --without-ensurepip CC="$compiler" OPT='-O1 -DNDEBUG' &&
        make -j "$(nproc)" && make install COMPILEALL_OPTS='-r 0' # not what is seldom imported
} >"$work/log" 2>&1; then
    tail -n 20 "$work/log" >&2
    exit 1
fi
cd ../..
rm -rf "$work"
echo "$version" >"$prefix/version"
