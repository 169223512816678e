#!/bin/sh
# The man page and --help list the same commands and the same options, with the same names for their values; and the
# page is well-formed.
#
#     man.sh SMX PAGE
set -eu
smx=$1 page=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

same() {
    [ -s "$tmp/help" ] || { echo "$1: none found"; exit 1; }
    diff "$tmp/help" "$tmp/page" || { echo "$1: < --help, > $page"; exit 1; }
}

"$smx" --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' | sort >"$tmp/help"
sed -n '/^\.Sh COMMANDS/,/^\.Sh OPTIONS/s/^\.It Cm \([a-z-]*\).*/\1/p' "$page" | sort >"$tmp/page"
same commands
commands=$(cat "$tmp/help")

# "-o, --output FILE" of --help and ".It Fl o , Fl -output Ar FILE" of the page, both as "--output FILE".
for c in $commands; do
    "$smx" "$c" --help
done | sed -nE 's/^  (-[a-z],|   ) (--[a-z-]+( [A-Z]+)?)( .*|$)/\2/p' | sort -u >"$tmp/help"
sed -n '/^\.Sh OPTIONS/,/^\.Sh ENVIRONMENT/p' "$page" |
    sed -nE 's/^\.It (Fl [a-z] , )?Fl (-[a-z-]+)( Ar( [A-Z]+))?$/-\2\4/p' | sort >"$tmp/page"
same options

if command -v mandoc >/dev/null; then
    mandoc -T lint "$page"
else
    echo "not checked for form: there is no mandoc here"
fi
