#!/bin/sh
# Installs, moves the installed tree, and uses it there: by pkg-config and by find_package, shared and static.
#
#     run.sh BUILD_DIR SOURCE_DIR COMPILER
set -eu
build=$1 source=$2 cc=$3
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

cmake --install "$build" --prefix "$tmp/first"
mv first moved
prefix=$tmp/moved

check() {
    "$1" | diff "$source/examples/softmax.expected" - || { echo "$1: wrong output"; exit 1; }
    if ldd "$1" 2>/dev/null | grep -q libsmx; then kind=shared; else kind=static; fi
    [ $kind = "$2" ] || { echo "$1: is $kind, expected $2"; exit 1; }
}

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name smx.pc)")
export PKG_CONFIG_PATH
libdir=$(pkg-config --variable=libdir smx)
# shellcheck disable=SC2046 # flags are words
"$cc" "$source/examples/softmax.c" $(pkg-config --cflags --libs smx) -Wl,-rpath,"$libdir" -o by_pkg_config_shared
# shellcheck disable=SC2046
"$cc" -static "$source/examples/softmax.c" $(pkg-config --static --cflags --libs smx) -o by_pkg_config_static
check ./by_pkg_config_shared shared
check ./by_pkg_config_static static

cmake -S "$source/tests/install" -B consumer -G Ninja -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$prefix" \
    -DEXAMPLE="$source/examples/softmax.c"
cmake --build consumer
check consumer/with_smx shared
check consumer/with_static static

# Versions that may differ in their binary interface never share a file name: MAJOR.MINOR while MAJOR is 0.
expected=libsmx.so.$(pkg-config --modversion smx | sed -e '/^0\./s/\.[0-9]*$//' -e '/^0\./!s/\..*//')
soname=$(objdump -p "$libdir/libsmx.so" | awk '$1 == "SONAME" { print $2 }')
[ "$soname" = "$expected" ] || { echo "libsmx.so is '$soname', expected $expected"; exit 1; }
[ -e "$libdir/$expected" ] || { echo "no $expected beside libsmx.so"; exit 1; }

version=$("$prefix/bin/smx" info | head -n 1)
case $version in
*"$(pkg-config --modversion smx)"*) ;;
*) echo "smx info says '$version', smx.pc $(pkg-config --modversion smx)"; exit 1 ;;
esac
