#!/bin/sh
# What the libraries define and what they call.
#
#     symbols.sh libsmx.so libsmx.a HEADER...
set -eu
shared=$1 static=$2
shift 2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

# libsmx.so exports the functions of the headers: all of them, and nothing else.
sed -n 's/^SMX_API.*[ *]\(smx_[a-z0-9_]*\)(.*/\1/p' "$@" | sort >"$tmp/declared"
nm -D --defined-only "$shared" | awk '{ print $3 }' | sort >"$tmp/exported"
[ -s "$tmp/declared" ] || { echo "no function found in $*"; failed=1; }
diff "$tmp/declared" "$tmp/exported" || { echo "< declared in $*, > exported by $shared"; failed=1; }

# Nothing global in libsmx.a can clash with a program's own names.
nm -g --defined-only "$static" | awk 'NF == 3 { print $3 }' | sort -u >"$tmp/global"
[ -s "$tmp/global" ] || { echo "no symbol found in $static"; failed=1; }
if grep -v '^smx_' "$tmp/global"; then
    echo "^ without the prefix smx_ in $static"
    failed=1
fi

# Only calls on tensors allocate, in one place; nothing prints, ends the process, or takes a function from libm whose
# result may differ between systems.
nm -A -g --undefined-only "$static" | grep -vE ':scratch\.c\.o:.* (aligned_alloc|free)$' | awk '{ print $NF }' | sort -u \
    >"$tmp/called"
if grep -xE 'malloc|calloc|realloc|aligned_alloc|posix_memalign|free|(v?[fs]?n?)printf|puts|write|perror|abort|exit|_exit|__assert_fail' "$tmp/called" ||
    grep -xE '(exp|exp2|expm1|log|log2|log1p|pow|ldexp|scalbn?|sin|cos|tanh)[fl]?' "$tmp/called"; then
    echo "^ called by $static"
    failed=1
fi
exit $failed
