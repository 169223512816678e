#!/bin/sh
# Installs the Debian packages that are missing, and nothing if none is.
#
#     scripts/setup.sh run          what `make run` needs
#     scripts/setup.sh run test     what `make test` needs; with full, `make test-full`
#     scripts/setup.sh docs         what scripts/architecture.py needs
set -eu

list=$(dirname "$0")/packages.txt

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=
for group in "$@"; do
    packages=$(sed -n "s/^$group  *\([^ ]*\).*/\1/p" "$list")
    [ -n "$packages" ] || { echo "setup: no group '$group' in $list" >&2; exit 2; }
    for package in $packages; do
        installed "$package" || missing="$missing $package"
    done
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "setup: this is no Debian; going on as if its packages of these names were here:$missing" >&2
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "setup: these packages are missing, and there is neither root nor sudo to install them:$missing" >&2
    exit 1
fi

echo "setup: installing$missing"
apt_install() {
    # shellcheck disable=SC2086 # one word for each package
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" $missing
}
# The lists of a fresh machine are empty, and old lists name files that are gone: then fetch them and try again.
if ! apt_install --simulate >/dev/null 2>&1 || ! apt_install; then
    $as_root apt-get update -q
    apt_install
fi
