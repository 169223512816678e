#!/bin/sh
# The man page has what --help says: its commands are made from there, and its options are the same, with the same names
# for their values. And the page is well-formed.
#
#     man.sh SMX PAGE                fails if the page does not have them
#     man.sh --update SMX PAGE       writes the commands into the page
set -eu
update=
[ "$1" != --update ] || { update=yes; shift; }
smx=$1 page=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

same() {
    [ -s "$tmp/help" ] || { echo "$1: none found"; exit 1; }
    diff "$tmp/help" "$tmp/page" || { echo "$1: < --help, > $page"; exit 1; }
}

commands=$("$smx" --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p')

# A line of usage and the text below it in mdoc: formulas, which are indented, as they are; prose a sentence a line.
write_command() {
    "$smx" "$1" --help | awk '
        function end_line() {
            if (line ~ "^[.\047]") line = "\\&" line
            if (line != "") print line
            line = ""
        }
        function end_block() { end_line(); if (literal) print ".Ed"; literal = 0 }
        NR == 1 {
            sub(/^usage: smx /, ""); sub(/ *\[OPTION\.\.\.\]$/, "")
            gsub(/\[/, "Oo "); gsub(/\]/, " Oc")
            out = ".It Cm " $1
            argument = 0
            for (i = 2; i <= NF; i++) {
                if ($i ~ /^-/) { out = out " Fl " substr($i, 2); argument = 0 }
                else if ($i ~ /^O[oc]$/) { out = out " " $i; argument = 0 }
                else { out = out (argument ? " " : " Ar ") $i; argument = 1 }
            }
            print out
            next
        }
        /^Example: / || /^  ( |-)/ && !/^    / { end_block(); exit }
        /^    / {
            end_line()
            if (!literal) print ".Bd -literal -offset indent"
            literal = 1
            print substr($0, 5)
            next
        }
        /^$/ { end_line(); blank = 1; next }
        {
            if (literal) { end_block(); if (blank) print ".Pp" }
            blank = 0
            for (i = 1; i <= NF; i++) {
                if (length(line) + 1 + length($i) > 79) end_line()
                line = line (line == "" ? "" : " ") $i
                if ($i ~ /[^.]\.$/) end_line()
            }
        }
        END { end_block() }'
}

for c in $commands; do
    write_command "$c"
done >"$tmp/help"
from='^\.Sh COMMANDS' to='^\.Sh OPTIONS'
if [ -n "$update" ]; then
    sed -n "1,/$from/p" "$page" >"$tmp/new"
    { echo ".Bl -tag -width Ds"; cat "$tmp/help"; echo ".El"; } >>"$tmp/new"
    sed -n "/$from/,\$p" "$page" | sed "1,/^\.El/d" >>"$tmp/new"
    cat "$tmp/new" >"$page"
fi
sed -n "/$from/,/$to/p" "$page" | sed '1,/^\.Bl/d' | sed '/^\.El/,$d' >"$tmp/page"
same "commands (man.sh --update writes them)"

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
